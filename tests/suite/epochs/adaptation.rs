//! D33: epochs of adaptation, by every method and clustering.

use mmt::cluster::Clustering;
use mmt::eval::teaching::{Anchor, teaching};
use mmt::random::stream;
use mmt::train::ema::Convention;
use mmt::train::{
    Adaptation, AdaptationSettings, BatchSettings, ClusterFeatures, EpochOutcome, TargetImages, Teachers,
    methods,
};
use mmt_reference::Matrix;
use mmt_reference::cluster::jaccard::Neighbourhood;
use mmt_reference::cluster::kmeans_plus_plus::starting_rows;
use mmt_reference::eval::teaching as reference_teaching;
use mmt_reference::model::Volume;
use mmt_reference::train::adaptation as reference;
use mmt_reference::train::ema as reference_ema;
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, convert};
use rand::Rng;

use super::{BATCH, Pictures, SEED, TRANSFORM, counterpart, mask, network, somewhere};
use crate::eval::teaching as eval_teaching;
use crate::ten_steps::{mutual_mean_teaching, reference_method, same_state};

const EPOCHS: usize = 3;
const STEPS: usize = 3;
const IDENTITIES: usize = 6;
const STARTS: usize = 3;

/// Mutual mean-teaching as published, with a memory short enough for α to end its growth within three epochs.
fn published() -> AdaptationSettings {
    AdaptationSettings {
        epochs: EPOCHS,
        steps: STEPS,
        batch: BATCH,
        alpha: 0.8,
        clustering: Clustering::KMeans { clusters: 5, n_init: STARTS },
        transform: TRANSFORM,
        ..mutual_mean_teaching()
    }
}

fn dbscan() -> Clustering {
    Clustering::Dbscan { k1: 6, k2: 2, rho: 0.1, min_samples: 3 }
}

/// The draws of the epochs, by the names of its streams.
struct Drawn<'a> {
    pictures: &'a Pictures,
    dropout: f64,
    /// Students and mean networks.
    networks: [usize; 2],
}

impl reference::Draws for Drawn<'_> {
    fn starts(
        &mut self,
        epoch: usize,
        points: &Matrix,
        clusters: usize,
    ) -> mmt_reference::Result<Vec<Matrix>> {
        let mut rng = stream(SEED, "adapt/cluster", epoch as u64, 0);
        let rows = points.rows();
        let mut start = || {
            let mut first = true;
            let rows = starting_rows(points, clusters, || {
                // The first row is drawn as an index: the middle of its share of [0, 1) says which.
                if std::mem::take(&mut first) {
                    (rng.random_range(0..rows as i64) as f64 + 0.5) / rows as f64
                } else {
                    rng.random()
                }
            })?;
            Ok(Matrix::from_fn(clusters, points.columns(), |c, k| points[(rows[c], k)]))
        };
        (0..STARTS).map(|_| start()).collect()
    }

    fn batches(&mut self, epoch: usize, labels: &[Option<usize>]) -> Vec<Vec<usize>> {
        self.pictures.batches(labels, STEPS, "adapt/sampler", epoch)
    }

    fn views(&mut self, epoch: usize, first: usize, batch: &[usize]) -> mmt_reference::Result<[Volume; 2]> {
        let view = |view| self.pictures.view("adapt/augment", epoch, (first, batch), (view, 2));
        Ok([view(0)?, view(1)?])
    }

    fn masks(&mut self, epoch: usize, step: usize, images: usize) -> [Vec<Matrix>; 2] {
        let of = |who, count| {
            let purpose = |at| format!("adapt/dropout/{who}-{at}");
            (1..=count).filter_map(|at| mask(&purpose(at), self.dropout, (epoch, step), images)).collect()
        };
        [of("student", self.networks[0]), of("mean", self.networks[1])]
    }
}

/// The reference's adaptation from the networks of `fast` as they are.
fn reference_of(settings: &AdaptationSettings, fast: &Adaptation) -> Trial<reference::Adaptation> {
    let students = fast.students().iter().map(counterpart).collect::<Trial<Vec<_>>>()?;
    let method = reference_method(settings, students)?;
    let settings = reference::Settings {
        steps: settings.steps,
        learning_rate: settings.learning_rate,
        weight_decay: settings.weight_decay,
        epsilon: settings.epsilon,
        soft_ce: settings.soft_ce_weight,
        soft_triplet: settings.soft_tri_weight,
        alpha: settings.alpha,
        ema: match settings.ema {
            Convention::Published => reference_ema::Convention::Published,
            Convention::Paper => reference_ema::Convention::Paper,
        },
        group: (settings.batch.bn_group > 0).then_some(settings.batch.bn_group),
        cluster_mean_networks: settings.cluster_features == ClusterFeatures::MeanNetworks,
        reset_classifier: settings.reset_classifier,
        reset_optimizer: settings.reset_optimizer,
        feature_scale: settings.feature_scale,
        clustering: match settings.clustering {
            Clustering::KMeans { clusters, .. } => reference::Clustering::KMeans { clusters },
            Clustering::Dbscan { k1, k2, rho, min_samples } => {
                reference::Clustering::Dbscan { neighbourhood: Neighbourhood { k1, k2 }, rho, min_samples }
            }
        },
    };
    Ok(reference::Adaptation { method, settings, eps: None, epoch: 0 })
}

