//! D4: the hardest positive and the hardest negative of every row of a batch.

use super::{check_count, check_same_shape};
use crate::distance::check_features;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// The term that published adds to the distance of a row that is ruled out as a negative; it stays in the value where
/// every row is.
pub const FAR: f64 = 9_999_999.0;

/// The hardest pair of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardest {
    /// Farthest row of the same identity, the row itself among them.
    pub positive: usize,
    /// Nearest row of another identity; none where all rows are of one identity.
    pub negative: Option<usize>,
}

/// Batch-hard mining (D4) in `distances: [B, B]` by the identities `labels`: per row i
/// `p = argmax { d(i, j) : y_j = y_i }` and `n = argmin { d(i, j) : y_j ≠ y_i }`; among equal distances the
/// first row.
///
/// Source: paper eq. 1, published `_batch_hard`.
pub fn hardest(distances: &Matrix, labels: &[usize]) -> Result<Vec<Hardest>> {
    check_features(distances, "distances")?;
    if distances.rows() != distances.columns() {
        return Err(InvalidInput::Shape {
            what: "distances",
            expected: "square".into(),
            found: format!("[{}, {}]", distances.rows(), distances.columns()),
        });
    }
    check_count(labels, distances.rows())?;
    Ok((0..labels.len()).map(|i| hardest_of_row(distances.row(i), labels, i)).collect())
}

fn hardest_of_row(distances: &[f64], labels: &[usize], i: usize) -> Hardest {
    let mut found = Hardest { positive: i, negative: None };
    let mut farthest = f64::NEG_INFINITY;
    for (j, &distance) in distances.iter().enumerate() {
        if labels[j] == labels[i] && distance > farthest {
            farthest = distance;
            found.positive = j;
        }
        if labels[j] != labels[i] && found.negative.is_none_or(|negative| distance < distances[negative]) {
            found.negative = Some(j);
        }
    }
    found
}

/// The two distances of a row that a triplet loss compares, and the rows they lead to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// d(i, p).
    pub positive_distance: f64,
    /// d(i, n); without a negative [`FAR`] plus the smallest distance of the row.
    pub negative_distance: f64,
    /// p.
    pub positive: usize,
    /// n; without a negative the nearest row, normally the row itself.
    pub negative: usize,
}

/// The hardest pairs with their distances, and what published makes of a row without a negative (D4): its
/// search adds 9,999,999 to each row it rules out and takes the smallest sum all the same, so a batch of one
/// identity is no error.
pub fn pairs(distances: &Matrix, labels: &[usize]) -> Result<Vec<Pair>> {
    let hardest = hardest(distances, labels)?;
    Ok(hardest.iter().enumerate().map(|(i, pair)| pair_of_row(distances.row(i), pair)).collect())
}

fn pair_of_row(distances: &[f64], hardest: &Hardest) -> Pair {
    let positive = hardest.positive;
    let (negative, added) = match hardest.negative {
        Some(negative) => (negative, 0.0),
        None => (nearest(distances), FAR),
    };
    Pair {
        positive_distance: distances[positive],
        negative_distance: distances[negative] + added,
        positive,
        negative,
    }
}

/// First index of the smallest entry.
fn nearest(distances: &[f64]) -> usize {
    let mut nearest = 0;
    for (j, &distance) in distances.iter().enumerate() {
        if distance < distances[nearest] {
            nearest = j;
        }
    }
    nearest
}

/// Slopes of a loss in d(i, p) and d(i, n), one pair a row, carried back to the features that the distances
/// came from (D3): `Σ_i slope_p ∂d(i, p)/∂x + slope_n ∂d(i, n)/∂x`.
pub(super) fn carry_back(features: &Matrix, pairs: &[Pair], slopes: &[(f64, f64)]) -> Matrix {
    let mut gradient = Matrix::zeros(features.rows(), features.columns());
    for (i, (pair, slope)) in pairs.iter().zip(slopes).enumerate() {
        crate::distance::add_distance_gradient(features, (i, pair.positive), slope.0, &mut gradient);
        crate::distance::add_distance_gradient(features, (i, pair.negative), slope.1, &mut gradient);
    }
    gradient
}

/// Refuses what no triplet loss can work on.
pub(super) fn check_batch(features: &Matrix, labels: &[usize]) -> Result<()> {
    check_features(features, "features")?;
    check_count(labels, features.rows())
}

/// Refuses a teacher that is not of the student's shape, or not finite.
pub(super) fn check_teacher(student: &Matrix, teacher: &Matrix) -> Result<()> {
    check_same_shape(teacher, student, "teacher")?;
    teacher.check_finite("teacher")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(points: &[f64]) -> Matrix {
        Matrix::from_fn(points.len(), points.len(), |i, j| (points[i] - points[j]).abs())
    }

    #[test]
    fn on_a_line_the_pairs_are_those_one_sees() {
        let found = hardest(&line(&[0.0, 1.0, 3.0, 5.0]), &[7, 7, 7, 2]).unwrap();
        let expected = [(2, Some(3)), (2, Some(3)), (0, Some(3)), (3, Some(2))];
        for (found, (positive, negative)) in found.iter().zip(expected) {
            assert_eq!(*found, Hardest { positive, negative });
        }
    }

    #[test]
    fn among_equal_distances_the_first_wins() {
        let found = hardest(&Matrix::zeros(4, 4), &[0, 0, 1, 1]).unwrap();
        assert_eq!(found[1], Hardest { positive: 0, negative: Some(2) });
        assert_eq!(found[3], Hardest { positive: 2, negative: Some(0) });
    }

    #[test]
    fn one_identity_has_no_negative_but_a_far_one_in_the_value() {
        let distances = line(&[0.0, 2.0]);
        assert_eq!(hardest(&distances, &[5, 5]).unwrap()[0], Hardest { positive: 1, negative: None });
        let pair = pairs(&distances, &[5, 5]).unwrap()[1];
        assert_eq!((pair.negative, pair.negative_distance, pair.positive_distance), (1, FAR, 2.0));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(matches!(hardest(&Matrix::zeros(2, 3), &[0, 0]), Err(InvalidInput::Shape { .. })));
        assert!(matches!(hardest(&Matrix::zeros(2, 2), &[0]), Err(InvalidInput::Shape { .. })));
    }
}
