//! D35: what the teachers of an epoch knew that its hard labels did not, over the anchors of its training steps.

use std::collections::BTreeMap;

use crate::error::{InvalidInput, Result};

/// The values that a student and its teacher gave an image in a training step. Images are named by their places in the training set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Anchor {
    /// The image.
    pub image: usize,
    /// Its hardest positive (D4).
    pub positive: usize,
    /// Its hardest negative (D4).
    pub negative: usize,
    /// The student's probability that the negative is farther than the positive: `T_i` of D6.
    pub student: f64,
    /// The teacher's, at the same images: `T_i` of D7.
    pub teacher: f64,
    /// The cluster that the teacher's soft label has most of.
    pub soft_label: usize,
}

/// Quantiles, a mean, and shares from 0 to 1, over all anchors of an epoch. None where there is nothing to take them of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Teaching {
    /// Quantile at 10 % of the teacher's probability over all triplets.
    pub teacher_q10: Option<f64>,
    /// At 50 %.
    pub teacher_q50: Option<f64>,
    /// At 90 %.
    pub teacher_q90: Option<f64>,
    /// Mean distance of the teacher's probability from 1/2: 0 where it says nothing, 1/2 where it is sure.
    pub teacher_certainty: Option<f64>,
    /// Of the triplets whose order is known, those that the hard label has wrong: the negative is of the anchor's identity.
    pub wrong_triplets: Option<f64>,
    /// Of the triplets whose order is known and that the student has wrong, those that its teacher has right.
    pub teacher_right_where_student_wrong: Option<f64>,
    /// Of the triplets that the hard label has wrong, those that the teacher has right.
    pub teacher_right_where_triplet_wrong: Option<f64>,
    /// Of the anchors, those whose cluster has their identity.
    pub hard_label_accuracy: Option<f64>,
    /// Of the anchors, those whose soft label has their identity.
    pub soft_label_accuracy: Option<f64>,
    /// Of the anchors whose cluster has another identity, those whose soft label has theirs.
    pub soft_right_where_hard_wrong: Option<f64>,
    /// Of the anchors whose cluster has their identity, those whose soft label has another.
    pub soft_wrong_where_hard_right: Option<f64>,
}

/// Measures the `anchors` of an epoch, of all students together, against the `identities` of its training images. `pseudo_labels` and
/// `identities`: `[N]`. Without anchors, as of a method without teachers, everything is none.
///
/// # Errors
/// Lists of different lengths, an anchor with an image that has no pseudo label, or a probability outside [0, 1].
pub fn teaching(
    anchors: &[Anchor],
    pseudo_labels: &[Option<usize>],
    identities: &[usize],
) -> Result<Teaching> {
    check(anchors, pseudo_labels, identities)?;
    let triplets: Vec<&Anchor> = anchors.iter().filter(|anchor| is_triplet(anchor, pseudo_labels)).collect();
    let mut teachers: Vec<f64> = triplets.iter().map(|triplet| triplet.teacher).collect();
    teachers.sort_by(f64::total_cmp);
    let known: Vec<Known> = triplets.iter().filter_map(|triplet| Known::of(triplet, identities)).collect();
    let labels = labels(anchors, pseudo_labels, identities);
    let (is_right, is_wrong) = (|side: Side| side == Side::Right, |side: Side| side == Side::Wrong);
    Ok(Teaching {
        teacher_q10: quantile(&teachers, 10),
        teacher_q50: quantile(&teachers, 50),
        teacher_q90: quantile(&teachers, 90),
        teacher_certainty: mean(teachers.iter().map(|probability| (probability - 0.5).abs())),
        wrong_triplets: share(&known, |_| true, |it| !it.hard_is_right),
        teacher_right_where_student_wrong: share(
            &known,
            |it| is_wrong(it.student),
            |it| is_right(it.teacher),
        ),
        teacher_right_where_triplet_wrong: share(&known, |it| !it.hard_is_right, |it| is_right(it.teacher)),
        hard_label_accuracy: share(&labels, |_| true, |it| it.hard_is_right),
        soft_label_accuracy: share(&labels, |_| true, |it| it.soft_is_right),
        soft_right_where_hard_wrong: share(&labels, |it| !it.hard_is_right, |it| it.soft_is_right),
        soft_wrong_where_hard_right: share(&labels, |it| it.hard_is_right, |it| !it.soft_is_right),
    })
}

