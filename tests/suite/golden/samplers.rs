//! Group `samplers`: the rule of the random multiple gallery sampler (D25).

use mmt::data::GallerySampler;
use mmt_testkit::{Failure, Trial};
use serde::Deserialize;

use super::run::{Run, Side};
use super::unknown_function;

#[derive(Deserialize)]
struct Table {
    table: Vec<Image>,
    samplers: Vec<Sampler>,
}

#[derive(Deserialize)]
struct Image {
    index: usize,
    identity: usize,
    camera: usize,
}

#[derive(Deserialize)]
struct Sampler {
    num_instances: usize,
    len_reported: usize,
    picks: Vec<Pick>,
}

#[derive(Deserialize)]
struct Pick {
    identity: usize,
    first: usize,
    pool: Vec<usize>,
    drawn: usize,
    with_replacement: bool,
    returned: usize,
}

/// Runs a case of the group `samplers`.
pub fn samplers(run: &mut Run) -> Trial {
    if run.case.function() != "mmt.utils.data.sampler.RandomMultipleGallerySampler" {
        return unknown_function(run);
    }
    let Table { table, samplers } = serde_json::from_value(run.case.table()?)?;
    if table.iter().enumerate().any(|(place, image)| image.index != place) {
        return Err(Failure::new("the table of images is not numbered in order"));
    }
    for sampler in &samplers {
        fast(run, &table, sampler)?;
        reference(run, &table, sampler)?;
    }
    Ok(())
}

fn fast(run: &mut Run, table: &[Image], expected: &Sampler) -> Trial {
    let labels: Vec<_> = table.iter().map(|image| Some(image.identity)).collect();
    let cameras: Vec<_> = table.iter().map(|image| image.camera).collect();
    let sampler = GallerySampler::new(&labels, &cameras, expected.num_instances)?;
    run.equal(Side::Double, "length", sampler.reported_length(), expected.len_reported)?;
    for pick in &expected.picks {
        let place = format!("K = {}, first {}", expected.num_instances, pick.first);
        let ours = sampler.pick(pick.first).ok_or_else(|| Failure::new("no pick").at(&place))?;
        run.equal(Side::Double, &place, table[pick.first].identity, pick.identity)?;
        run.equal(Side::Double, &place, ours.returned(), pick.returned)?;
        run.equal(Side::Double, &place, ours.with_replacement, pick.with_replacement)?;
        run.equal(Side::Double, &place, (ours.pool, ours.drawn), (pick.pool.clone(), pick.drawn))?;
    }
    Ok(())
}

fn reference(run: &mut Run, table: &[Image], expected: &Sampler) -> Trial {
    use mmt_reference::data::sampler;

    let labels: Vec<_> = table.iter().map(|image| Some(image.identity)).collect();
    let cameras: Vec<_> = table.iter().map(|image| image.camera).collect();
    let instances = expected.num_instances;
    let length = sampler::reported_length(&labels, instances)?;
    run.equal(Side::Reference, "length", length, expected.len_reported)?;
    for pick in &expected.picks {
        let place = format!("K = {instances}, first {}", pick.first);
        let found = sampler::pick(&labels, &cameras, instances, pick.first)?;
        let wanted = sampler::Pick {
            pool: pick.pool.clone(),
            drawn: pick.drawn,
            with_replacement: pick.with_replacement,
            returned: pick.returned,
        };
        run.equal(Side::Reference, &place, found, Some(wanted))?;
    }
    Ok(())
}
