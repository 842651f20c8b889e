//! D15: centroids of clusters, from which the classifiers start an epoch.

use tch::{Kind, Tensor};

use crate::distance::check_features;
use crate::error::{InvalidInput, Result};

/// `[M, D]`: mean of the rows of `features: [N, D]` with each label. Rows without one are noise and count nowhere.
///
/// # Errors
/// Labels that do not belong to the features, a label outside `0..clusters`, or a cluster without rows.
pub fn centroids(features: &Tensor, labels: &[Option<usize>], clusters: usize) -> Result<Tensor> {
    check_features(features, "features")?;
    if labels.len() as i64 != features.size()[0] {
        let (expected, found) = (features.size()[0].to_string(), labels.len().to_string());
        return Err(InvalidInput::Shape { what: "labels", expected, found }.into());
    }
    let (mut rows, mut of_rows, mut sizes) = (Vec::new(), Vec::new(), vec![0.0; clusters]);
    for (row, label) in labels.iter().enumerate() {
        let Some(label) = *label else { continue };
        if label >= clusters {
            return Err(InvalidInput::LabelOutOfRange { row, label: label as i64, classes: clusters }.into());
        }
        rows.push(row as i64);
        of_rows.push(label as i64);
        sizes[label] += 1.0;
    }
    if clusters == 0 || sizes.contains(&0.0) {
        return Err(InvalidInput::Empty { what: "a cluster" }.into());
    }
    let device = features.device();
    let kept = features.detach().index_select(0, &Tensor::from_slice(&rows).to_device(device));
    let sizes = Tensor::from_slice(&sizes).to_kind(features.kind()).to_device(device);
    let zeros = Tensor::zeros([clusters as i64, features.size()[1]], (features.kind(), device));
    let sums = zeros.index_add(0, &Tensor::from_slice(&of_rows).to_device(device), &kept);
    Ok((sums / sizes.unsqueeze(1)).to_kind(if features.kind() == Kind::Double {
        Kind::Double
    } else {
        Kind::Float
    }))
}
