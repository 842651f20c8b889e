//! Features of images: what a network says of each, in the order of the store, whatever the size of a batch.

use std::sync::Arc;

use image::{ImageBuffer, Rgb};
use mmt::data::{EvaluationLoader, ImageSize, ImageStore};
use mmt::features::extract;
use mmt::model::{BlockKind, Network, Spec, Stage, Stem};
use mmt::random::stream;
use mmt_testkit::Trial;
use mmt_testkit::tolerance::{Quantity, Width, check};
use tch::{Device, Kind, Tensor};

use crate::side::block_sizes;

const IMAGES: usize = 7;

fn network(seed: u64) -> Trial<Network> {
    let spec = Spec {
        block: BlockKind::Basic,
        stem: Stem { kernel: 3, stride: 1, channels: 4, relu: true, max_pool: true },
        stages: vec![Stage { blocks: 1, width: 4, stride: 1, ibn: false }],
        projection: Some(5),
        embedding: None,
    };
    Ok(Network::new(&spec, 3, &mut stream(seed, "features", 0, 0), (Kind::Double, Device::Cpu))?)
}

#[test]
fn batches_of_any_size_give_each_image_its_own_features_of_each_network() -> Trial {
    let folder = tempfile::tempdir()?;
    let paths: Vec<_> = (0..IMAGES).map(|at| folder.path().join(format!("{at}.png"))).collect();
    for (at, path) in paths.iter().enumerate() {
        let image = ImageBuffer::from_fn(8, 16, |x, y| {
            Rgb([(x * 31) as u8, (y * 15) as u8, (at as u32 * 37 + x * y) as u8])
        });
        image.save(path)?;
    }
    let size = ImageSize { height: 16, width: 8 };
    let store = Arc::new(ImageStore::open(paths, size, usize::MAX, &mut |_, _| Ok(()))?);
    let networks = [network(1)?, network(2)?];
    let networks: Vec<&Network> = networks.iter().collect();
    let images: Vec<Tensor> = EvaluationLoader::new(store.clone(), 1, Device::Cpu)?
        .map(|batch| Ok(batch?.images))
        .collect::<mmt::Result<_>>()?;
    for size in block_sizes(IMAGES) {
        let mut done = Vec::new();
        let found = extract(&networks, &store, size, &mut |images| {
            done.push(images);
            Ok(())
        })?;
        assert_eq!(found.len(), 2);
        for (network, found) in networks.iter().zip(&found) {
            let alone = images.iter().map(|image| Ok(network.embed(&network.place(image)?)));
            let expected = Tensor::cat(&alone.collect::<mmt::Result<Vec<_>>>()?, 0);
            check("D29", Quantity::Value, Width::Double, 1.0, found, &expected)?;
        }
        let expected: Vec<usize> =
            (1..=IMAGES.div_ceil(size)).map(|batch| (batch * size).min(IMAGES)).collect();
        assert_eq!(done, expected);
    }
    Ok(())
}
