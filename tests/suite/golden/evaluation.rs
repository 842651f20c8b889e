//! Group `evaluation`: D16, D17, distances and accuracy.

use mmt::eval::{self, Labels, cmc};
use mmt_testkit::{Failure, Trial};
use tch::Kind;

use super::run::{Run, Side};
use super::unknown_function;

/// Runs a case of the group.
pub fn evaluation(run: &mut Run) -> Trial {
    match run.case.function() {
        "mmt.evaluation_metrics.mean_ap and cmc" => ranking(run),
        "mmt.evaluation_metrics.mean_ap" | "mmt.evaluation_metrics.cmc" => no_valid_query(run),
        "mmt.evaluators.pairwise_distance" => pairwise_distance(run),
        "mmt.evaluation_metrics.accuracy" => accuracy(run),
        _ => unknown_function(run),
    }
}

/// Distances with identities and cameras of queries and gallery.
struct Split {
    distances: Vec<f64>,
    query: [Vec<i64>; 2],
    gallery: [Vec<i64>; 2],
}

impl Split {
    fn read(run: &Run) -> Trial<Self> {
        let integers = |name: &str| run.case.integers(name);
        Ok(Self {
            distances: run.case.input("dist")?.floats(),
            query: [integers("query_ids")?, integers("query_cams")?],
            gallery: [integers("gallery_ids")?, integers("gallery_cams")?],
        })
    }

    fn rankings(&self, separate_cameras: bool) -> mmt::Result<Vec<eval::Ranking>> {
        let labels = |of: &[Vec<i64>; 2]| -> (Vec<i64>, Vec<i64>) { (of[0].clone(), of[1].clone()) };
        let (query, gallery) = (labels(&self.query), labels(&self.gallery));
        let query = Labels { identities: &query.0, cameras: &query.1 };
        let gallery = Labels { identities: &gallery.0, cameras: &gallery.1 };
        eval::rank_all(&self.distances, query, gallery, separate_cameras)
    }
}

fn ranking(run: &mut Run) -> Trial {
    let split = Split::read(run)?;
    let ranks = run.case.count("topk")?;
    let rankings = split.rankings(false)?;
    let side = Side::Double;
    run.compare(side, "map", eval::summarise(&rankings)?.map)?;
    run.compare(side, "cmc_first", cmc::curve(&rankings, cmc::Rule::First, ranks)?.as_slice())?;
    run.compare(side, "cmc_all", cmc::curve(&rankings, cmc::Rule::All, ranks)?.as_slice())?;
    if run.case.output_name("cmc_separate", true).is_some() {
        let separate = cmc::curve(&split.rankings(true)?, cmc::Rule::First, ranks)?;
        run.compare(side, "cmc_separate", separate.as_slice())?;
    }
    run.compare(side, "valid_queries", rankings.len() as f64)
}

fn no_valid_query(run: &mut Run) -> Trial {
    let rankings = Split::read(run)?.rankings(false)?;
    run.refuses(Side::Double, eval::summarise(&rankings))
}

fn pairwise_distance(run: &mut Run) -> Trial {
    for side in Side::FAST {
        let (query, gallery) =
            (run.case.tensor("query", side.kind())?, run.case.tensor("gallery", side.kind())?);
        run.compare(side, "dist", &mmt::distance::squared_euclidean(&query, &gallery))?;
        // Published alone: `2|x_i|² − 2 x_i·x_j` is a squared distance for unit rows only, and ours has one form.
        run.skip_output(
            side,
            "all",
            "the form without lists is a distance for unit rows only; ours has none",
        );
    }
    Ok(())
}

fn accuracy(run: &mut Run) -> Trial {
    if run.case.count("topk")? != 1 {
        return Err(Failure::new("only the top-1 share is implemented"));
    }
    for side in Side::FAST {
        let logits = run.case.tensor("logits", side.kind())?;
        let share = eval::top1_share(&logits, &run.case.tensor("labels", Kind::Int64)?)?;
        run.compare(side, "top1", [share].as_slice())?;
    }
    Ok(())
}
