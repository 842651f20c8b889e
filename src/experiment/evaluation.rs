//! mAP and CMC of networks on a domain's test set.

use super::domains::Domain;
use crate::error::Result;
use crate::eval::evaluate;
use crate::features::extract;
use crate::model::Network;
use crate::record::{EvaluationRecord, SCHEMA_VERSION, Split};
use crate::train::{Observer, Stage};

/// Images per batch.
const BATCH: usize = 128;

/// Evaluates `networks` (name, network) on query and gallery of `domain`, one record per network.
pub(super) fn evaluate_networks(
    networks: &[(&str, &Network)],
    domain: &Domain,
    split: Split,
    epoch: usize,
    observer: &mut dyn Observer,
) -> Result<Vec<EvaluationRecord>> {
    let total = domain.query.images.len() + domain.gallery.images.len();
    let only: Vec<&Network> = networks.iter().map(|(_, network)| *network).collect();
    observer.progress(Stage::Evaluation, 0, total)?;
    let queries = domain.query.images.len();
    let query = extract(&only, &domain.query.images, BATCH, &mut |done| {
        observer.progress(Stage::Evaluation, done, total)
    })?;
    let gallery = extract(&only, &domain.gallery.images, BATCH, &mut |done| {
        observer.progress(Stage::Evaluation, queries + done, total)
    })?;
    let mut records = Vec::new();
    for (((name, _), query), gallery) in networks.iter().zip(&query).zip(&gallery) {
        let found = evaluate(query, gallery, domain.query.labels(), domain.gallery.labels())?;
        records.push(EvaluationRecord {
            schema: SCHEMA_VERSION,
            epoch,
            network: (*name).to_owned(),
            split,
            map: found.map,
            top1: found.top(1),
            top5: found.top(5),
            top10: found.top(10),
        });
    }
    Ok(records)
}

/// `mAP 41.2/40.8 top-1 52.0/51.6` of the first two records.
pub(super) fn summary(records: &[EvaluationRecord]) -> String {
    let of = |value: fn(&EvaluationRecord) -> f64| {
        let values: Vec<String> =
            records.iter().take(2).map(|record| format!("{:.1}", 100.0 * value(record))).collect();
        values.join("/")
    };
    format!("mAP {} top-1 {}", of(|record| record.map), of(|record| record.top1))
}
