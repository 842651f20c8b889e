//! The table of definitions: where each has its reference, its fast forms, its laws, its golden cases and its bench.
//! `tests/suite/coverage.rs` fails when a cell is empty or points to nothing.

/// A definition of `docs/method.md` and everything that holds it.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its number, e.g. `"D1"`.
    pub number: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The reference, a file under `reference/src/`.
    pub reference: &'static str,
    /// The fast forms, files under `src/`.
    pub fast: &'static [&'static str],
    /// The laws, a file under `tests/suite/`.
    pub laws: &'static str,
    /// The published values.
    pub golden: Golden,
    /// The bench, `room/definition`, in one of `benches/`.
    pub bench: Bench,
}

/// Golden cases of a definition.
#[derive(Debug, Clone, Copy)]
pub enum Golden {
    /// The published functions, as the manifest spells them.
    Functions(&'static [&'static str]),
    /// There are none, and why.
    None(&'static str),
}

/// The bench of a definition.
#[derive(Debug, Clone, Copy)]
pub enum Bench {
    /// Its name, without size and implementation.
    Named(&'static str),
    /// There is none, and why.
    None(&'static str),
}

/// A column of the table that can be filled later than the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// The fast form.
    Fast,
    /// The laws.
    Laws,
    /// The bench.
    Bench,
}

/// Cells that are not filled yet: a column, the definitions, and what they wait for. A cell that *is* filled and still
/// stands here fails the test; the list must become empty.
pub const PENDING: &[(Column, &[&str], &str)] = &[];

/// What a cell waits for, if it is [`PENDING`].
pub fn pending(number: &str, column: Column) -> Option<&'static str> {
    let waiting = PENDING.iter().find(|(of, numbers, _)| *of == column && numbers.contains(&number));
    waiting.map(|(_, _, reason)| *reason)
}

/// The definitions that a published function belongs to.
pub fn of_function(function: &str) -> impl Iterator<Item = &'static Definition> {
    DEFINITIONS.iter().filter(move |definition| match definition.golden {
        Golden::Functions(functions) => functions.contains(&function),
        Golden::None(_) => false,
    })
}

use Bench::Named;
use Golden::Functions;

const TOO_SMALL: Bench = Bench::None("a few arithmetic operations a step: nothing to measure");
const DBSCAN_SCRIPT: &str = "examples/mmt_train_dbscan.py main_worker";
const KMEANS_SCRIPT: &str = "examples/mmt_train_kmeans.py main_worker (KMeans started from in.init)";
const MMT_STEP: &str = "mmt.trainers.MMTTrainer.train (one step)";
const PUBLISHED_NETWORKS: &[&str] = &[
    "mmt.models.create('resnet50', num_features=0, num_classes=10, dropout=0)",
    "mmt.models.create('resnet50', ...)",
];

