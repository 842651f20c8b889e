//! Where the time of a step of mutual mean-teaching goes (D33), on this machine: its parts, the whole, and the floor, which is the bare
//! convolutions and products of the same shapes. What is timed is what an epoch runs, on images of noise that are there already.

use std::time::Instant;

use tch::{Device, Kind, Tensor};

use crate::data::ImageSize;
use crate::device::memory::guarded;
use crate::device::{Precision, transfer};
use crate::error::{Error, InvalidInput, Result};
use crate::loss::objective::mutual_mean_teaching;
use crate::model::{ConvolutionShape, Network, Spec};
use crate::random::stream;
use crate::shim;
use crate::train::{AdaptationSettings, FusedAdam, Learners, Passes, StepSettings, ema, methods};

/// Steps that are not counted: memory is fetched, kernels are chosen.
const WARM_UP: usize = 3;
/// Small enough for a network of random weights to stay one.
const LEARNING_RATE: f64 = 1e-6;
/// α of the mean networks.
const DECAY: f64 = 0.99;
/// Images of an identity.
const INSTANCES: usize = 4;
/// The settings to lower where memory is lacking.
const LOWER: &str = "the batch of the profile or its image_size";

/// The steps to time.
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
    /// Numbers of convolutions and products.
    pub precision: Precision,
}

