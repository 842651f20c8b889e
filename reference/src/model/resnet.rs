//! D29: what a residual network is made of, and its layers in the published order and under the published
//! names.

use super::layer::Layer;
use crate::error::{InvalidInput, Result};

/// Kind of a residual block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockKind {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3, 1×1 convolutions; the last one widens by 4.
    Bottleneck,
}

impl BlockKind {
    /// Channels that leave a block of `width`.
    pub fn outputs(self, width: usize) -> usize {
        match self {
            Self::Basic => width,
            Self::Bottleneck => 4 * width,
        }
    }
}

/// The first convolution and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stem {
    /// Side of the kernel; it is padded by half of it.
    pub kernel: usize,
    /// Stride of the convolution.
    pub stride: usize,
    /// Channels of the convolution.
    pub channels: usize,
    /// A ReLU after the first batch norm. The published ResNet-50 has none, the published IBN-ResNet-50-a has
    /// one.
    pub relu: bool,
    /// A 3×3 max-pool with stride 2.
    pub max_pool: bool,
}

/// A row of residual blocks of one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Number of blocks.
    pub blocks: usize,
    /// Width of a block.
    pub width: usize,
    /// Stride of the first block.
    pub stride: usize,
    /// The first norm of every block is half instance norm, half batch norm (IBN-a).
    pub ibn: bool,
}

/// A linear layer between the pooled features and the neck (published `num_features` > 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Embedding {
    /// Its outputs.
    pub features: usize,
    /// Training normalises the neck's output to unit length instead of applying a ReLU (published `norm`).
    pub unit_length: bool,
}

/// A residual network with its neck (D29, D31).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spec {
    /// Kind of all blocks.
    pub block: BlockKind,
    /// Before the stages.
    pub stem: Stem,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// A 1×1 convolution with batch norm and ReLU to this many channels after the last stage. Not in the
    /// published networks.
    pub projection: Option<usize>,
    /// Not used by the published runs.
    pub embedding: Option<Embedding>,
}

impl Spec {
    /// Published ResNet-50: torchvision's layers, stride 1 in the last stage, no ReLU after the first batch
    /// norm.
    pub fn resnet50() -> Self {
        Self::fifty(false)
    }

    /// Published IBN-ResNet-50-a: a ReLU after the first batch norm, IBN in stages 1–3.
    pub fn resnet_ibn50a() -> Self {
        Self::fifty(true)
    }

    fn fifty(ibn: bool) -> Self {
        let stage = |blocks, width, stride, ibn| Stage { blocks, width, stride, ibn };
        Self {
            block: BlockKind::Bottleneck,
            stem: Stem { kernel: 7, stride: 2, channels: 64, relu: ibn, max_pool: true },
            stages: vec![
                stage(3, 64, 1, ibn),
                stage(4, 128, 2, ibn),
                stage(6, 256, 2, ibn),
                stage(3, 512, 1, false),
            ],
            projection: None,
            embedding: None,
        }
    }

    /// Dimension of the pooled features.
    pub fn pooled_features(&self) -> usize {
        let last = self.stages.last().map_or(self.stem.channels, |stage| self.block.outputs(stage.width));
        self.projection.unwrap_or(last)
    }

    /// Dimension of the neck, D: what evaluation returns and the classifier takes.
    pub fn features(&self) -> usize {
        self.embedding.map_or(self.pooled_features(), |embedding| embedding.features)
    }