fn check(anchors: &[Anchor], pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<()> {
    if pseudo_labels.len() != identities.len() {
        let (expected, found) = (identities.len().to_string(), pseudo_labels.len().to_string());
        return Err(InvalidInput::Shape { what: "the pseudo labels", expected, found }.into());
    }
    let refused = |what, value, allowed| Err(InvalidInput::Parameter { what, value, allowed }.into());
    for anchor in anchors {
        for image in [anchor.image, anchor.positive, anchor.negative] {
            if pseudo_labels.get(image).copied().flatten().is_none() {
                return refused("image of an anchor", image as f64, "one with a pseudo label");
            }
        }
        for probability in [anchor.student, anchor.teacher] {
            if !(0.0..=1.0).contains(&probability) {
                return refused("probability of an anchor", probability, "in 0..=1");
            }
        }
    }
    Ok(())
}

/// Whether something is asked: an image is near itself whatever a teacher knows, and a batch of one cluster has no negative.
fn is_triplet(anchor: &Anchor, pseudo_labels: &[Option<usize>]) -> bool {
    anchor.positive != anchor.image && pseudo_labels[anchor.negative] != pseudo_labels[anchor.image]
}

/// Where a probability stands to what is true; 1/2 is neither.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Side {
    Right,
    Wrong,
    Neither,
}

impl Side {
    fn of(probability: f64, positive_is_nearer: bool) -> Self {
        if probability == 0.5 {
            Self::Neither
        } else if (probability > 0.5) == positive_is_nearer {
            Self::Right
        } else {
            Self::Wrong
        }
    }
}

/// A triplet whose order is known: one of its two mined images is of the anchor's identity, the other not.
struct Known {
    hard_is_right: bool,
    student: Side,
    teacher: Side,
}

impl Known {
    fn of(triplet: &Anchor, identities: &[usize]) -> Option<Self> {
        let own = |image: usize| identities[image] == identities[triplet.image];
        let hard_is_right = own(triplet.positive);
        (hard_is_right != own(triplet.negative)).then(|| Self {
            hard_is_right,
            student: Side::of(triplet.student, hard_is_right),
            teacher: Side::of(triplet.teacher, hard_is_right),
        })
    }
}

/// The labels of an anchor: whether each stands for its identity.
struct Labels {
    hard_is_right: bool,
    soft_is_right: bool,
}

fn labels(anchors: &[Anchor], pseudo_labels: &[Option<usize>], identities: &[usize]) -> Vec<Labels> {
    let commonest = commonest(pseudo_labels, identities);
    let labels = |anchor: &Anchor| {
        let is_right = |cluster: usize| commonest.get(&cluster) == Some(&identities[anchor.image]);
        Labels {
            hard_is_right: pseudo_labels[anchor.image].is_some_and(is_right),
            soft_is_right: is_right(anchor.soft_label),
        }
    };
    anchors.iter().map(labels).collect()
}

/// The commonest identity of each cluster, the smallest among equals.
fn commonest(pseudo_labels: &[Option<usize>], identities: &[usize]) -> BTreeMap<usize, usize> {
    let mut counts: BTreeMap<(usize, usize), usize> = BTreeMap::new();
    for (cluster, identity) in pseudo_labels.iter().zip(identities) {
        cluster.iter().for_each(|cluster| *counts.entry((*cluster, *identity)).or_default() += 1);
    }
    let mut found: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for ((cluster, identity), count) in counts {
        // Identities come in ascending order: only a larger count takes the place of one before.
        let best = found.entry(cluster).or_insert((identity, 0));
        if count > best.1 {
            *best = (identity, count);
        }
    }
    found.into_iter().map(|(cluster, (identity, _))| (cluster, identity)).collect()
}

/// The quantile of ascending values at `percent`: what stands at `percent` of the way from the first to the last, linear between two.
fn quantile(values: &[f64], percent: usize) -> Option<f64> {
    let way = percent * values.len().checked_sub(1)?;
    let (below, part) = (values[way / 100], (way % 100) as f64 / 100.0);
    let above = values.get(way / 100 + 1).unwrap_or(&below);
    Some(below + part * (above - below))
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| values.sum::<f64>() / count as f64)
}

/// Of those of `all` that are `given`, the share of `those`.
fn share<T>(all: &[T], given: impl Fn(&T) -> bool, those: impl Fn(&T) -> bool) -> Option<f64> {
    let given: Vec<&T> = all.iter().filter(|it| given(it)).collect();
    let count = given.iter().filter(|it| those(it)).count();
    (!given.is_empty()).then(|| count as f64 / given.len() as f64)
}
