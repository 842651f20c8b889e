//! D15: from pseudo labels to the classifiers' first weights.

use crate::check;
use crate::distance::normalize_rows;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Features to cluster (D15): the mean of several networks' features `[N, D]`, as it is. Published averages the unit features of
/// both mean networks; it normalises the average once more (D9) before DBSCAN, but not before k-means.
///
/// # Errors
/// No features, values that are not finite, or different shapes.
pub fn average(features: &[&Matrix]) -> Result<Matrix> {
    let first = *features.first().ok_or(InvalidInput::Empty { what: "the list of features" })?;
    for other in features {
        check::filled(other, "features")?;
        check::shape(other, first.rows(), first.columns(), "features")?;
    }
    let count = features.len() as f64;
    Ok(Matrix::from_fn(first.rows(), first.columns(), |i, k| {
        features.iter().map(|each| each[(i, k)]).sum::<f64>() / count
    }))
}

/// Centroids `[clusters, D]` of `features: [N, D]` (D15): `c = mean of the x_i with label c`. Rows without a label are noise and
/// count nowhere.
///
/// # Errors
/// No features or clusters, values that are not finite, not one label per row, a label outside `0..clusters`, or a cluster
/// without a row.
pub fn centroids(features: &Matrix, labels: &[Option<usize>], clusters: usize) -> Result<Matrix> {
    check::filled(features, "features")?;
    check::length(labels.len(), features.rows(), "labels")?;
    check::at_least_one(clusters, "clusters")?;
    let mut result = Matrix::zeros(clusters, features.columns());
    let mut sizes = vec![0.0; clusters];
    for (row, label) in labels.iter().enumerate() {
        let Some(label) = *label else { continue };
        if label >= clusters {
            return Err(InvalidInput::LabelOutOfRange { row, label: label as i64, classes: clusters });
        }
        sizes[label] += 1.0;
        for k in 0..features.columns() {
            result[(label, k)] += features[(row, k)];
        }
    }
    if sizes.contains(&0.0) {
        return Err(InvalidInput::TooFewSamples { what: "images of a cluster", needed: 1, found: 0 });
    }
    Ok(Matrix::from_fn(clusters, features.columns(), |c, k| result[(c, k)] / sizes[c]))
}

/// The classifier at the start of an epoch (D15): its first rows are the centroids `[C, D]`, each divided by its norm (D9); the
/// others stay. `classifier: [R, D]`, R ≥ C: published has C = R for k-means and one row per training image for DBSCAN, and
/// gives all four networks the same rows.
///
/// # Errors
/// No centroids, values that are not finite, fewer rows than centroids, or other columns.
pub fn classifier(classifier: &Matrix, centroids: &Matrix) -> Result<Matrix> {
    check::filled(classifier, "classifier")?;
    check::filled(centroids, "centroids")?;
    check::shape(centroids, centroids.rows(), classifier.columns(), "centroids")?;
    if centroids.rows() > classifier.rows() {
        let (needed, found) = (centroids.rows(), classifier.rows());
        return Err(InvalidInput::TooFewSamples { what: "rows of the classifier", needed, found });
    }
    let unit = normalize_rows(centroids)?;
    let mut result = classifier.clone();
    for c in 0..unit.rows() {
        result.row_mut(c).copy_from_slice(unit.row(c));
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, values: &[f64]) -> Matrix {
        Matrix::new(rows, values.len() / rows, values.to_vec()).unwrap()
    }

    #[test]
    fn features_are_averaged_and_not_normalised() {
        let found = average(&[&matrix(1, &[1.0, 0.0]), &matrix(1, &[0.0, 1.0])]).unwrap();
        assert_eq!(found.values(), [0.5, 0.5]);
        assert!(average(&[]).is_err());
        assert!(average(&[&matrix(1, &[1.0]), &matrix(1, &[1.0, 2.0])]).is_err());
    }

    #[test]
    fn noise_moves_no_centroid() {
        let features = matrix(4, &[1.0, 1.0, 3.0, 5.0, 9.0, 9.0, -2.0, 0.0]);
        let labels = [Some(1), Some(1), None, Some(0)];
        assert_eq!(centroids(&features, &labels, 2).unwrap().values(), [-2.0, 0.0, 2.0, 3.0]);
    }

    #[test]
    fn the_first_rows_become_unit_centroids_and_the_others_stay() {
        let found = classifier(&matrix(2, &[7.0, 7.0, 8.0, 8.0]), &matrix(1, &[3.0, 4.0])).unwrap();
        assert_eq!(found.values(), [0.6, 0.8, 8.0, 8.0]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let features = matrix(2, &[1.0, 2.0]);
        assert!(centroids(&features, &[None, None], 1).is_err());
        assert!(centroids(&features, &[Some(0), Some(2)], 2).is_err());
        assert!(centroids(&features, &[Some(0)], 1).is_err());
        assert!(centroids(&features, &[Some(0), Some(0)], 0).is_err());
        assert!(classifier(&features, &matrix(3, &[1.0, 2.0, 3.0])).is_err());
        assert!(classifier(&features, &matrix(1, &[1.0, 2.0])).is_err());
    }
}
