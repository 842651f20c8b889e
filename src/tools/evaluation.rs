//! A network on query and gallery of a dataset: mAP and CMC, re-ranked too where that is asked for.

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tch::Tensor;

use super::stages::{Progress, Seconds, Stages};
use crate::cluster::jaccard::Neighbourhood;
use crate::data::{DatasetName, ImageSize, ImageStore, LabelledItem, read_own};
use crate::error::Result;
use crate::eval::re_ranking::{PUBLISHED_LAMBDA, evaluate_re_ranked};
use crate::eval::{Evaluation, Labels, evaluate};
use crate::features::extract;
use crate::model::Network;

/// The dataset to evaluate on, and how.
#[derive(Debug, Clone)]
pub struct EvaluationRequest<'a> {
    /// The dataset.
    pub dataset: DatasetName,
    /// The folder that holds it.
    pub data_root: &'a Path,
    /// Size to which images are brought.
    pub size: ImageSize,
    /// Images per batch.
    pub batch: usize,
    /// Rank by k-reciprocal re-ranking (D18, published settings) as well.
    pub re_ranking: bool,
}

/// The results of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// One row per way of ranking.
    pub rows: Vec<EvaluatedRow>,
    /// Remarks on the dataset that the user should know.
    pub warnings: Vec<String>,
    /// Seconds per stage.
    pub seconds: Seconds,
}

/// mAP and CMC by one way of ranking, fractions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EvaluatedRow {
    /// `euclidean` or `re-ranked`.
    pub ranking: &'static str,
    /// Mean average precision.
    pub map: f64,
    /// CMC at rank 1.
    pub top1: f64,
    /// CMC at rank 5.
    pub top5: f64,
    /// CMC at rank 10.
    pub top10: f64,
    /// Images of the query.
    pub queries: usize,
    /// Those with a match in the gallery, over which the means are taken.
    pub valid_queries: usize,
    /// The others, which the protocol leaves out.
    pub skipped_queries: usize,
    /// Images of the gallery.
    pub gallery: usize,
}

/// Evaluates `network`.
///
/// # Errors
/// A dataset or an image that is missing or broken, features that are not finite, no query with a match, or what `progress` returns.
pub fn evaluate_network(
    network: &Network,
    request: &EvaluationRequest<'_>,
    progress: Progress<'_>,
) -> Result<Evaluated> {
    let dataset = read_own(request.dataset, request.data_root)?;
    dataset.check_matches()?;
    let mut stages = Stages::new(progress);
    let query = TestSet::embed(network, &dataset.query, request, "query", &mut stages)?;
    let gallery = TestSet::embed(network, &dataset.gallery, request, "gallery", &mut stages)?;
    let row = |ranking, found: Evaluation| EvaluatedRow {
        ranking,
        map: found.map,
        top1: found.top(1),
        top5: found.top(5),
        top10: found.top(10),
        queries: dataset.query.len(),
        valid_queries: found.valid_queries(),
        skipped_queries: dataset.query.len() - found.valid_queries(),
        gallery: dataset.gallery.len(),
    };
    let by_distance = stages.run("ranking", 0, |_| {
        evaluate(&query.features, &gallery.features, query.labels(), gallery.labels())
    })?;
    let mut rows = vec![row("euclidean", by_distance)];
    if request.re_ranking {
        let (features, labels) = ((&query.features, &gallery.features), (query.labels(), gallery.labels()));
        let found = stages.run("re-ranking", 0, |_| {
            let neighbourhood = Neighbourhood::default();
            evaluate_re_ranked(features.0, features.1, labels.0, labels.1, neighbourhood, PUBLISHED_LAMBDA)
        })?;
        rows.push(row("re-ranked", found));
    }
    Ok(Evaluated { rows, warnings: dataset.notes(), seconds: stages.into_seconds() })
}

/// Features with their labels.
struct TestSet {
    features: Tensor,
    identities: Vec<i64>,
    cameras: Vec<i64>,
}

impl TestSet {
    fn embed(
        network: &Network,
        items: &[LabelledItem],
        request: &EvaluationRequest<'_>,
        stage: &'static str,
        stages: &mut Stages<'_>,
    ) -> Result<Self> {
        let paths = items.iter().map(|item| item.path.clone()).collect();
        // Each image is seen once, so none is kept.
        let store = Arc::new(ImageStore::open(paths, request.size, 0, &mut |_, _| Ok(()))?);
        let mut features =
            stages.run(stage, items.len(), |done| extract(&[network], &store, request.batch, done))?;
        Ok(Self {
            features: features.swap_remove(0),
            identities: items.iter().map(|item| item.identity).collect(),
            cameras: items.iter().map(|item| item.camera as i64).collect(),
        })
    }

    fn labels(&self) -> Labels<'_> {
        Labels { identities: &self.identities, cameras: &self.cameras }
    }
}
