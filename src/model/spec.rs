//! The parts of a residual network (D29), as data: ResNet-50, IBN-ResNet-50-a and the small network of the quick
//! profile are three specs of one code.

use serde::{Deserialize, Serialize};

use crate::error::{InvalidInput, Result};

/// Kind of a residual block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BlockKind {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3, 1×1 convolutions; the last one widens by 4.
    Bottleneck,
}

impl BlockKind {
    /// Channels that leave a block of `width`.
    pub fn outputs(self, width: i64) -> i64 {
        match self {
            Self::Basic => width,
            Self::Bottleneck => 4 * width,
        }
    }
}

/// The first convolution and what follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stem {
    /// Side of the kernel; it is padded by half of it.
    pub kernel: i64,
    /// Stride of the convolution.
    pub stride: i64,
    /// Channels of the convolution.
    pub channels: i64,
    /// A ReLU after the first batch norm. The published ResNet-50 has none, the published IBN-ResNet-50-a has one.
    pub relu: bool,
    /// A 3×3 max-pool with stride 2.
    pub max_pool: bool,
}

/// A row of residual blocks of one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Number of blocks.
    pub blocks: usize,
    /// Width of a block.
    pub width: i64,
    /// Stride of the first block.
    pub stride: i64,
    /// The first norm of every block is half instance norm, half batch norm (IBN-a).
    pub ibn: bool,
}

/// A linear layer between the pooled features and the neck (published `num_features` > 0).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Its outputs.
    pub features: i64,
    /// Training normalises the neck's output to unit length instead of applying a ReLU (published `norm`).
    pub unit_length: bool,
}

/// A residual network with its neck (D29, D31).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Kind of all blocks.
    pub block: BlockKind,
    /// Before the stages.
    pub stem: Stem,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// A 1×1 convolution with batch norm and ReLU to this many channels after the last stage. Not in the published
    /// networks: it gives a small trunk features wide enough for the softmax-triplet loss.
    #[serde(default)]
    pub projection: Option<i64>,
    /// Not used by the published runs.
    #[serde(default)]
    pub embedding: Option<Embedding>,
}

impl Spec {
    /// The published networks: torchvision's layers, with stride 1 in the last stage. Without IBN there is no ReLU after the first
    /// batch norm; with it there is one, and stages 1–3 have IBN.
    pub fn published(block: BlockKind, blocks: [usize; 4], ibn: bool) -> Self {
        let stage = |at: usize, width, stride, ibn| Stage { blocks: blocks[at], width, stride, ibn };
        Self {
            block,
            stem: Stem { kernel: 7, stride: 2, channels: 64, relu: ibn, max_pool: true },
            stages: vec![
                stage(0, 64, 1, ibn),
                stage(1, 128, 2, ibn),
                stage(2, 256, 2, ibn),
                stage(3, 512, 1, false),
            ],
            projection: None,
            embedding: None,
        }
    }

    /// Published ResNet-50.
    pub fn resnet50() -> Self {
        Self::published(BlockKind::Bottleneck, [3, 4, 6, 3], false)
    }

    /// Published IBN-ResNet-50-a.
    pub fn resnet_ibn50a() -> Self {
        Self::published(BlockKind::Bottleneck, [3, 4, 6, 3], true)
    }

    /// The small network of the quick profile, for 64×32 images: 237 thousand parameters, features of dimension 512.
    pub fn small() -> Self {
        let stage = |width, stride| Stage { blocks: 1, width, stride, ibn: false };
        Self {
            block: BlockKind::Basic,
            stem: Stem { kernel: 3, stride: 2, channels: 16, relu: false, max_pool: false },
            stages: vec![stage(16, 1), stage(32, 2), stage(64, 2), stage(64, 1)],
            projection: Some(512),
            embedding: None,
        }
    }

    /// Number of the first stage in the published `base` sequence: it follows the layers of the stem.
    pub fn first_stage(&self) -> usize {
        2 + usize::from(self.stem.relu) + usize::from(self.stem.max_pool)
    }

    /// Dimension of the pooled features.
    pub fn pooled_features(&self) -> i64 {
        let last = self.stages.last().map_or(self.stem.channels, |stage| self.block.outputs(stage.width));
        self.projection.unwrap_or(last)
    }

    /// Dimension of the neck, D: what evaluation returns and the classifier takes.
    pub fn features(&self) -> i64 {
        self.embedding.map_or(self.pooled_features(), |embedding| embedding.features)
    }

    /// # Errors
    /// A size that is not positive, no stage, or IBN on an odd width.
    pub fn check(&self) -> Result<()> {
        let sizes = [self.stem.kernel, self.stem.stride, self.stem.channels]
            .into_iter()
            .chain(self.stages.iter().flat_map(|stage| [stage.blocks as i64, stage.width, stage.stride]))
            .chain(self.projection)
            .chain(self.embedding.map(|embedding| embedding.features));
        for value in sizes {
            if value < 1 {
                let (what, allowed) = ("a size in the network's spec", "at least 1");
                return Err(InvalidInput::Parameter { what, value: value as f64, allowed }.into());
            }
        }
        if self.stages.is_empty() {
            return Err(InvalidInput::Empty { what: "the list of stages" }.into());
        }
        if let Some(stage) = self.stages.iter().find(|stage| stage.ibn && stage.width < 2) {
            let (what, allowed) = ("width of an IBN stage", "at least 2");
            return Err(InvalidInput::Parameter { what, value: stage.width as f64, allowed }.into());
        }
        Ok(())
    }
}
