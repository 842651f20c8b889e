//! A whole network: trunk, neck, classifier, and its state.

use rand::Rng;
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use super::initial::Builder;
use super::layers::{Block, Projection, StemLayer};
use super::norm::{BatchNorm, BatchStatistics, unit_length};
use super::spec::Spec;
use super::state::{Entry, Role};
use crate::device::transfer;
use crate::error::{Error, InvalidInput, Result};

/// The outputs of a network in training mode (D31).
#[derive(Debug)]
pub struct Outputs {
    /// `[B, D]`: pooled features before the neck.
    pub features: Tensor,
    /// `[B, M]`: logits of the classifier.
    pub logits: Tensor,
}

/// A residual network with its neck and classifier.
#[derive(Debug)]
pub struct Network {
    spec: Spec,
    stem: StemLayer,
    stages: Vec<Vec<Block>>,
    projection: Option<Projection>,
    embedding: Option<(Tensor, Tensor)>,
    neck: BatchNorm,
    classifier: Option<Tensor>,
    entries: Vec<Entry>,
    kind: Kind,
    device: Device,
}

impl Network {
    /// A network with random weights: Kaiming normal convolutions, unit norms, a classifier of `classes` rows with
    /// standard deviation 0.001 (none for 0 classes).
    ///
    /// # Errors
    /// A spec that describes no network, or a device that refuses.
    pub fn new(spec: &Spec, classes: usize, rng: &mut impl Rng, place: (Kind, Device)) -> Result<Self> {
        Self::build(spec, classes, Some(rng), place)
    }

    /// Names and shapes of the state of such a network, in its order; its weights take no memory.
    ///
    /// # Errors
    /// A spec that describes no network.
    pub(super) fn outline(spec: &Spec, classes: usize) -> Result<Vec<(String, Vec<i64>)>> {
        let network = Self::build(spec, classes, None::<&mut ChaCha8Rng>, (Kind::Float, Device::Cpu))?;
        let entries = network.entries.into_iter();
        Ok(entries.map(|entry| (entry.name, entry.tensor.size())).collect())
    }

    fn build<R: Rng>(
        spec: &Spec,
        classes: usize,
        mut rng: Option<&mut R>,
        (kind, device): (Kind, Device),
    ) -> Result<Self> {
        spec.check()?;
        // Asked first, because what follows panics where the device is out of reach.
        let _ = Tensor::f_zeros([1], (kind, device))
            .map_err(Error::torch(format!("cannot build a network on {device:?}")))?;
        let mut builder = Builder { rng: rng.as_deref_mut(), kind, device, entries: Vec::new() };
        let stem = StemLayer::new(&mut builder, spec.stem);
        let (stages, channels) = stages(&mut builder, spec);
        let projection = spec.projection.map(|outputs| Projection::new(&mut builder, channels, outputs));
        let pooled = spec.pooled_features();
        let embedding = spec.embedding.map(|embedding| {
            let std = (2.0 / embedding.features as f64).sqrt();
            let weight = builder.normal("feat.weight".to_owned(), &[embedding.features, pooled], std);
            let bias = builder.constant("feat.bias".to_owned(), &[embedding.features], 0.0, Role::Trained);
            (weight, bias)
        });
        let neck = BatchNorm::new(&mut builder, "feat_bn", spec.features(), Role::Frozen);
        let mut network = Self {
            spec: spec.clone(),
            stem,
            stages,
            projection,
            embedding,
            neck,
            classifier: None,
            entries: builder.entries,
            kind,
            device,
        };
        if classes > 0 {
            network.new_classifier(classes, rng);
        }
        Ok(network)
    }

    /// Its spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The device it lives on.
    pub fn device(&self) -> Device {
        self.device
    }

    /// Kind of its parameters.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Rows of the classifier, 0 where there is none.
    pub fn classes(&self) -> usize {
        self.classifier.as_ref().map_or(0, |classifier| classifier.size()[0] as usize)
    }

