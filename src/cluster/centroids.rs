//! D15: from pseudo labels to the classifiers' first weights.

use tch::Tensor;

use crate::distance::{check_features, normalize_rows};
use crate::error::{InvalidInput, Result};

/// Centroids `[clusters, D]` of `features: [N, D]` (f32 or f64, any device): the mean of the rows of each label (D15). Rows
/// without a label are noise and count nowhere.
///
/// # Errors
/// No features or clusters, values that are not finite, not one label per row, a label outside `0..clusters`, or a cluster
/// without a row.
pub fn centroids(features: &Tensor, labels: &[Option<usize>], clusters: usize) -> Result<Tensor> {
    check_features(features, "features")?;
    let rows = features.size()[0] as usize;
    if labels.len() != rows {
        let (expected, found) = (format!("one per row ({rows})"), labels.len().to_string());
        return Err(InvalidInput::Shape { what: "labels", expected, found }.into());
    }
    InvalidInput::at_least_one("clusters", clusters)?;
    let (kept, kept_labels, sizes) = members(labels, clusters)?;
    let place = |values: &[i64]| Tensor::from_slice(values).to_device(features.device());
    let sums = Tensor::zeros([clusters as i64, features.size()[1]], (features.kind(), features.device()))
        .index_add(0, &place(&kept_labels), &features.detach().index_select(0, &place(&kept)));
    Ok(sums / place(&sizes).to_kind(features.kind()).unsqueeze(1))
}

/// The first rows of all classifiers at the start of an epoch, `[C, D]` (D15): the centroids `[C, D]`, each divided by its norm
/// (D9), of the kind of the centroids.
///
/// # Errors
/// No centroids, or values that are not finite.
pub fn classifier(centroids: &Tensor) -> Result<Tensor> {
    check_features(centroids, "centroids")?;
    Ok(normalize_rows(centroids))
}

/// Rows with a label, their labels, and how many rows each cluster has.
fn members(labels: &[Option<usize>], clusters: usize) -> Result<(Vec<i64>, Vec<i64>, Vec<i64>)> {
    let mut sizes = vec![0; clusters];
    let (mut kept, mut kept_labels) = (Vec::new(), Vec::new());
    for (row, label) in labels.iter().enumerate() {
        let Some(label) = *label else { continue };
        let Some(size) = sizes.get_mut(label) else {
            return Err(InvalidInput::LabelOutOfRange { row, label: label as i64, classes: clusters }.into());
        };
        *size += 1;
        kept.push(row as i64);
        kept_labels.push(label as i64);
    }
    if sizes.contains(&0) {
        return Err(InvalidInput::TooFewSamples { what: "images of a cluster", needed: 1, found: 0 }.into());
    }
    Ok((kept, kept_labels, sizes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_moves_no_centroid_and_rows_become_unit_rows() {
        let features = Tensor::from_slice(&[1.0, 1.0, 5.0, 7.0, 9.0, 9.0, -2.0, 0.0]).view([4, 2]);
        let found = centroids(&features, &[Some(1), Some(1), None, Some(0)], 2).unwrap();
        assert_eq!(Vec::<f64>::try_from(found.view(-1)).unwrap(), [-2.0, 0.0, 3.0, 4.0]);
        let rows = Vec::<f64>::try_from(classifier(&found).unwrap().view(-1)).unwrap();
        assert_eq!(rows, [-1.0, 0.0, 0.6, 0.8]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let features = Tensor::from_slice(&[1.0, 2.0]).view([2, 1]);
        assert!(centroids(&features, &[None, None], 1).is_err());
        assert!(centroids(&features, &[Some(0), Some(2)], 2).is_err());
        assert!(centroids(&features, &[Some(0)], 1).is_err());
        assert!(centroids(&features, &[Some(0), Some(0)], 0).is_err());
    }
}
