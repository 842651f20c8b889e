//! Group `evaluation`: D16, D17, distances and accuracy.

use mmt::eval::{self, Labels, cmc};
use mmt_reference::eval as reference;
use mmt_reference::eval::ranking::Removed;
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

    fn reference_labels(&self) -> (reference::ranking::Labels<'_>, reference::ranking::Labels<'_>) {
        let [query, gallery] = [&self.query, &self.gallery]
            .map(|of| reference::ranking::Labels { identities: &of[0], cameras: &of[1] });
        (query, gallery)
    }

    fn rankings(&self, separate_cameras: bool) -> mmt::Result<Vec<eval::Ranking>> {
        let [query, gallery] =
            [&self.query, &self.gallery].map(|of| Labels { identities: &of[0], cameras: &of[1] });
        eval::rank_all(&self.distances, query, gallery, separate_cameras)
    }
}

/// The reference's answers for a split, by its names for the published variants.
fn reference_ranking(run: &mut Run, split: &Split, ranks: usize) -> Trial {
    use reference::cmc::{Counting, cmc};

    let distances = run.case.matrix("dist")?;
    let (query, gallery) = split.reference_labels();
    let side = Side::Reference;
    run.compare(
        side,
        "map",
        reference::average_precision::mean_average_precision(&distances, query, gallery)?,
    )?;
    let protocol = Removed::SameIdentityAndCamera;
    let curve = |removed, counting| cmc(&distances, query, gallery, removed, counting, ranks);
    run.compare(side, "cmc_first", &curve(protocol, Counting::First)?)?;
    run.compare(side, "cmc_all", &curve(protocol, Counting::All)?)?;
    if run.case.output_name("cmc_separate", true).is_some() {
        run.compare(side, "cmc_separate", &curve(Removed::SameCamera, Counting::First)?)?;
    }
    let valid = reference::ranking::rankings(&distances, query, gallery, protocol)?.len();
    run.compare(side, "valid_queries", valid as f64)
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
    run.compare(side, "valid_queries", rankings.len() as f64)?;
    reference_ranking(run, &split, ranks)
}

fn no_valid_query(run: &mut Run) -> Trial {
    let split = Split::read(run)?;
    run.refuses(Side::Double, eval::summarise(&split.rankings(false)?))?;
    let (query, gallery) = split.reference_labels();
    let distances = run.case.matrix("dist")?;
    let removed = Removed::SameIdentityAndCamera;
    run.refuses(Side::Reference, reference::ranking::rankings(&distances, query, gallery, removed))
}

/// Published alone: `2|x_i|² − 2 x_i·x_j` is a squared distance for unit rows only, and ours has one form.
const ONE_FORM: &str = "the form without lists is a distance for unit rows only; ours has none";

fn pairwise_distance(run: &mut Run) -> Trial {
    let (query, gallery) = (run.case.matrix("query")?, run.case.matrix("gallery")?);
    let distances = mmt_reference::distance::squared_euclidean(&query, &gallery)?;
    run.compare(Side::Reference, "dist", &distances)?;
    run.skip_output(Side::Reference, "all", ONE_FORM);
    for side in Side::FAST {
        let (query, gallery) =
            (run.case.tensor("query", side.kind())?, run.case.tensor("gallery", side.kind())?);
        run.compare(side, "dist", &mmt::distance::squared_euclidean(&query, &gallery))?;
        run.skip_output(side, "all", ONE_FORM);
    }
    Ok(())
}

fn accuracy(run: &mut Run) -> Trial {
    if run.case.count("topk")? != 1 {
        return Err(Failure::new("only the top-1 share is implemented"));
    }
    let share = reference::accuracy::top1_share(&run.case.matrix("logits")?, &run.case.labels("labels")?)?;
    run.compare(Side::Reference, "top1", [share].as_slice())?;
    for side in Side::FAST {
        let logits = run.case.tensor("logits", side.kind())?;
        let share = eval::top1_share(&logits, &run.case.tensor("labels", Kind::Int64)?)?;
        run.compare(side, "top1", [share].as_slice())?;
    }
    Ok(())
}