fn start(settings: &AdaptationSettings, pictures: &Pictures, numbers: [u64; 2]) -> Trial<Adaptation> {
    let target = TargetImages { images: pictures.store.clone(), cameras: pictures.cameras.clone() };
    let networks = vec![network(numbers[0], IDENTITIES)?, network(numbers[1], IDENTITIES)?];
    Ok(Adaptation::new(settings.clone(), SEED, methods::of(settings), networks, target)?)
}

fn same_epoch(
    fast: &Adaptation,
    found: &EpochOutcome,
    slow: &reference::Adaptation,
    expected: &reference::Outcome,
) -> Trial {
    assert_eq!(found.pseudo_labels.labels, expected.labels);
    assert_eq!(found.pseudo_labels.clusters, expected.centroids.rows());
    let same = |what: &str, actual: &Matrix, expected: &Matrix| {
        check("D33", Quantity::Value, Width::Double, 1.0, actual, expected)
            .map_err(|failure| failure.at(what))
    };
    same("centroids", &convert::matrix(&found.pseudo_labels.centroids)?, &expected.centroids)?;
    let losses = found.losses.means()?;
    assert_eq!(losses.len(), expected.losses.len());
    for ((name, actual), expected) in losses.into_iter().zip(&expected.losses) {
        check("D33", Quantity::Value, Width::Double, 1.0, actual, *expected)
            .map_err(|failure| failure.at(name))?;
    }
    let (students, means) = (slow.method.students(), slow.method.mean_networks());
    assert_eq!((fast.students().len(), fast.mean_networks().len()), (students.len(), means.len()));
    for (fast, slow) in fast.students().iter().zip(students).chain(fast.mean_networks().iter().zip(means)) {
        same_state("D33", fast, slow)?;
    }
    same_resumable_state(fast, slow)
}

/// The steps taught the same (D35), by their images exactly, and so does what is measured of it.
fn same_teaching(found: &EpochOutcome, expected: &reference::Outcome, identities: &[usize]) -> Trial {
    let anchors = found.lessons.anchors()?;
    let whole = |it: &Anchor| [it.image, it.positive, it.negative, it.soft_label];
    let slow_whole = |it: &reference_teaching::Anchor| [it.image, it.positive, it.negative, it.soft_label];
    assert_eq!(
        anchors.iter().map(whole).collect::<Vec<_>>(),
        expected.anchors.iter().map(slow_whole).collect::<Vec<_>>()
    );
    for (anchor, slow) in anchors.iter().zip(&expected.anchors) {
        let (actual, expected) = ([anchor.student, anchor.teacher], [slow.student, slow.teacher]);
        check("D33", Quantity::Value, Width::Double, 1.0, &actual[..], &expected[..])
            .map_err(|failure| failure.at("a triplet's probabilities"))?;
    }
    let actual = teaching(&anchors, &found.pseudo_labels.labels, identities)?;
    let expected = reference_teaching::teaching(&expected.anchors, &expected.labels, identities)?;
    eval_teaching::same("D33", &actual, &eval_teaching::as_fast(&expected))
}

/// Compares what is stored beside networks: eps, and Adam's moments where they are kept from epoch to epoch.
fn same_resumable_state(fast: &Adaptation, slow: &reference::Adaptation) -> Trial {
    let state = fast.state();
    let eps = state.get("eps").map(|eps| eps.double_value(&[]));
    assert_eq!(eps.is_some(), slow.eps.is_some());
    if let (Some(eps), Some(expected)) = (eps, slow.eps) {
        check("D13", Quantity::Value, Width::Double, 1.0, eps, expected)?;
    }
    let moments = slow.method.optimizers().into_iter().flat_map(|adam| adam.moments());
    for (at, expected) in moments.enumerate().filter(|_| !slow.settings.reset_optimizer) {
        assert_eq!(state[&format!("adam.step.{at}")].double_value(&[]), f64::from(expected.steps));
        for (name, expected) in [("first_moment", &expected.first), ("second_moment", &expected.second)] {
            let values = convert::matrix(&state[&format!("adam.{name}.{at}")].reshape([1, -1]))?;
            check("D33", Quantity::Value, Width::Double, 1.0, values.values(), expected.as_slice())
                .map_err(|failure| failure.at(name))?;
        }
    }
    Ok(())
}

