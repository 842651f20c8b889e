//! The convolutions of a network by their shapes (D29), without making any.

use super::spec::{BlockKind, Spec};
use crate::data::ImageSize;

/// A convolution, padded by half its kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvolutionShape {
    /// Channels that come in.
    pub inputs: i64,
    /// Channels that go out.
    pub outputs: i64,
    /// Height and width of the kernel.
    pub kernel: i64,
    /// Pixels from one place of the kernel to the next.
    pub stride: i64,
    /// Height and width of what comes in.
    pub size: [i64; 2],
}

impl ConvolutionShape {
    /// Height and width of what goes out.
    pub fn result(&self) -> [i64; 2] {
        strided(self.size, self.stride)
    }
}

/// Steps of `stride` over a map, padded so that only they shorten it.
fn strided(size: [i64; 2], stride: i64) -> [i64; 2] {
    size.map(|side| (side - 1) / stride.max(1) + 1)
}

impl Spec {
    /// All convolutions of the network on images of `size`, in the order of their weights: a block's shortcut comes after its body.
    pub fn convolutions(&self, size: ImageSize) -> Vec<ConvolutionShape> {
        let mut walk = Walk { size: [size.height as i64, size.width as i64], channels: 3, all: Vec::new() };
        walk.convolution(self.stem.channels, self.stem.kernel, self.stem.stride);
        if self.stem.max_pool {
            walk.size = strided(walk.size, 2);
        }
        for stage in &self.stages {
            for block in 0..stage.blocks {
                walk.block(self.block, stage.width, if block == 0 { stage.stride } else { 1 });
            }
        }
        if let Some(outputs) = self.projection {
            walk.convolution(outputs, 1, 1);
        }
        walk.all
    }
}

/// A map on its way through the network.
struct Walk {
    size: [i64; 2],
    channels: i64,
    all: Vec<ConvolutionShape>,
}

impl Walk {
    fn convolution(&mut self, outputs: i64, kernel: i64, stride: i64) {
        let shape = ConvolutionShape { inputs: self.channels, outputs, kernel, stride, size: self.size };
        (self.size, self.channels) = (shape.result(), outputs);
        self.all.push(shape);
    }

    fn block(&mut self, kind: BlockKind, width: i64, stride: i64) {
        let (size, inputs) = (self.size, self.channels);
        let outputs = kind.outputs(width);
        let body: &[(i64, i64, i64)] = match kind {
            BlockKind::Basic => &[(width, 3, stride), (outputs, 3, 1)],
            BlockKind::Bottleneck => &[(width, 1, 1), (width, 3, stride), (outputs, 1, 1)],
        };
        body.iter().for_each(|&(channels, kernel, stride)| self.convolution(channels, kernel, stride));
        if stride != 1 || inputs != outputs {
            (self.size, self.channels) = (size, inputs);
            self.convolution(outputs, 1, stride);
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::model::Network;
    use crate::random::stream;

    const SMALL: ImageSize = ImageSize { height: 64, width: 32 };
    const LARGER: ImageSize = ImageSize { height: 128, width: 64 };

    #[test]
    fn they_are_those_of_the_network_itself() {
        for (spec, size) in [(Spec::small(), SMALL), (Spec::resnet50(), LARGER)] {
            let place = (Kind::Float, Device::Cpu);
            let network = Network::new(&spec, 3, &mut stream(0, "test", 0, 0), place).unwrap();
            let weights = network.entries().iter().map(|entry| entry.tensor.size());
            let mut kernels: Vec<Vec<i64>> = weights.filter(|size| size.len() == 4).collect();
            let shapes = spec.convolutions(size);
            let kernel = |it: &ConvolutionShape| vec![it.outputs, it.inputs, it.kernel, it.kernel];
            let mut found: Vec<Vec<i64>> = shapes.iter().map(kernel).collect();
            kernels.sort();
            found.sort();
            assert_eq!(found, kernels);
        }
        // 64 × 32 halved by the stem and by two stages, and the projection on what is left.
        let last = *Spec::small().convolutions(SMALL).last().unwrap();
        let expected = ConvolutionShape { inputs: 64, outputs: 512, kernel: 1, stride: 1, size: [8, 4] };
        assert_eq!(last, expected);
        // Four halvings of a published ResNet, whose last stage has stride 1.
        assert_eq!(Spec::resnet50().convolutions(LARGER).last().unwrap().result(), [8, 4]);
    }
}