    /// `images` on the network's device and in its kind.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn place(&self, images: &Tensor) -> Result<Tensor> {
        transfer::upload(images, (self.kind, self.device), "images")
    }

    /// The state: all tensors in the published order, under the published names.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Handles of the parameters that the optimizer moves.
    pub fn trained(&self) -> Vec<Tensor> {
        let trained = self.entries.iter().filter(|entry| entry.role == Role::Trained);
        trained.map(|entry| entry.tensor.shallow_clone()).collect()
    }

    /// Training mode (D31): pooled features and logits of `images: [B, 3, H, W]`. Moves the running statistics.
    pub fn train(&self, images: &Tensor, group: Option<i64>) -> Outputs {
        self.train_with_dropout(images, group, None)
    }

    /// [`Network::train`] with a dropout mask `[B, D]`, D the dimension of the neck: what the classifier takes is multiplied by it,
    /// so a dropped unit has 0 in it and a kept one 1/(1−p).
    pub fn train_with_dropout(&self, images: &Tensor, group: Option<i64>, mask: Option<&Tensor>) -> Outputs {
        self.head(self.pooled(images, BatchStatistics::Batch { group }), group, mask)
    }

    /// The second half of [`Network::train_with_dropout`], from pooled features `[B, D]` on: embedding, neck, dropout, classifier.
    /// Without a classifier what it would take stands for the logits.
    pub fn head(&self, pooled: Tensor, group: Option<i64>, mask: Option<&Tensor>) -> Outputs {
        let neck = self.neck_output(&self.embedded(&pooled), BatchStatistics::Batch { group });
        let neck = mask.map_or_else(|| neck.shallow_clone(), |mask| &neck * mask);
        let logits = match &self.classifier {
            Some(classifier) => neck.linear(classifier, None::<Tensor>),
            None => neck,
        };
        Outputs { features: pooled, logits }
    }

    /// Training-mode pass without a result: only the running statistics move (the target's images in pre-training).
    pub fn observe(&self, images: &Tensor, group: Option<i64>) {
        let statistics = BatchStatistics::Batch { group };
        tch::no_grad(|| {
            let features = self.embedded(&self.pooled(images, statistics));
            let _ = self.neck.forward(&features, statistics);
        });
    }

    /// Evaluation mode (D31): the neck's output at unit length, `[B, D]`, without gradients.
    pub fn embed(&self, images: &Tensor) -> Tensor {
        let statistics = BatchStatistics::Running;
        tch::no_grad(|| {
            let features = self.embedded(&self.pooled(images, statistics));
            unit_length(&self.neck.forward(&features, statistics))
        })
    }

    /// Outputs of each layer of the stem and of each stage, for tests that look inside.
    pub fn layer_outputs(&self, images: &Tensor, statistics: BatchStatistics) -> Vec<Tensor> {
        let mut outputs = self.stem.outputs(images, statistics);
        for stage in &self.stages {
            let mut x = outputs[outputs.len() - 1].shallow_clone();
            for block in stage {
                x = block.forward(&x, statistics);
            }
            outputs.push(x);
        }
        outputs
    }

    /// Copies parameters and buffers of `other` into this network; both keep their own memory.
    ///
    /// # Errors
    /// The two have not the same names and shapes.
    pub fn copy_from(&mut self, other: &Self) -> Result<()> {
        let same = self.entries.len() == other.entries.len()
            && self
                .entries
                .iter()
                .zip(&other.entries)
                .all(|(a, b)| a.name == b.name && a.tensor.size() == b.tensor.size());
        if !same {
            let (expected, found) = (format!("{:?}", self.spec), format!("{:?}", other.spec));
            return Err(InvalidInput::Shape { what: "the network to copy", expected, found }.into());
        }
        tch::no_grad(|| {
            for (entry, source) in self.entries.iter_mut().zip(&other.entries) {
                entry.tensor.copy_(&source.tensor);
            }
        });
        Ok(())
    }

    /// A second network with the same state in memory of its own.
    ///
    /// # Errors
    /// A device that refuses.
    pub fn duplicate(&self) -> Result<Self> {
        let mut rng = crate::random::stream(0, "model/placeholder", 0, 0);
        let mut copy = Self::new(&self.spec, self.classes(), &mut rng, (self.kind, self.device))?;
        copy.copy_from(self)?;
        Ok(copy)
    }

    /// Replaces the classifier by a new one of `classes` rows (standard deviation 0.001).
    pub fn random_classifier(&mut self, classes: usize, rng: &mut impl Rng) {
        self.new_classifier(classes, Some(rng));
    }

    fn new_classifier<R: Rng>(&mut self, classes: usize, rng: Option<&mut R>) {
        self.entries.retain(|entry| entry.name != "classifier.weight");
        let mut builder =
            Builder { rng, kind: self.kind, device: self.device, entries: std::mem::take(&mut self.entries) };
        let shape = [classes as i64, self.spec.features()];
        self.classifier = Some(builder.normal("classifier.weight".to_owned(), &shape, 0.001));
        self.entries = builder.entries;
    }

    /// Copies `rows: [M, D]` into the first M rows of the classifier (D15).
    ///
    /// # Errors
    /// No classifier, or one of fewer rows or other columns.
    pub fn set_classifier(&mut self, rows: &Tensor) -> Result<()> {
        let found = rows.size();
        let expected = vec![self.classes() as i64, self.spec.features()];
        let fits = found.len() == 2 && found[0] <= expected[0] && found[1] == expected[1];
        match &mut self.classifier {
            Some(classifier) if fits => {
                tch::no_grad(|| classifier.narrow(0, 0, found[0]).copy_(rows));
                Ok(())
            }
            _ => {
                let expected = format!("at most {expected:?}");
                Err(InvalidInput::Shape { what: "classifier rows", expected, found: format!("{found:?}") }
                    .into())
            }
        }
    }

    /// Mean over the map that leaves the trunk: `[B, D]`, before embedding and neck.
    pub fn pooled(&self, images: &Tensor, statistics: BatchStatistics) -> Tensor {
        let mut x = self.stem.forward(images, statistics);
        for block in self.stages.iter().flatten() {
            x = block.forward(&x, statistics);
        }
        if let Some(projection) = &self.projection {
            x = projection.forward(&x, statistics);
        }
        self.mean_of_map(&x)
    }

    /// Mean over the pixels. On the CPU the channels of a pixel lie next to each other, and so they must in the gradient.
    fn mean_of_map(&self, x: &Tensor) -> Tensor {
        match self.device {
            Device::Cpu => x.permute([0, 2, 3, 1]).flatten(1, 2).mean_dim(1, false, None::<Kind>),
            _ => x.mean_dim([2_i64, 3].as_slice(), false, None::<Kind>),
        }
    }

    /// The neck's input.
    fn embedded(&self, pooled: &Tensor) -> Tensor {
        match &self.embedding {
            Some((weight, bias)) => pooled.linear(weight, Some(bias)),
            None => pooled.shallow_clone(),
        }
    }

    /// The classifier's input in training mode: a ReLU or unit length only after an embedding.
    fn neck_output(&self, features: &Tensor, statistics: BatchStatistics) -> Tensor {
        let neck = self.neck.forward(features, statistics);
        match self.spec.embedding {
            Some(embedding) if embedding.unit_length => unit_length(&neck),
            Some(_) => neck.relu(),
            None => neck,
        }
    }
}

fn stages<R: Rng>(builder: &mut Builder<R>, spec: &Spec) -> (Vec<Vec<Block>>, i64) {
    let mut channels = spec.stem.channels;
    let mut stages = Vec::new();
    for (at, stage) in spec.stages.iter().enumerate() {
        let mut blocks = Vec::new();
        for number in 0..stage.blocks {
            let name = format!("base.{}.{number}", spec.first_stage() + at);
            let stride = if number == 0 { stage.stride } else { 1 };
            blocks.push(Block::new(builder, &name, spec.block, channels, stage.width, stride, stage.ibn));
            channels = spec.block.outputs(stage.width);
        }
        stages.push(blocks);
    }
    (stages, channels)
}
