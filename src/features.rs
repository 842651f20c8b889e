//! Images → features: the evaluation mode of one network, or the average of two (what clustering works on).

use std::sync::Arc;

use tch::{Device, Tensor};

use crate::data::{EvaluationLoader, ImageStore};
use crate::device::memory::guarded;
use crate::error::Result;
use crate::model::Network;

/// What a lack of memory says to lower.
const LOWER: &str = "the batch that features are made in (`--batch` of the tools) or the size of the images";

/// Unit-length features of all images of `store`, by each of `networks`: a `[N, D]` tensor per network, on its device, rows in
/// the order of the store. Every image is loaded once for all networks.
///
/// `progress` is told after each batch how many images are done; its error ends the work.
///
/// # Errors
/// An image that cannot be read, a lack of memory, or what `progress` returns.
pub fn extract(
    networks: &[&Network],
    store: &Arc<ImageStore>,
    batch_size: usize,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<Vec<Tensor>> {
    let mut parts: Vec<Vec<Tensor>> = networks.iter().map(|_| Vec::new()).collect();
    let mut done = 0;
    let device = networks.first().map_or(Device::Cpu, |network| network.device());
    for batch in EvaluationLoader::new(store.clone(), batch_size, device)? {
        let batch = batch?;
        guarded(LOWER, || {
            for (network, parts) in networks.iter().zip(&mut parts) {
                parts.push(network.embed(&network.place(&batch.images)?));
            }
            Ok(())
        })?;
        done += batch.indices.len();
        progress(done)?;
    }
    guarded(LOWER, || Ok(parts.iter().map(|parts| Tensor::cat(parts, 0)).collect()))
}

/// Mean of the networks' features, not normalised again: what k-means clusters (published).
pub fn average(features: &[Tensor]) -> Tensor {
    Tensor::stack(features, 0).mean_dim(0, false, features[0].kind())
}
