//! Where the time of a step of mutual mean-teaching goes (D33), on this machine: its parts, the whole, and the floor, which is the bare
//! convolutions and products of the same shapes. What is timed is what an epoch runs.

use std::time::Instant;

use tch::{Device, Kind, Tensor};

use crate::data::ImageSize;
use crate::error::{Error, InvalidInput, Result};
use crate::loss::objective::{Weights, mutual_mean_teaching};
use crate::model::{BlockKind, Network, Spec};
use crate::random::stream;
use crate::shim;
use crate::train::{AdaptationSettings, FusedAdam, Learners, Passes, StepSettings, ema};

/// Steps that are not counted: memory is fetched, kernels are chosen.
const WARM_UP: usize = 3;
/// Small enough for a network of random weights to stay one.
const LEARNING_RATE: f64 = 1e-6;
/// α of the mean networks.
const DECAY: f64 = 0.99;
/// Images of an identity.
const INSTANCES: usize = 4;

/// What to time.
#[derive(Debug, Clone)]
pub struct BudgetRequest {
    /// The networks.
    pub spec: Spec,
    /// The method: its weights, and its classifier's rows.
    pub settings: AdaptationSettings,
    /// Images per batch, a multiple of 4.
    pub batch: usize,
    /// Size of the images.
    pub size: ImageSize,
    /// Rows of the classifiers, of which all are clusters.
    pub clusters: usize,
    /// Steps, each timed.
    pub steps: usize,
    /// Where.
    pub device: Device,
}

