//! Batch norm (D30) with the published grouping as an option, and the half instance, half batch norm of IBN-a.

use rand::Rng;
use tch::{Kind, Tensor};

use super::initial::Builder;
use super::state::Role;
use crate::shim::{self, NormRule};

/// Added to the variance.
const EPSILON: f64 = 1e-5;
/// Share of the newest batch in the running statistics.
const MOMENTUM: f64 = 0.1;

/// Which statistics a batch norm uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchStatistics {
    /// Training: those of the batch, which also move the running ones. `group`: of each run of that many images
    /// separately, the first of which alone moves the running ones. That is what data parallelism does: the published runs
    /// had 16 images per card.
    Batch {
        /// Images per group; all in one where there is none.
        group: Option<i64>,
    },
    /// Evaluation: the running ones.
    Running,
}

/// A batch norm over `[B, C]` or `[B, C, H, W]`.
#[derive(Debug)]
pub(super) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
    batches: Tensor,
}

impl BatchNorm {
    /// `bias`: [`Role::Frozen`] in the neck, [`Role::Trained`] elsewhere.
    pub fn new<R: Rng>(builder: &mut Builder<R>, name: &str, channels: i64, bias: Role) -> Self {
        let shape = [channels];
        Self {
            weight: builder.constant(format!("{name}.weight"), &shape, 1.0, Role::Trained),
            bias: builder.constant(format!("{name}.bias"), &shape, 0.0, bias),
            running_mean: builder.constant(format!("{name}.running_mean"), &shape, 0.0, Role::Buffer),
            running_var: builder.constant(format!("{name}.running_var"), &shape, 1.0, Role::Buffer),
            batches: builder.counter(format!("{name}.num_batches_tracked")),
        }
    }

    pub fn forward(&self, x: &Tensor, statistics: BatchStatistics) -> Tensor {
        self.forward_then(x, statistics, &Then::default())
    }

    /// [`BatchNorm::forward`] with what follows it, which costs little if it is done at once.
    pub fn forward_then(&self, x: &Tensor, statistics: BatchStatistics, then: &Then) -> Tensor {
        match statistics {
            BatchStatistics::Running => self.apply(x, false, true, then),
            BatchStatistics::Batch { group } => {
                let _ = tch::no_grad(|| self.batches.shallow_clone().g_add_scalar_(1));
                match group.filter(|group| *group < x.size()[0]) {
                    None => self.apply(x, true, true, then),
                    Some(group) => then.follow(self.by_group(x, group)),
                }
            }
        }
    }

    /// A last, smaller group is normalised by itself, too.
    fn by_group(&self, x: &Tensor, group: i64) -> Tensor {
        let parts = x.split(group, 0);
        let plain = Then::default();
        let normalised: Vec<Tensor> =
            parts.iter().enumerate().map(|(at, part)| self.apply(part, true, at == 0, &plain)).collect();
        Tensor::cat(&normalised, 0)
    }

    fn apply(&self, x: &Tensor, training: bool, with_running: bool, then: &Then) -> Tensor {
        let running = with_running.then_some([&self.running_mean, &self.running_var]);
        normalised(x, [&self.weight, &self.bias], running, training, then)
    }
}

/// Batch norm (D30) of `x: [B, C, H, W]` with γ, β and running mean and variance `[C]`, which training moves.
pub(crate) fn batch_norm(x: &Tensor, affine: [&Tensor; 2], running: [&Tensor; 2], training: bool) -> Tensor {
    normalised(x, affine, Some(running), training, &Then::default())
}

fn normalised(
    x: &Tensor,
    affine: [&Tensor; 2],
    running: Option<[&Tensor; 2]>,
    training: bool,
    then: &Then,
) -> Tensor {
    let rule = NormRule { training, momentum: MOMENTUM, epsilon: EPSILON };
    let fused = shim::fused_norm(x, affine, running, then.shortcut, then.relu, rule);
    fused.unwrap_or_else(|| then.follow(unfused(x, affine, running, rule)))
}

/// libtorch's own batch norm, for what the fused one does not know.
fn unfused(
    x: &Tensor,
    [weight, bias]: [&Tensor; 2],
    running: Option<[&Tensor; 2]>,
    rule: NormRule,
) -> Tensor {
    x.batch_norm(
        Some(weight),
        Some(bias),
        running.map(|running| running[0]),
        running.map(|running| running[1]),
        rule.training,
        rule.momentum,
        rule.epsilon,
        true,
    )
}

/// The steps after a norm: the sum with a shortcut, then a ReLU.
#[derive(Debug, Default)]
pub(super) struct Then<'a> {
    /// Added to the norm's output.
    pub shortcut: Option<&'a Tensor>,
    /// Whether a ReLU ends it.
    pub relu: bool,
}

impl Then<'_> {
    /// A ReLU and nothing else.
    pub const RELU: Then<'static> = Then { shortcut: None, relu: true };

    /// The same done to the finished output of a norm, which is overwritten.
    fn follow(&self, mut normalised: Tensor) -> Tensor {
        if let Some(shortcut) = self.shortcut {
            normalised = normalised.g_add_(shortcut);
        }
        if self.relu { normalised.relu_() } else { normalised }
    }
}

/// IBN-a: instance norm on the first half of the channels, batch norm on the rest.
#[derive(Debug)]
pub(super) struct Ibn {
    half: i64,
    weight: Tensor,
    bias: Tensor,
    batch: BatchNorm,
}

impl Ibn {
    pub fn new<R: Rng>(builder: &mut Builder<R>, name: &str, channels: i64) -> Self {
        let half = channels / 2;
        Self {
            half,
            weight: builder.constant(format!("{name}.IN.weight"), &[half], 1.0, Role::Trained),
            bias: builder.constant(format!("{name}.IN.bias"), &[half], 0.0, Role::Trained),
            batch: BatchNorm::new(builder, &format!("{name}.BN"), channels - half, Role::Trained),
        }
    }

    pub fn forward_then(&self, x: &Tensor, statistics: BatchStatistics, then: &Then) -> Tensor {
        let rest = x.size()[1] - self.half;
        let instance = x.narrow(1, 0, self.half).contiguous().instance_norm(
            Some(&self.weight),
            Some(&self.bias),
            None::<&Tensor>,
            None::<&Tensor>,
            true,
            MOMENTUM,
            EPSILON,
            true,
        );
        let batch = self.batch.forward(&x.narrow(1, self.half, rest).contiguous(), statistics);
        then.follow(Tensor::cat(&[instance, batch], 1))
    }
}

/// Unit length of each row (D9).
pub(super) fn unit_length(x: &Tensor) -> Tensor {
    x / x.square().sum_dim_intlist(-1, true, None::<Kind>).sqrt().clamp_min(1e-12)
}