/// Three epochs in both; where `resumed`, every epoch of the fast one begins in a new process, so to say: other networks that take
/// over the state of the epoch before.
fn epochs_agree(settings: AdaptationSettings, resumed: bool) -> Trial {
    let pictures = Pictures::new(1, IDENTITIES)?;
    let mut fast = start(&settings, &pictures, [1, 2])?;
    let mut slow = reference_of(&settings, &fast)?;
    let images = pictures.normalized()?;
    let mut noise = 0;
    for epoch in 0..EPOCHS {
        if resumed && epoch > 0 {
            let state = fast.state();
            fast = start(&settings, &pictures, [3, 4])?;
            fast.resume(&state, epoch, somewhere())?;
        }
        let found = fast.next_epoch(&mut ())?;
        let networks = [fast.students().len(), fast.mean_networks().len()];
        let mut draws = Drawn { pictures: &pictures, dropout: settings.dropout, networks };
        let expected = slow.next_epoch(&images, &mut draws)?;
        same_epoch(&fast, &found, &slow, &expected)
            .and_then(|()| same_teaching(&found, &expected, &pictures.identities))
            .map_err(|failure| failure.at(format!("epoch {epoch}")))?;
        noise += found.pseudo_labels.unassigned();
    }
    // Images without a label must have passed the loop where there can be any.
    assert_eq!(noise > 0, matches!(settings.clustering, Clustering::Dbscan { .. }));
    Ok(())
}

/// As [`epochs_agree`], undisturbed and resumed.
fn agree(settings: AdaptationSettings) {
    epochs_agree(settings.clone(), false).unwrap();
    epochs_agree(settings, true).unwrap();
}

#[test]
fn epochs_of_mutual_mean_teaching_by_kmeans() {
    agree(published());
}

#[test]
fn epochs_of_mutual_mean_teaching_by_dbscan() {
    agree(AdaptationSettings { clustering: dbscan(), ..published() });
}

#[test]
fn epochs_with_grouped_batch_norm_and_the_papers_memory() {
    let batch = BatchSettings { bn_group: 3, ..BATCH };
    agree(AdaptationSettings { batch, ema: Convention::Paper, ..published() });
}

#[test]
fn epochs_of_the_clustering_baseline() {
    let hard = AdaptationSettings { alpha: 0.0, soft_ce_weight: 0.0, soft_tri_weight: 0.0, ..published() };
    agree(hard.clone());
    agree(AdaptationSettings { clustering: dbscan(), ..hard });
}

#[test]
fn epochs_of_the_single_network_baseline() {
    agree(AdaptationSettings {
        teachers: Teachers::OwnMean,
        alpha: 0.0,
        soft_ce_weight: 0.0,
        soft_tri_weight: 0.0,
        ..published()
    });
}

#[test]
fn epochs_without_the_second_network() {
    agree(AdaptationSettings { teachers: Teachers::OwnMean, ..published() });
}

#[test]
fn epochs_without_mean_networks() {
    agree(AdaptationSettings { teachers: Teachers::MutualCurrent, ..published() });
}

#[test]
fn epochs_on_clusters_of_the_students() {
    agree(AdaptationSettings { cluster_features: ClusterFeatures::Networks, ..published() });
}

#[test]
fn epochs_that_keep_their_classifiers() {
    agree(AdaptationSettings { reset_classifier: false, ..published() });
}

#[test]
fn epochs_that_keep_their_optimizer() {
    agree(AdaptationSettings { reset_optimizer: false, ..published() });
}

#[test]
fn epochs_with_larger_features_in_the_triplet_losses() {
    let scaled = AdaptationSettings { feature_scale: 2.5, ..published() };
    agree(scaled.clone());
    agree(AdaptationSettings { teachers: Teachers::OwnMean, ..scaled.clone() });
    agree(AdaptationSettings { teachers: Teachers::MutualCurrent, ..scaled.clone() });
    let hard = AdaptationSettings { alpha: 0.0, soft_ce_weight: 0.0, soft_tri_weight: 0.0, ..scaled };
    agree(hard.clone());
    agree(AdaptationSettings { teachers: Teachers::OwnMean, ..hard });
}

#[test]
fn epochs_in_which_units_are_dropped() {
    agree(AdaptationSettings { dropout: 0.5, ..published() });
    agree(AdaptationSettings { dropout: 0.5, teachers: Teachers::OwnMean, ..published() });
}