    /// Refuses sizes of 0, a network without stages, and IBN on a single channel.
    pub fn check(&self) -> Result<()> {
        let mut sizes = vec![self.stem.kernel, self.stem.stride, self.stem.channels];
        for stage in &self.stages {
            sizes.extend([stage.blocks, stage.width, stage.stride]);
        }
        sizes.extend(self.projection);
        sizes.extend(self.embedding.map(|embedding| embedding.features));
        if sizes.contains(&0) {
            let (what, allowed) = ("a size in the network's spec", "at least 1");
            return Err(InvalidInput::Parameter { what, value: 0.0, allowed });
        }
        if self.stages.is_empty() {
            return Err(InvalidInput::Empty { what: "the list of stages" });
        }
        if self.stages.iter().any(|stage| stage.ibn && stage.width < 2) {
            let (what, allowed) = ("width of an IBN stage", "at least 2");
            return Err(InvalidInput::Parameter { what, value: 1.0, allowed });
        }
        Ok(())
    }

    /// The published sequence `base` (D29): element N holds the layers named `base.N`. Convolution, batch
    /// norm, then ReLU and max-pool where the spec has them, then one element a stage.
    pub fn base(&self) -> Vec<Layer> {
        let stem = self.stem;
        let mut base = vec![
            convolution("base.0".into(), 3, stem.channels, stem.kernel, stem.stride),
            Layer::BatchNorm { name: "base.1".into(), channels: stem.channels },
        ];
        if stem.relu {
            base.push(Layer::Relu);
        }
        if stem.max_pool {
            base.push(Layer::MaxPool);
        }
        let mut channels = stem.channels;
        for stage in &self.stages {
            let mut blocks = Vec::new();
            for number in 0..stage.blocks {
                let name = format!("base.{}.{number}", base.len());
                let stride = if number == 0 { stage.stride } else { 1 };
                blocks.push(self.residual_block(&name, channels, stage, stride));
                channels = self.block.outputs(stage.width);
            }
            base.push(Layer::Sequence(blocks));
        }
        base
    }

    /// 1×1 convolution, batch norm and ReLU after the last stage, if the spec has them.
    pub fn projection_layers(&self) -> Vec<Layer> {
        let last = self.stages.last().map_or(self.stem.channels, |stage| self.block.outputs(stage.width));
        match self.projection {
            Some(outputs) => vec![
                convolution("projection.0".into(), last, outputs, 1, 1),
                Layer::BatchNorm { name: "projection.1".into(), channels: outputs },
                Layer::Relu,
            ],
            None => Vec::new(),
        }
    }

    /// A residual block (D29): convolutions with norms, a ReLU between them; its shortcut is a strided 1×1
    /// convolution with batch norm where the shape changes. The stride stands at the 3×3 convolution (the
    /// first of a basic block).
    fn residual_block(&self, name: &str, inputs: usize, stage: &Stage, stride: usize) -> Layer {
        let (width, outputs) = (stage.width, self.block.outputs(stage.width));
        let plan = match self.block {
            BlockKind::Basic => vec![(3, width, stride), (3, outputs, 1)],
            BlockKind::Bottleneck => vec![(1, width, 1), (3, width, stride), (1, outputs, 1)],
        };
        let (mut body, mut channels) = (Vec::new(), inputs);
        for (at, (kernel, out, stride)) in plan.into_iter().enumerate() {
            if at > 0 {
                body.push(Layer::Relu);
            }
            body.push(convolution(format!("{name}.conv{}", at + 1), channels, out, kernel, stride));
            let norm = format!("{name}.bn{}", at + 1);
            body.push(match stage.ibn && at == 0 {
                true => Layer::Ibn { name: norm, channels: out },
                false => Layer::BatchNorm { name: norm, channels: out },
            });
            channels = out;
        }
        let mut shortcut = Vec::new();
        if stride != 1 || inputs != outputs {
            shortcut.push(convolution(format!("{name}.downsample.0"), inputs, outputs, 1, stride));
            shortcut.push(Layer::BatchNorm { name: format!("{name}.downsample.1"), channels: outputs });
        }
        Layer::Block { body, shortcut }
    }
}

fn convolution(name: String, inputs: usize, outputs: usize, side: usize, stride: usize) -> Layer {
    Layer::Convolution { name, shape: [outputs, inputs, side, side], stride }
}
