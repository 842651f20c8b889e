//! Batch-norm statistics of two domains for a trained network: alternating passes in training mode, without losses.

use std::sync::Arc;

use rand::seq::SliceRandom;

use super::settings::PretrainingSettings;
use super::{Observer, Stage};
use crate::data::{ImageStore, StreamName, TrainLoader};
use crate::error::Result;
use crate::model::Network;
use crate::random::stream;

/// Forwards `settings.statistics_passes` source and as many target batches, in turn, with the training transform. The
/// running statistics then describe both domains half and half, much as they do after published pre-training.
///
/// # Errors
/// An unreadable image, or what the observer returns.
pub fn set_statistics(
    network: &Network,
    settings: &PretrainingSettings,
    seed: u64,
    source: &Arc<ImageStore>,
    target: &Arc<ImageStore>,
    observer: &mut dyn Observer,
) -> Result<()> {
    let passes = settings.statistics_passes;
    let loader = |store: &Arc<ImageStore>, domain: &str| {
        let purpose = format!("statistics/{domain}");
        let batches = random_batches(store.len(), settings.statistics_batch, passes, seed, &purpose, 0);
        let streams = StreamName { seed, purpose: format!("{purpose}/augment"), epoch: 0 };
        let transform = settings.transform.transform(store.size());
        TrainLoader::new(store.clone(), transform, batches, streams, 1, network.device())
    };
    observer.progress(Stage::Statistics, 0, passes)?;
    for (at, (a, b)) in loader(source, "source")?.zip(loader(target, "target")?).enumerate() {
        for batch in [a?, b?] {
            network.observe(&network.place(&batch.views[0])?, settings.batch.group());
        }
        observer.progress(Stage::Statistics, at + 1, passes)?;
    }
    Ok(())
}

/// `count` batches of `size` of `images` images: shuffled passes, one after the other, cut into batches.
pub(super) fn random_batches(
    images: usize,
    size: usize,
    count: usize,
    seed: u64,
    purpose: &str,
    epoch: u64,
) -> Vec<Vec<usize>> {
    let mut order = Vec::with_capacity(size * count + images);
    let mut pass = 0;
    while order.len() < size * count {
        let mut all: Vec<usize> = (0..images).collect();
        all.shuffle(&mut stream(seed, purpose, epoch, pass));
        order.append(&mut all);
        pass += 1;
    }
    order.chunks(size).take(count).map(<[usize]>::to_vec).collect()
}
