//! Stem, residual blocks and projection.

use rand::Rng;
use tch::Tensor;

use super::initial::Builder;
use super::norm::{BatchNorm, BatchStatistics, Ibn, Then};
use super::spec::{BlockKind, Stem};
use super::state::Role;

/// A convolution without bias, padded by half its kernel.
#[derive(Debug)]
struct Convolution {
    weight: Tensor,
    stride: i64,
    padding: i64,
}

impl Convolution {
    fn new<R: Rng>(
        builder: &mut Builder<R>,
        name: &str,
        inputs: i64,
        outputs: i64,
        kernel: i64,
        stride: i64,
    ) -> Self {
        let weight = builder.convolution(format!("{name}.weight"), inputs, outputs, kernel);
        Self { weight, stride, padding: kernel / 2 }
    }

    fn forward(&self, x: &Tensor) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        x.conv2d(&self.weight, None::<Tensor>, stride, padding, [1, 1], 1)
    }
}

/// The norm after a block's convolution.
#[derive(Debug)]
enum Norm {
    Batch(BatchNorm),
    Ibn(Ibn),
}

impl Norm {
    fn forward_then(&self, x: &Tensor, statistics: BatchStatistics, then: &Then) -> Tensor {
        match self {
            Self::Batch(norm) => norm.forward_then(x, statistics, then),
            Self::Ibn(norm) => norm.forward_then(x, statistics, then),
        }
    }
}

/// First convolution, its norm, and the pooling.
#[derive(Debug)]
pub(super) struct StemLayer {
    convolution: Convolution,
    norm: BatchNorm,
    relu: bool,
    max_pool: bool,
}

impl StemLayer {
    pub fn new<R: Rng>(builder: &mut Builder<R>, stem: Stem) -> Self {
        Self {
            convolution: Convolution::new(builder, "base.0", 3, stem.channels, stem.kernel, stem.stride),
            norm: BatchNorm::new(builder, "base.1", stem.channels, Role::Trained),
            relu: stem.relu,
            max_pool: stem.max_pool,
        }
    }

    pub fn forward(&self, x: &Tensor, statistics: BatchStatistics) -> Tensor {
        let then = Then { shortcut: None, relu: self.relu };
        let x = self.norm.forward_then(&self.convolution.forward(x), statistics, &then);
        if self.max_pool { max_pool(&x) } else { x }
    }

    /// Outputs of each layer, in the order of the published `base` sequence.
    pub fn outputs(&self, x: &Tensor, statistics: BatchStatistics) -> Vec<Tensor> {
        let convolved = self.convolution.forward(x);
        let normalised = self.norm.forward(&convolved, statistics);
        let mut outputs = vec![convolved, normalised];
        if self.relu {
            outputs.push(outputs[1].relu());
        }
        if self.max_pool {
            outputs.push(max_pool(&outputs[outputs.len() - 1]));
        }
        outputs
    }
}

fn max_pool(x: &Tensor) -> Tensor {
    x.max_pool2d([3, 3], [2, 2], [1, 1], [1, 1], false)
}

/// A residual block: convolutions with norms, a ReLU between them, the input added before the last one.
#[derive(Debug)]
pub(super) struct Block {
    body: Vec<(Convolution, Norm)>,
    downsample: Option<(Convolution, BatchNorm)>,
}

impl Block {
    pub fn new<R: Rng>(
        builder: &mut Builder<R>,
        name: &str,
        kind: BlockKind,
        inputs: i64,
        width: i64,
        stride: i64,
        ibn: bool,
    ) -> Self {
        let outputs = kind.outputs(width);
        let plan: &[(i64, i64, i64)] = match kind {
            BlockKind::Basic => &[(3, width, stride), (3, outputs, 1)],
            BlockKind::Bottleneck => &[(1, width, 1), (3, width, stride), (1, outputs, 1)],
        };
        let mut body = Vec::new();
        let mut channels = inputs;
        for (at, &(kernel, out, stride)) in plan.iter().enumerate() {
            let number = at + 1;
            let convolution =
                Convolution::new(builder, &format!("{name}.conv{number}"), channels, out, kernel, stride);
            let norm_name = format!("{name}.bn{number}");
            let norm = if ibn && at == 0 {
                Norm::Ibn(Ibn::new(builder, &norm_name, out))
            } else {
                Norm::Batch(BatchNorm::new(builder, &norm_name, out, Role::Trained))
            };
            body.push((convolution, norm));
            channels = out;
        }
        let downsample = (stride != 1 || inputs != outputs).then(|| {
            let convolution =
                Convolution::new(builder, &format!("{name}.downsample.0"), inputs, outputs, 1, stride);
            (convolution, BatchNorm::new(builder, &format!("{name}.downsample.1"), outputs, Role::Trained))
        });
        Self { body, downsample }
    }

    pub fn forward(&self, input: &Tensor, statistics: BatchStatistics) -> Tensor {
        let shortcut = match &self.downsample {
            Some((convolution, norm)) => norm.forward(&convolution.forward(input), statistics),
            None => input.shallow_clone(),
        };
        let end = Then { shortcut: Some(&shortcut), relu: true };
        let last = self.body.len() - 1;
        let mut x = input.shallow_clone();
        for (at, (convolution, norm)) in self.body.iter().enumerate() {
            let then = if at == last { &end } else { &Then::RELU };
            x = norm.forward_then(&convolution.forward(&x), statistics, then);
        }
        x
    }
}

/// 1×1 convolution, batch norm, ReLU.
#[derive(Debug)]
pub(super) struct Projection {
    convolution: Convolution,
    norm: BatchNorm,
}

impl Projection {
    pub fn new<R: Rng>(builder: &mut Builder<R>, inputs: i64, outputs: i64) -> Self {
        Self {
            convolution: Convolution::new(builder, "projection.0", inputs, outputs, 1, 1),
            norm: BatchNorm::new(builder, "projection.1", outputs, Role::Trained),
        }
    }

    pub fn forward(&self, x: &Tensor, statistics: BatchStatistics) -> Tensor {
        self.norm.forward_then(&self.convolution.forward(x), statistics, &Then::RELU)
    }
}