impl BudgetRequest {
    /// Returns what `work` gives, and its seconds, those of the device included.
    fn timed<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<(T, f64)> {
        let since = Instant::now();
        let found = self.precision.with(self.device, work)?;
        if let Device::Cuda(card) = self.device {
            tch::Cuda::synchronize(card as i64);
        }
        Ok((found, since.elapsed().as_secs_f64()))
    }
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

/// Seconds of a whole step, of the floor, and of the peer.
type Turn = (f64, f64, Option<f64>);

/// Names of the parts.
const PARTS: [&str; 6] =
    ["students, forward", "mean networks, forward", "losses", "backward", "Adam", "mean networks, moved"];

/// Times parts, whole steps and the floor in turn, so that whatever else the machine does touches them alike. `peer` does a step of
/// another implementation and returns its seconds. `progress` is told how many steps are done; its error ends the work.
///
/// # Errors
/// A batch that is no multiple of 4, no steps, a device that refuses, a lack of memory, losses that are not finite, or what `peer` and
/// `progress` return.
pub fn measure(
    request: &BudgetRequest,
    peer: Option<&mut dyn FnMut() -> Result<f64>>,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<StepBudget> {
    guarded(LOWER, || steps(request, peer, progress))
}

fn steps(
    request: &BudgetRequest,
    mut peer: Option<&mut dyn FnMut() -> Result<f64>>,
    progress: &mut dyn FnMut(usize) -> Result<()>,
) -> Result<StepBudget> {
    InvalidInput::at_least_one("steps", request.steps)?;
    if request.batch == 0 || !request.batch.is_multiple_of(INSTANCES) {
        return Err(Error::Usage(format!("batch {}: a multiple of {INSTANCES} is needed", request.batch)));
    }
    let mut step = WholeStep::new(request)?;
    let mut by_parts = StepByParts::new(request)?;
    let floor = Floor::new(request)?;
    let (mut parts, mut seconds) = (Vec::new(), Vec::<Turn>::new());
    for done in 0..WARM_UP + request.steps {
        let found = by_parts.run(request)?;
        let ((), whole) = request.timed(|| step.run())?;
        let ((), bare) = request.timed(|| floor.run())?;
        let other = peer.as_mut().map(|peer| peer()).transpose()?;
        if done >= WARM_UP {
            parts.push(found);
            seconds.push((whole, bare, other));
            progress(done + 1 - WARM_UP)?;
        }
    }
    let column = |of: fn(&Turn) -> Option<f64>| median(seconds.iter().filter_map(of));
    let part = |at: usize| median(parts.iter().map(|found: &[f64; 6]| found[at]));
    let has_peer = seconds.iter().any(|(.., other)| other.is_some());
    Ok(StepBudget {
        parts: PARTS.into_iter().enumerate().map(|(at, name)| (name, part(at))).collect(),
        step: column(|(whole, ..)| Some(*whole)),
        floor: column(|(_, bare, _)| Some(*bare)),
        over_floor: column(|(whole, bare, _)| Some(whole / bare)),
        peer: has_peer.then(|| {
            (column(|(.., other)| *other), column(|(whole, _, other)| other.map(|other| other / whole)))
        }),
    })
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { 0.5 * (values[middle - 1] + values[middle]) }
}

/// One batch in two views, with labels.
struct Batch {
    views: [Tensor; 2],
    labels: Tensor,
}

impl Batch {
    fn new(request: &BudgetRequest) -> Result<Self> {
        let ImageSize { height, width } = request.size;
        let shape = [request.batch as i64, 3, height as i64, width as i64];
        let view = || {
            let noise = Tensor::f_randn(shape, (Kind::Float, request.device));
            noise.map_err(Error::torch("cannot make images"))
        };
        let people = request.clusters.max(1);
        let labels: Vec<i64> = (0..request.batch).map(|image| (image / INSTANCES % people) as i64).collect();
        let labels = transfer::upload(&Tensor::from_slice(&labels), (Kind::Int64, request.device), "labels")?;
        Ok(Self { views: [view()?, view()?], labels })
    }
}

fn students(request: &BudgetRequest) -> Result<[Network; 2]> {
    let place = (Kind::Float, request.device);
    let network = |at| Network::new(&request.spec, request.clusters, &mut stream(at, "budget", 0, 0), place);
    Ok([network(1)?, network(2)?])
}

/// The step as an epoch calls it.
struct WholeStep {
    learners: Learners,
    batch: Batch,
    settings: StepSettings,
}

impl WholeStep {
    fn new(request: &BudgetRequest) -> Result<Self> {
        let method = methods::of(&request.settings);
        let learners = Learners::new(method, students(request)?.into(), request.settings.weight_decay)?;
        let weights = request.settings.weights(request.clusters);
        let passes = Passes::grouped(request.settings.batch.group());
        let settings = StepSettings { weights, passes, learning_rate: LEARNING_RATE, decay: DECAY };
        Ok(Self { learners, batch: Batch::new(request)?, settings })
    }

    /// A step to its end: the losses are read.
    fn run(&mut self) -> Result<()> {
        let losses = self.learners.step(&self.batch.views, &self.batch.labels, &self.settings)?;
        let losses = transfer::read(&losses.values, "the losses")?;
        if losses.iter().all(|loss| loss.is_finite()) {
            return Ok(());
        }
        Err(Error::Training(format!("the losses are not finite: {losses:?}")))
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
        Ok(Self { students, means, optimizer, batch: Batch::new(request)? })
    }

    /// Seconds by [`PARTS`].
    fn run(&mut self, request: &BudgetRequest) -> Result<[f64; 6]> {
        let Self { students, means, optimizer, batch: Batch { views, labels } } = self;
        let group = request.settings.batch.group();
        let (of_students, one) =
            request.timed(|| Ok([0, 1].map(|at: usize| students[at].train(&views[at], group))))?;
        let (of_means, two) = request
            .timed(|| Ok(tch::no_grad(|| [0, 1].map(|at: usize| means[at].train(&views[at], group)))))?;
        let weights = request.settings.weights(request.clusters);
        let (terms, three) = request
            .timed(|| mutual_mean_teaching(of_students.each_ref(), of_means.each_ref(), labels, &weights))?;
        optimizer.zero_grad();
        let ((), four) =
            request.timed(|| terms.total.f_backward().map_err(Error::torch("cannot compute gradients")))?;
        let ((), five) = request.timed(|| optimizer.step(LEARNING_RATE))?;
        let ((), six) = request.timed(|| {
            means.iter_mut().zip(&*students).try_for_each(|(mean, student)| ema::update(mean, student, DECAY))
        })?;
        Ok([one, two, three, four, five, six])
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
        let batch = request.batch as i64;
        let convolution = |it: ConvolutionShape| {
            let ConvolutionShape { inputs, outputs, kernel, stride, size: [height, width] } = it;
            let input = layout(Tensor::randn([batch, inputs, height, width], place));
            let weight = layout(Tensor::randn([outputs, inputs, kernel, kernel], place));
            let gradient = input.conv2d(&weight, None::<Tensor>, stride, kernel / 2, 1, 1);
            Convolution { input, weight, stride, gradient }
        };
        let shapes = request.spec.convolutions(request.size);
        let features = Tensor::randn([batch, request.spec.features()], place);
        let classifier = Tensor::randn([request.clusters as i64, request.spec.features()], place);
        Ok(Self { convolutions: shapes.into_iter().map(convolution).collect(), features, classifier })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }
}
