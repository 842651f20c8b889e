//! D16 to D21.

use mmt_conformance::{Inputs, Outputs};

use super::tensors::{Failed, Place, array, tensor};
use crate::cluster::jaccard::Neighbourhood;
use crate::eval::{self, Labels, Ranking, re_ranking};

fn rankings(inputs: &Inputs, separate_cameras: bool) -> Result<Vec<Ranking>, Failed> {
    let labels = ["query_identities", "query_cameras", "gallery_identities", "gallery_cameras"];
    let mut found = Vec::new();
    for name in labels {
        found.push(inputs.integers(name)?);
    }
    let query = Labels { identities: &found[0], cameras: &found[1] };
    let gallery = Labels { identities: &found[2], cameras: &found[3] };
    Ok(eval::rank_all(&inputs.array("distances")?.values, query, gallery, separate_cameras)?)
}

pub(super) fn mean_average_precision(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    Ok(Outputs::default().with("map", eval::summarise(&rankings(inputs, false)?)?.map))
}

pub(super) fn cmc(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let rule = inputs.word("rule")?;
    let counted = if rule == "all" { eval::cmc::Rule::All } else { eval::cmc::Rule::First };
    let rankings = rankings(inputs, rule == "separate-cameras")?;
    Ok(Outputs::default().with("cmc", eval::cmc::curve(&rankings, counted, inputs.count("ranks")?)?))
}

pub(super) fn re_ranking(inputs: &Inputs, place: Place) -> Result<Outputs, Failed> {
    let distances = re_ranking::Distances {
        query_gallery: &tensor(inputs, "query_gallery", place)?,
        query_query: &tensor(inputs, "query_query", place)?,
        gallery_gallery: &tensor(inputs, "gallery_gallery", place)?,
    };
    let neighbourhood = Neighbourhood { k1: inputs.count("k1")?, k2: inputs.count("k2")? };
    let found = re_ranking::re_ranking(distances, neighbourhood, inputs.real("lambda")?)?;
    Ok(Outputs::default().with("distances", array(&found)))
}

pub(super) fn label_quality(inputs: &Inputs, name: &'static str) -> Result<Outputs, Failed> {
    let found =
        eval::label_quality::label_quality(&inputs.labels("pseudo_labels")?, &inputs.counts("identities")?)?;
    let value = match name {
        "ari" => found.ari,
        "nmi" => found.nmi,
        _ => found.purity,
    };
    Ok(Outputs::default().with(name, value))
}

pub(super) fn pair_errors(inputs: &Inputs, _: Place) -> Result<Outputs, Failed> {
    let (labels, identities) = (inputs.labels("pseudo_labels")?, inputs.counts("identities")?);
    let found = eval::pair_errors::pair_errors(&labels, &identities, &inputs.counts("cameras")?)?;
    let shares = [
        ("wrong_merges", found.wrong_merges),
        ("wrong_splits", found.wrong_splits),
        ("one_camera", found.one_camera),
        ("one_camera_by_chance", found.one_camera_by_chance),
    ];
    let no_pairs = |name| Failed(format!("{name}: there are no pairs"));
    shares.into_iter().try_fold(Outputs::default(), |outputs, (name, share)| {
        Ok(outputs.with(name, share.ok_or_else(|| no_pairs(name))?))
    })
}
