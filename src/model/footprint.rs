//! How large a network is: the parameters it holds, and the values that a pass makes of an image.

use super::spec::Spec;
use crate::data::ImageSize;

/// Size of a network, in values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Footprint {
    /// Parameters without the classifier.
    pub parameters: u64,
    /// Outputs of all convolutions for one image.
    pub convolved: u64,
}

impl Spec {
    /// Size of the network, and of its pass over an image of `size`.
    pub fn footprint(&self, size: ImageSize) -> Footprint {
        let (mut parameters, mut convolved) = (0, 0);
        for it in self.convolutions(size) {
            let [height, width] = it.result();
            // With its norm.
            parameters += it.outputs * it.inputs * it.kernel * it.kernel + 2 * it.outputs;
            convolved += it.outputs * height * width;
        }
        let pooled = self.pooled_features();
        let embedding = self.embedding.map_or(0, |embedding| (pooled + 1) * embedding.features);
        parameters += embedding + 2 * self.features();
        Footprint { parameters: parameters.unsigned_abs(), convolved: convolved.unsigned_abs() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::BlockKind;

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