/// All definitions, in the order of their numbers.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        number: "D1",
        name: "label-smoothed cross-entropy",
        reference: "loss/cross_entropy.rs",
        fast: &["loss/cross_entropy.rs"],
        laws: "loss/cross_entropy.rs",
        golden: Functions(&["mmt.loss.CrossEntropyLabelSmooth"]),
        bench: Named("loss/cross_entropy"),
    },
    Definition {
        number: "D2",
        name: "soft cross-entropy",
        reference: "loss/soft_cross_entropy.rs",
        fast: &["loss/soft_cross_entropy.rs"],
        laws: "loss/soft_cross_entropy.rs",
        golden: Functions(&["mmt.loss.SoftEntropy"]),
        bench: Named("loss/soft_cross_entropy"),
    },
    Definition {
        number: "D3",
        name: "Euclidean distance",
        reference: "distance.rs",
        fast: &["distance.rs"],
        laws: "distance.rs",
        golden: Functions(&["mmt.loss.triplet.euclidean_dist", "mmt.evaluators.pairwise_distance"]),
        bench: Named("distance/euclidean"),
    },
    Definition {
        number: "D4",
        name: "batch-hard mining",
        reference: "loss/mining.rs",
        fast: &["loss/mining.rs"],
        laws: "loss/mining.rs",
        golden: Functions(&["mmt.loss.TripletLoss", "mmt.loss.SoftTripletLoss"]),
        bench: Named("loss/mining"),
    },
    Definition {
        number: "D5",
        name: "triplet loss with a margin",
        reference: "loss/triplet.rs",
        fast: &["loss/triplet.rs"],
        laws: "loss/triplet.rs",
        golden: Functions(&["mmt.loss.TripletLoss"]),
        bench: Named("loss/triplet"),
    },
    Definition {
        number: "D6",
        name: "softmax-triplet loss, hard",
        reference: "loss/softmax_triplet.rs",
        fast: &["loss/softmax_triplet.rs"],
        laws: "loss/softmax_triplet.rs",
        golden: Functions(&["mmt.loss.SoftTripletLoss"]),
        bench: Named("loss/softmax_triplet"),
    },
    Definition {
        number: "D7",
        name: "softmax-triplet loss, soft",
        reference: "loss/soft_softmax_triplet.rs",
        fast: &["loss/soft_softmax_triplet.rs"],
        laws: "loss/soft_softmax_triplet.rs",
        golden: Functions(&["mmt.loss.SoftTripletLoss"]),
        bench: Named("loss/soft_softmax_triplet"),
    },
    Definition {
        number: "D8",
        name: "objective of mutual mean-teaching",
        reference: "loss/objective.rs",
        fast: &["loss/objective.rs"],
        laws: "loss/objective.rs",
        golden: Functions(&[MMT_STEP, "mmt.trainers.ClusterBaseTrainer.train (one step)"]),
        bench: Named("loss/objective"),
    },
    Definition {
        number: "D9",
        name: "feature normalisation",
        reference: "distance.rs",
        fast: &["distance.rs"],
        laws: "distance.rs",
        golden: Functions(&["mmt.loss.TripletLoss", "mmt.loss.SoftTripletLoss"]),
        bench: Named("distance/normalize_rows"),
    },
    Definition {
        number: "D10",
        name: "k-means",
        reference: "cluster/kmeans.rs",
        fast: &["cluster/kmeans.rs"],
        laws: "cluster/kmeans.rs",
        golden: Functions(&["sklearn.cluster.KMeans", KMEANS_SCRIPT]),
        bench: Named("cluster/kmeans"),
    },
    Definition {
        number: "D11",
        name: "k-reciprocal neighbours",
        reference: "cluster/k_reciprocal.rs",
        fast: &["cluster/k_reciprocal.rs"],
        laws: "cluster/jaccard.rs",
        golden: Functions(&["mmt.utils.rerank.k_reciprocal_neigh"]),
        bench: Named("cluster/k_reciprocal"),
    },
    Definition {
        number: "D12",
        name: "Jaccard distance",
        reference: "cluster/jaccard.rs",
        fast: &["cluster/jaccard.rs"],
        laws: "cluster/jaccard.rs",
        golden: Functions(&["mmt.utils.rerank.compute_jaccard_dist"]),
        bench: Named("cluster/jaccard"),
    },
    Definition {
        number: "D13",
        name: "eps rule",
        reference: "cluster/eps.rs",
        fast: &["cluster/eps.rs"],
        laws: "cluster/eps.rs",
        golden: Functions(&["examples/mmt_train_dbscan.py (eps rule)", DBSCAN_SCRIPT]),
        bench: Named("cluster/eps"),
    },
    Definition {
        number: "D14",
        name: "DBSCAN",
        reference: "cluster/dbscan.rs",
        fast: &["cluster/dbscan.rs"],
        laws: "cluster/dbscan.rs",
        golden: Functions(&["sklearn.cluster.DBSCAN(metric='precomputed').fit_predict", DBSCAN_SCRIPT]),
        bench: Named("cluster/dbscan"),
    },
    Definition {
        number: "D15",
        name: "centroids as classifier",
        reference: "cluster/centroids.rs",
        fast: &["cluster/centroids.rs"],
        laws: "cluster/centroids.rs",
        golden: Functions(&[DBSCAN_SCRIPT, KMEANS_SCRIPT]),
        bench: TOO_SMALL,
    },
    Definition {
        number: "D16",
        name: "average precision and mAP",
        reference: "eval/average_precision.rs",
        fast: &["eval/average_precision.rs"],
        laws: "eval/ranking.rs",
        golden: Functions(&["mmt.evaluation_metrics.mean_ap and cmc", "mmt.evaluation_metrics.mean_ap"]),
        bench: Named("eval/ranking"),
    },
    Definition {
        number: "D17",
        name: "CMC",
        reference: "eval/cmc.rs",
        fast: &["eval/cmc.rs"],
        laws: "eval/ranking.rs",
        golden: Functions(&["mmt.evaluation_metrics.mean_ap and cmc", "mmt.evaluation_metrics.cmc"]),
        bench: Named("eval/ranking"),
    },
    Definition {
        number: "D18",
        name: "k-reciprocal re-ranking",
        reference: "eval/re_ranking.rs",
        fast: &["eval/re_ranking.rs"],
        laws: "eval/re_ranking.rs",
        golden: Functions(&["mmt.utils.rerank.re_ranking"]),
        bench: Named("eval/re_ranking"),
    },
    Definition {
        number: "D19",
        name: "adjusted Rand index",
        reference: "eval/label_quality.rs",
        fast: &["eval/label_quality.rs"],
        laws: "eval/label_quality.rs",
        golden: Golden::None("the published code does not measure its pseudo labels"),
        bench: Named("eval/label_quality"),
    },
    Definition {
        number: "D20",
        name: "normalised mutual information",
        reference: "eval/label_quality.rs",
        fast: &["eval/label_quality.rs"],
        laws: "eval/label_quality.rs",
        golden: Golden::None("the published code does not measure its pseudo labels"),
        bench: Named("eval/label_quality"),
    },
    Definition {
        number: "D21",
        name: "purity",
        reference: "eval/label_quality.rs",
        fast: &["eval/label_quality.rs"],
        laws: "eval/label_quality.rs",
        golden: Golden::None("the published code does not measure its pseudo labels"),
        bench: Named("eval/label_quality"),
    },
    Definition {
        number: "D22",
        name: "learning-rate schedule",
        reference: "train/schedule.rs",
        fast: &["train/schedule.rs"],
        laws: "train/schedule.rs",
        golden: Functions(&["mmt.utils.lr_scheduler.WarmupMultiStepLR"]),
        bench: TOO_SMALL,
    },
    Definition {
        number: "D23",
        name: "temporal average of the parameters",
        reference: "train/ema.rs",
        fast: &["train/ema.rs"],
        laws: "train/ema.rs",
        golden: Functions(&["mmt.trainers.MMTTrainer._update_ema_variables"]),
        bench: Named("train/ema"),
    },
    Definition {
        number: "D24",
        name: "Adam with L2 weight decay",
        reference: "train/fused_adam.rs",
        fast: &["train/fused_adam/mod.rs"],
        laws: "train/adam.rs",
        golden: Functions(&["mmt.trainers.PreTrainer.train", "mmt.trainers.MMTTrainer.train"]),
        bench: Named("train/adam"),
    },
    Definition {
        number: "D25",
        name: "random multiple gallery sampler",
        reference: "data/sampler.rs",
        fast: &["data/sampler.rs"],
        laws: "data/sampler.rs",
        golden: Functions(&["mmt.utils.data.sampler.RandomMultipleGallerySampler"]),
        bench: Named("data/sampler"),
    },
    Definition {
        number: "D26",
        name: "bicubic resize",
        reference: "data/resize.rs",
        fast: &["data/resize.rs"],
        laws: "data/pixels.rs",
        golden: Functions(&["torchvision Resize(interpolation=3) on a PIL image"]),
        bench: Named("data/resize"),
    },
    Definition {
        number: "D27",
        name: "flip, pad-and-crop, normalisation",
        reference: "data/transforms.rs",
        fast: &["data/transforms.rs"],
        laws: "data/pixels.rs",
        golden: Functions(&["torchvision RandomHorizontalFlip(p=1)", "torchvision Pad(10) + RandomCrop"]),
        bench: Named("data/train_transform"),
    },
    Definition {
        number: "D28",
        name: "random erasing",
        reference: "data/random_erasing.rs",
        fast: &["data/random_erasing.rs"],
        laws: "data/erasing.rs",
        golden: Functions(&["mmt.utils.data.transforms.RandomErasing"]),
        bench: Named("data/train_transform"),
    },
    Definition {
        number: "D29",
        name: "residual network",
        reference: "model/resnet.rs",
        fast: &["model/spec.rs"],
        laws: "ten_steps.rs",
        golden: Functions(PUBLISHED_NETWORKS),
        bench: Named("model/network"),
    },
    Definition {
        number: "D30",
        name: "batch normalisation",
        reference: "model/batch_norm.rs",
        fast: &["model/norm.rs"],
        laws: "ten_steps.rs",
        golden: Functions(PUBLISHED_NETWORKS),
        bench: Named("model/network"),
    },
    Definition {
        number: "D31",
        name: "neck and the two forward modes",
        reference: "model/neck.rs",
        fast: &["model/network.rs"],
        laws: "ten_steps.rs",
        golden: Functions(PUBLISHED_NETWORKS),
        bench: Named("model/network"),
    },
    Definition {
        number: "D32",
        name: "pre-training step",
        reference: "train/pretrain.rs",
        fast: &["train/pretrain.rs"],
        laws: "ten_steps.rs",
        golden: Functions(&["mmt.trainers.PreTrainer.train"]),
        bench: Named("train/step"),
    },
    Definition {
        number: "D33",
        name: "step of mutual mean-teaching",
        reference: "train/methods/mutual.rs",
        fast: &["train/methods/mutual/mean.rs", "train/methods/own_mean.rs", "train/methods/single.rs"],
        laws: "ten_steps.rs",
        golden: Functions(&["mmt.trainers.MMTTrainer.train"]),
        bench: Named("train/step"),
    },
    Definition {
        number: "D34",
        name: "wrong merges and splits",
        reference: "eval/pair_errors.rs",
        fast: &["eval/pair_errors.rs"],
        laws: "eval/pair_errors.rs",
        golden: Golden::None("the published code does not measure its pseudo labels"),
        bench: Named("eval/pair_errors"),
    },
    Definition {
        number: "D35",
        name: "what a teacher knows",
        reference: "eval/teaching.rs",
        fast: &["eval/teaching.rs"],
        laws: "eval/teaching.rs",
        golden: Golden::None("the published code does not measure its teachers"),
        bench: Named("eval/teaching"),
    },
];