/// Seconds, the median over the steps.
#[derive(Debug, Clone, PartialEq)]
pub struct StepBudget {
    /// Parts of a step, in their order.
    pub parts: Vec<(&'static str, f64)>,
    /// A whole step.
    pub step: f64,
    /// The bare convolutions and products: four forward, two backward.
    pub floor: f64,
    /// A step over the floor beside it: the median of that.
    pub over_floor: f64,
    /// A step of a peer, and what it takes over ours: the median of both.
    pub peer: Option<(f64, f64)>,
}

/// Names of the parts.
const PARTS: [&str; 6] =
    ["students, forward", "mean networks, forward", "losses", "backward", "Adam", "mean networks, moved"];

/// Times parts, whole steps and the floor in turn, so that whatever else the machine does touches them alike. `peer` does a step of
/// another implementation and returns its seconds. `progress` is told how many steps are done; its error ends the work.
///
/// # Errors
/// A batch that is no multiple of 4, no steps, a device that refuses, or what `peer` and `progress` return.
pub fn measure(
    request: &BudgetRequest,
    mut peer: Option<&mut dyn FnMut() -> Result<f64>>,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<StepBudget> {
    InvalidInput::at_least_one("steps", request.steps)?;
    if request.batch == 0 || request.batch % INSTANCES != 0 {
        return Err(Error::Usage(format!("batch {}: a multiple of {INSTANCES} is needed", request.batch)));
    }
    let mut step = WholeStep::new(request)?;
    let mut by_parts = StepByParts::new(request)?;
    let floor = Floor::new(request)?;
    let (mut parts, mut seconds) = (Vec::new(), Vec::new());
    for done in 0..WARM_UP + request.steps {
        let found = by_parts.run(request)?;
        let whole = timed(request.device, || step.run())?;
        let bare = timed(request.device, || floor.run())?;
        let other = peer.as_mut().map(|peer| peer()).transpose()?;
        if done >= WARM_UP {
            parts.push(found);
            seconds.push((whole, bare, other));
            progress(done + 1 - WARM_UP)?;
        }
    }
    let column = |of: &dyn Fn(&(f64, f64, Option<f64>)) -> Option<f64>| median(seconds.iter().filter_map(of));
    let part = |at: usize| median(parts.iter().map(|found: &[f64; 6]| found[at]));
    let has_peer = seconds.iter().any(|(.., other)| other.is_some());
    Ok(StepBudget {
        parts: PARTS.into_iter().enumerate().map(|(at, name)| (name, part(at))).collect(),
        step: column(&|(whole, ..)| Some(*whole)),
        floor: column(&|(_, bare, _)| Some(*bare)),
        over_floor: column(&|(whole, bare, _)| Some(whole / bare)),
        peer: has_peer.then(|| {
            let over = |(whole, _, other): &(f64, f64, Option<f64>)| other.map(|other| other / whole);
            (column(&|(.., other)| *other), column(&over))
        }),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

/// Seconds of `work`, the device's work included.
fn timed(device: Device, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let since = Instant::now();
    work()?;
    if let Device::Cuda(card) = device {
        tch::Cuda::synchronize(card as i64);
    }
    Ok(since.elapsed().as_secs_f64())
}

/// One batch in two views, with labels.
struct Batch {
    views: [Tensor; 2],
    labels: Tensor,
}

impl Batch {
    fn new(request: &BudgetRequest) -> Self {
        let ImageSize { height, width } = request.size;
        let shape = [request.batch as i64, 3, height as i64, width as i64];
        let views = [(); 2].map(|()| Tensor::randn(shape, (Kind::Float, request.device)));
        let people = request.clusters.max(1);
        let labels: Vec<i64> = (0..request.batch).map(|image| (image / INSTANCES % people) as i64).collect();
        Self { views, labels: Tensor::from_slice(&labels).to_device(request.device) }
    }
}

fn students(request: &BudgetRequest) -> Result<[Network; 2]> {
    let place = (Kind::Float, request.device);
    let network = |at| Network::new(&request.spec, request.clusters, &mut stream(at, "budget", 0, 0), place);
    Ok([network(1)?, network(2)?])
}

fn weights(request: &BudgetRequest) -> Weights {
    Weights {
        soft_ce: request.settings.soft_ce_weight,
        soft_triplet: request.settings.soft_tri_weight,
        epsilon: request.settings.epsilon,
        clusters: request.clusters,
    }
}

/// The step as an epoch calls it.
struct WholeStep {
    learners: Learners,
    batch: Batch,
    settings: StepSettings,
}

impl WholeStep {
    fn new(request: &BudgetRequest) -> Result<Self> {
        let learners = Learners::new(&request.settings, students(request)?)?;
        let (weights, passes) = (weights(request), Passes::grouped(request.settings.batch.group()));
        let settings = StepSettings { weights, passes, learning_rate: LEARNING_RATE, decay: DECAY };
        Ok(Self { learners, batch: Batch::new(request), settings })
    }

    fn run(&mut self) -> Result<()> {
        self.learners.step(&self.batch.views, &self.batch.labels, &self.settings).map(drop)
    }
}

/// The same step with a clock between its parts.
struct StepByParts {
    students: [Network; 2],
    means: [Network; 2],
    optimizer: FusedAdam,
    batch: Batch,
}

impl StepByParts {
    fn new(request: &BudgetRequest) -> Result<Self> {
        let students = students(request)?;
        let means = [students[0].duplicate()?, students[1].duplicate()?];
        let parameters = students.iter().flat_map(Network::trained).collect();
        let optimizer = FusedAdam::new(parameters, request.settings.weight_decay);
        Ok(Self { students, means, optimizer, batch: Batch::new(request) })
    }

    /// Seconds by [`PARTS`].
    fn run(&mut self, request: &BudgetRequest) -> Result<[f64; 6]> {
        let Self { students, means, optimizer, batch: Batch { views, labels } } = self;
        let group = request.settings.batch.group();
        let mut seconds = [0.0; 6];
        let since = Instant::now();
        let of_students = [0, 1].map(|at: usize| students[at].train(&views[at], group));
        seconds[0] = since.elapsed().as_secs_f64();
        let since = Instant::now();
        let of_means = tch::no_grad(|| [0, 1].map(|at: usize| means[at].train(&views[at], group)));
        seconds[1] = since.elapsed().as_secs_f64();
        let since = Instant::now();
        let [one, two] = &of_students;
        let terms = mutual_mean_teaching([one, two], of_means.each_ref(), labels, &weights(request))?;
        seconds[2] = since.elapsed().as_secs_f64();
        optimizer.zero_grad();
        seconds[3] = timed(request.device, || {
            terms.total.f_backward().map_err(Error::torch("cannot compute gradients"))
        })?;
        seconds[4] = timed(request.device, || optimizer.step(LEARNING_RATE))?;
        seconds[5] = timed(request.device, || {
            means.iter_mut().zip(&*students).try_for_each(|(mean, student)| ema::update(mean, student, DECAY))
        })?;
        Ok(seconds)
    }
}

/// A convolution of the network, with what goes in and what comes back.
struct Convolution {
    input: Tensor,
    weight: Tensor,
    stride: i64,
    gradient: Tensor,
}

impl Convolution {
    fn forward(&self) -> Tensor {
        let padding = self.weight.size()[2] / 2;
        self.input.conv2d(&self.weight, None::<Tensor>, self.stride, padding, 1, 1)
    }
}

/// Nothing but the convolutions and the classifier.
struct Floor {
    convolutions: Vec<Convolution>,
    features: Tensor,
    classifier: Tensor,
}

impl Floor {
    fn new(request: &BudgetRequest) -> Result<Self> {
        request.spec.check()?;
        let place = (Kind::Float, request.device);
        let layout = |tensor: Tensor| {
            if request.device == Device::Cpu { shim::channels_last(&tensor) } else { tensor }
        };
        let (batch, ImageSize { height, width }) = (request.batch as i64, request.size);
        let convolution = |&Shape { inputs, outputs, kernel, stride, size: [height, width] }: &Shape| {
            let input = layout(Tensor::randn([batch, inputs, height, width], place));
            let weight = layout(Tensor::randn([outputs, inputs, kernel, kernel], place));
            let gradient = input.conv2d(&weight, None::<Tensor>, stride, kernel / 2, 1, 1);
            Convolution { input, weight, stride, gradient }
        };
        let shapes = shapes(&request.spec, [height as i64, width as i64]);
        let features = Tensor::randn([batch, request.spec.features()], place);
        let classifier = Tensor::randn([request.clusters as i64, request.spec.features()], place);
        Ok(Self { convolutions: shapes.iter().map(convolution).collect(), features, classifier })
    }

    /// Four networks forward, two of them backward.
    fn run(&self) -> Result<()> {
        tch::no_grad(|| {
            for _ in 0..4 {
                self.convolutions.iter().for_each(|layer| drop(layer.forward()));
                let _ = self.features.matmul(&self.classifier.tr());
            }
            for _ in 0..2 {
                for (at, layer) in self.convolutions.iter().enumerate() {
                    let Convolution { input, weight, stride, gradient } = layer;
                    // Nothing asks for the gradient of the images.
                    shim::convolution_gradients([gradient, input, weight], *stride, at > 0)
                        .map_err(Error::Training)?;
                }
                let logits = self.features.matmul(&self.classifier.tr());
                let _ = (logits.matmul(&self.classifier), logits.tr().matmul(&self.features));
            }
            Ok(())
        })
    }
}

/// A convolution's shape; `size`: height and width of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    inputs: i64,
    outputs: i64,
    kernel: i64,
    stride: i64,
    size: [i64; 2],
}

impl Shape {
    /// Height and width of what comes out; padded by half the kernel.
    fn result(&self) -> [i64; 2] {
        self.size.map(|side| (side - 1) / self.stride + 1)
    }
}

/// All convolutions of a network (D29) on images of `size`, in order.
fn shapes(spec: &Spec, size: [i64; 2]) -> Vec<Shape> {
    let stem = spec.stem;
    let first = Shape { inputs: 3, outputs: stem.channels, kernel: stem.kernel, stride: stem.stride, size };
    let (mut all, mut channels, mut size) = (vec![first], stem.channels, first.result());
    if stem.max_pool {
        size = size.map(|side| (side - 1) / 2 + 1);
    }
    for stage in &spec.stages {
        for block in 0..stage.blocks {
            let (stride, outputs) =
                (if block == 0 { stage.stride } else { 1 }, spec.block.outputs(stage.width));
            let before = size;
            let plan: &[(i64, i64, i64)] = match spec.block {
                BlockKind::Basic => &[(3, stage.width, stride), (3, outputs, 1)],
                BlockKind::Bottleneck => &[(1, stage.width, 1), (3, stage.width, stride), (1, outputs, 1)],
            };
            let mut inputs = channels;
            for &(kernel, outputs, stride) in plan {
                let shape = Shape { inputs, outputs, kernel, stride, size };
                (inputs, size) = (outputs, shape.result());
                all.push(shape);
            }
            if stride != 1 || channels != outputs {
                all.push(Shape { inputs: channels, outputs, kernel: 1, stride, size: before });
            }
            channels = outputs;
        }
    }
    all.extend(spec.projection.map(|outputs| Shape {
        inputs: channels,
        outputs,
        kernel: 1,
        stride: 1,
        size,
    }));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_has_every_convolution_of_the_network() {
        for (spec, size) in [(Spec::small(), [64, 32]), (Spec::resnet50(), [128, 64])] {
            let place = (Kind::Float, Device::Cpu);
            let network = Network::new(&spec, 3, &mut stream(0, "test", 0, 0), place).unwrap();
            let mut kernels: Vec<Vec<i64>> = network
                .entries()
                .iter()
                .map(|entry| entry.tensor.size())
                .filter(|size| size.len() == 4)
                .collect();
            let mut found: Vec<Vec<i64>> = shapes(&spec, size)
                .iter()
                .map(|shape| vec![shape.outputs, shape.inputs, shape.kernel, shape.kernel])
                .collect();
            kernels.sort();
            found.sort();
            assert_eq!(found, kernels);
        }
        // 64 × 32 halved by the stem and by two stages, and the projection on what is left.
        let last = *shapes(&Spec::small(), [64, 32]).last().unwrap();
        assert_eq!(last, Shape { inputs: 64, outputs: 512, kernel: 1, stride: 1, size: [8, 4] });
        // Four halvings of a published ResNet, whose last stage has stride 1.
        assert_eq!(shapes(&Spec::resnet50(), [128, 64]).last().unwrap().result(), [8, 4]);
    }

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
