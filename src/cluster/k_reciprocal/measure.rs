//! The two distances by which neighbours are near.

use super::selection::Value;

/// The meaning of the distance from i to j.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// `2|x_j|² − 2 x_i·x_j`, as the published clustering has it (D12): a squared distance for rows of unit length only.
    Clustering,
    /// `(|x_i|² + |x_j|² − 2 x_i·x_j)²`, as the published re-ranking has it (D18): it squares squared distances.
    ReRanking,
}

impl Measure {
    /// The norm that [`Measure::of`] wants of a row: this many times its square.
    pub(super) fn norm_factor(self) -> f64 {
        match self {
            Self::Clustering => 2.0,
            Self::ReRanking => 1.0,
        }
    }

    /// The distance from the norms of i and j and `−2 x_i·x_j`.
    pub(super) fn of<T: Value>(self, own: T, other: T, product: T) -> T {
        match self {
            Self::Clustering => other + product,
            Self::ReRanking => {
                let distance = own + other + product;
                distance * distance
            }
        }
    }
}
