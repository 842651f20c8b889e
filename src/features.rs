//! Images → features: the evaluation mode of one network, or the average of two (what clustering works on).
//!
//! ```
//! use std::sync::Arc;
//! use mmt::data::{ImageSize, ImageStore};
//! use mmt::features::{average, extract};
//! use mmt::model::{Network, Spec};
//! use mmt::random::stream;
//! use tch::{Device, Kind};
//!
//! # fn main() -> mmt::Result<()> {
//! # let folder = tempfile::tempdir().map_err(mmt::Error::io("write", &std::env::temp_dir()))?;
//! # let path = folder.path().join("person.png");
//! # image::RgbImage::new(32, 64).save(&path).map_err(|error| mmt::Error::Usage(error.to_string()))?;
//! let size = ImageSize { height: 64, width: 32 };
//! let images = Arc::new(ImageStore::open(vec![path], size, 0, &mut |_, _| Ok(()))?);
//! let place = (Kind::Float, Device::Cpu);
//! let network = |seed| Network::new(&Spec::small(), 0, &mut stream(seed, "example", 0, 0), place);
//! let (one, two) = (network(1)?, network(2)?);
//! let features = extract(&[&one, &two], &images, 128, &mut |_| Ok(()))?;
//! assert_eq!(average(&features).size(), [1, 512]);
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;

use tch::{Device, Tensor};

use crate::data::{EvaluationLoader, ImageStore};
use crate::device::memory::guarded;
use crate::error::Result;
use crate::model::Network;

/// The settings to lower where memory is lacking.
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
