//! mAP and CMC of networks on a domain's test set.

use tch::Tensor;

use super::domains::Domain;
use super::ranked_lists::{Ranked, RankedLists};
use crate::cluster::jaccard::Neighbourhood;
use crate::error::Result;
use crate::eval::re_ranking::{PUBLISHED_LAMBDA, evaluate_re_ranked};
use crate::eval::{Evaluation, QueryPrecision, evaluate};
use crate::features::extract;
use crate::model::Network;
use crate::record::{EvaluationRecord, NetworkName, QueryRecord, SCHEMA_VERSION, Split};
use crate::train::{Observer, Stage};

/// Images per batch.
const BATCH: usize = 128;

/// The records of an evaluation.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// One record per network for each split, split by split.
    pub evaluations: Vec<EvaluationRecord>,
    /// On the target's test set, network by network.
    pub queries: Vec<QueryRecord>,
    /// Of the first network, on the target's test set.
    pub ranked: Option<RankedLists>,
}

/// Evaluates `networks` (name, network) on query and gallery of `domain`, for each of `splits`, which are of that domain.
pub(super) fn evaluate_networks(
    networks: &[(NetworkName, &Network)],
    domain: &Domain,
    splits: &[Split],
    epoch: usize,
    observer: &mut dyn Observer,
) -> Result<Found> {
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
    let mut records = Found::default();
    for &split in splits {
        for (((name, _), query), gallery) in networks.iter().zip(&query).zip(&gallery) {
            let found = rank([query, gallery], domain, split)?;
            if split == Split::TargetTest {
                if records.ranked.is_none() {
                    let of = Ranked { domain, features: [query, gallery], network: *name, epoch };
                    records.ranked = Some(RankedLists::new(&found.queries, &of)?);
                }
                let identities = domain.query.labels().identities;
                records
                    .queries
                    .extend(found.queries.iter().map(|entry| query_record(entry, identities, *name, epoch)));
            }
            records.evaluations.push(record(&found, *name, split, epoch));
        }
    }
    Ok(records)
}

fn query_record(
    entry: &QueryPrecision,
    identities: &[i64],
    network: NetworkName,
    epoch: usize,
) -> QueryRecord {
    QueryRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network,
        query: entry.query,
        identity: identities.get(entry.query).copied(),
        ap: entry.average_precision,
    }
}

/// Ranks as `split` says.
fn rank([query, gallery]: [&Tensor; 2], domain: &Domain, split: Split) -> Result<Evaluation> {
    let labels = (domain.query.labels(), domain.gallery.labels());
    match split {
        Split::TargetTest | Split::SourceTest => evaluate(query, gallery, labels.0, labels.1),
        Split::TargetTestReRanked => {
            evaluate_re_ranked(query, gallery, labels.0, labels.1, Neighbourhood::default(), PUBLISHED_LAMBDA)
        }
    }
}

fn record(found: &Evaluation, network: NetworkName, split: Split, epoch: usize) -> EvaluationRecord {
    EvaluationRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network,
        split,
        map: found.map,
        top1: found.top(1),
        top5: found.top(5),
        top10: found.top(10),
    }
}

/// `mAP 41.2/40.8 top-1 52.0/51.6` of the networks that a method answers for; with re-ranking, `re-ranked mAP 50.3/49.9` as well.
pub(super) fn summary(records: &[EvaluationRecord]) -> String {
    let of = |split: fn(Split) -> bool, value: fn(&EvaluationRecord) -> f64| {
        let answers = |record: &&EvaluationRecord| record.network.answers() && split(record.split);
        let records = records.iter().filter(answers);
        records.map(|record| format!("{:.1}", 100.0 * value(record))).collect::<Vec<_>>().join("/")
    };
    let re_ranked = |split| split == Split::TargetTestReRanked;
    let plain = |split| split != Split::TargetTestReRanked;
    let mut line =
        format!("mAP {} top-1 {}", of(plain, |record| record.map), of(plain, |record| record.top1));
    let more = of(re_ranked, |record| record.map);
    if !more.is_empty() {
        line += &format!(" re-ranked mAP {more}");
    }
    line
}
