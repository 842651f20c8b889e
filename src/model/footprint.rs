//! How large a network is: the parameters it holds, and the values that a pass makes of an image.

use super::spec::{BlockKind, Spec};
use crate::data::ImageSize;

/// Size of a network, in values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Parameters without the classifier.
    pub parameters: u64,
    /// Outputs of all convolutions for one image.
    pub convolved: u64,
}

/// A map on its way through the network.
struct Walk {
    height: u64,
    width: u64,
    channels: u64,
    sum: Footprint,
}

impl Walk {
    /// A convolution, padded by half its kernel, with its norm.
    fn convolution(&mut self, channels: i64, kernel: i64, stride: i64) {
        self.pool(stride);
        let (outputs, kernel) = (channels.unsigned_abs(), kernel.unsigned_abs());
        self.sum.parameters += outputs * self.channels * kernel * kernel + 2 * outputs;
        self.sum.convolved += outputs * self.height * self.width;
        self.channels = outputs;
    }

    /// Steps of `stride` over the map, padded so that only they shorten it.
    fn pool(&mut self, stride: i64) {
        let stride = stride.unsigned_abs().max(1);
        (self.height, self.width) = (self.height.div_ceil(stride), self.width.div_ceil(stride));
    }

    fn block(&mut self, kind: BlockKind, width: i64, stride: i64) {
        let (height, map_width, inputs) = (self.height, self.width, self.channels);
        let outputs = kind.outputs(width);
        let body: &[(i64, i64, i64)] = match kind {
            BlockKind::Basic => &[(width, 3, stride), (outputs, 3, 1)],
            BlockKind::Bottleneck => &[(width, 1, 1), (width, 3, stride), (outputs, 1, 1)],
        };
        body.iter().for_each(|&(channels, kernel, stride)| self.convolution(channels, kernel, stride));
        if stride != 1 || inputs != self.channels {
            (self.height, self.width, self.channels) = (height, map_width, inputs);
            self.convolution(outputs, 1, stride);
        }
    }
}

impl Spec {
    /// Size of the network, and of its pass over an image of `size`.
    pub fn footprint(&self, size: ImageSize) -> Footprint {
        let sum = Footprint { parameters: 0, convolved: 0 };
        let mut walk = Walk { height: size.height as u64, width: size.width as u64, channels: 3, sum };
        walk.convolution(self.stem.channels, self.stem.kernel, self.stem.stride);
        if self.stem.max_pool {
            walk.pool(2);
        }
        for stage in &self.stages {
            for block in 0..stage.blocks {
                walk.block(self.block, stage.width, if block == 0 { stage.stride } else { 1 });
            }
        }
        if let Some(channels) = self.projection {
            walk.convolution(channels, 1, 1);
        }
        let pooled = self.pooled_features().unsigned_abs();
        let embedding =
            self.embedding.map_or(0, |embedding| (pooled + 1) * embedding.features.unsigned_abs());
        walk.sum.parameters += embedding + 2 * self.features().unsigned_abs();
        walk.sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: ImageSize = ImageSize { height: 224, width: 224 };

    /// Millions of convolution outputs for an image of 224 × 224 as the timm library lists them ("acts"), and torchvision's counts of
    /// parameters, of networks with stride 2 in the last stage and a classifier of 1000 rows.
    #[test]
    fn the_published_networks_have_the_sizes_that_are_known_of_them() {
        let basic = |blocks| Spec::published(BlockKind::Basic, blocks, false);
        let bottleneck = |blocks| Spec::published(BlockKind::Bottleneck, blocks, false);
        for (mut spec, millions, parameters) in [
            (basic([2, 2, 2, 2]), 2.48, 11_689_512),
            (basic([3, 4, 6, 3]), 3.74, 21_797_672),
            (bottleneck([3, 4, 6, 3]), 11.11, 25_557_032),
            (bottleneck([3, 4, 23, 3]), 16.23, 44_549_160),
            (bottleneck([3, 8, 36, 3]), 22.56, 60_192_808),
        ] {
            spec.stages[3].stride = 2;
            let found = spec.footprint(IMAGE);
            assert!((found.convolved as f64 / 1e6 - millions).abs() < 0.006, "{millions}: {found:?}");
            let features = spec.features().unsigned_abs();
            assert_eq!(found.parameters, parameters - 1000 * features - 1000 + 2 * features);
        }
    }

    #[test]
    fn the_small_network_is_counted_with_its_projection() {
        use crate::model::Network;
        use crate::random::stream;

        let place = (tch::Kind::Float, tch::Device::Cpu);
        let network = Network::new(&Spec::small(), 0, &mut stream(0, "test", 0, 0), place).unwrap();
        let parameters = network.entries().iter().filter(|entry| entry.role.is_parameter());
        let expected: usize = parameters.map(|entry| entry.tensor.numel()).sum();
        assert_eq!(Spec::small().footprint(ImageSize { height: 64, width: 32 }).parameters, expected as u64);
    }
}
