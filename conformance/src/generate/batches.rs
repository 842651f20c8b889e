//! Batches of features with identities, as the losses get them.

use mmt_reference::Matrix;
use rand::Rng;
use rand::seq::SliceRandom;

use super::matrices::{dyadic, normal, permute_rows};

/// The peculiarity of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchKind {
    /// P identities of K images each, in blocks.
    Regular,
    /// The same, shuffled, with unequal numbers of images (at least two each).
    Shuffled,
    /// Some identities have a single image: their hardest positive is the image itself.
    Singletons,
    /// Some rows are equal to another row, of the same or of another identity.
    Duplicates,
    /// One identity: no negative exists.
    OneIdentity,
    /// Every image is its own identity.
    AllDistinct,
    /// A single image.
    OneRow,
}

impl BatchKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Regular,
        Self::Shuffled,
        Self::Singletons,
        Self::Duplicates,
        Self::OneIdentity,
        Self::AllDistinct,
        Self::OneRow,
    ];

    /// The kinds in which every row has another positive and a negative, no two rows being equal: the loss is smooth
    /// there, so continuous features do for a comparison.
    pub const SMOOTH: [Self; 2] = [Self::Regular, Self::Shuffled];
}

/// Features `[B, D]` and an identity per row.
#[derive(Debug, Clone)]
pub struct Batch {
    /// `[B, D]`
    pub features: Matrix,
    /// One per row.
    pub labels: Vec<usize>,
}

impl Batch {
    /// A batch of normal features of standard deviation `scale`; about `p * k` rows of `d` columns.
    pub fn continuous(
        kind: BatchKind,
        (p, k, d): (usize, usize, usize),
        scale: f64,
        rng: &mut impl Rng,
    ) -> Self {
        Self::build(kind, p, k, rng, |rows, rng| normal(rows, d, scale, rng))
    }

    /// A batch of quarters between -4 and 4, in which equal distances are exactly equal: there are many.
    pub fn dyadic(kind: BatchKind, (p, k, d): (usize, usize, usize), rng: &mut impl Rng) -> Self {
        Self::build(kind, p, k, rng, |rows, rng| dyadic(rows, d, 4, rng))
    }

    fn build<R: Rng>(
        kind: BatchKind,
        p: usize,
        k: usize,
        rng: &mut R,
        features: impl Fn(usize, &mut R) -> Matrix,
    ) -> Self {
        let labels = labels(kind, p, k, rng);
        let mut features = features(labels.len(), rng);
        if kind == BatchKind::Duplicates {
            for _ in 0..1 + labels.len() / 4 {
                let (from, to) = (rng.random_range(0..labels.len()), rng.random_range(0..labels.len()));
                let row = features.row(from).to_vec();
                features.row_mut(to).copy_from_slice(&row);
            }
        }
        Self { features, labels }
    }

    /// Size of the features, the unit of tolerances: the largest norm of a row, at least 1.
    pub fn unit(&self) -> f64 {
        let norm = |i| self.features.row(i).iter().map(|value| value * value).sum::<f64>().sqrt();
        (0..self.features.rows()).map(norm).fold(1.0, f64::max)
    }

    /// The unit of a loss's gradient with respect to these features: [`Self::unit`], or, where the loss normalises them first,
    /// 1 / their smallest norm (at least 1), by which the normalisation multiplies the gradient and its error.
    pub fn gradient_unit(&self, normalize: bool) -> f64 {
        let norm = |i| self.features.row(i).iter().map(|value| value * value).sum::<f64>().sqrt();
        let smallest = (0..self.features.rows()).map(norm).fold(f64::INFINITY, f64::min);
        if normalize { (1.0 / smallest).max(1.0) } else { self.unit() }
    }

    /// The batch in another order: row `i` is the old row `order[i]`.
    pub fn permuted(&self, order: &[usize]) -> Self {
        Self {
            features: permute_rows(&self.features, order),
            labels: order.iter().map(|&i| self.labels[i]).collect(),
        }
    }
}

fn labels(kind: BatchKind, p: usize, k: usize, rng: &mut impl Rng) -> Vec<usize> {
    let blocks = |p: usize, k: usize| (0..p * k).map(move |i| i / k);
    let (p, k) = (p.max(2), k.max(2));
    match kind {
        BatchKind::Regular | BatchKind::Duplicates => blocks(p, k).collect(),
        BatchKind::Shuffled => {
            let mut labels: Vec<usize> =
                (0..p).flat_map(|identity| vec![identity; rng.random_range(2..=k + 1)]).collect();
            labels.shuffle(rng);
            labels
        }
        BatchKind::Singletons => {
            let single = rng.random_range(1..=p);
            blocks(p, k).chain(p..p + single).collect()
        }
        BatchKind::OneIdentity => vec![0; p * k],
        BatchKind::AllDistinct => (0..p * k).collect(),
        BatchKind::OneRow => vec![0],
    }
}
