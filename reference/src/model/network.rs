//! D29–D31: a whole network: trunk, neck, classifier, and its state.

use super::batch_norm::Statistics;
use super::layer::{Layer, Trace, backward_all, forward_all};
use super::neck::{Neck, NeckTrace};
use super::pooling::{mean_pool, mean_pool_backward};
use super::resnet::Spec;
use super::state::{Gradients, State};
use super::volume::Volume;
use crate::error::{InvalidInput, Result};
use crate::loss::check_same_shape;
use crate::loss::objective::Outputs;
use crate::matrix::Matrix;

/// A residual network with its neck and classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    spec: Spec,
    base: Vec<Layer>,
    projection: Vec<Layer>,
    neck: Neck,
    state: State,
}

/// The values of a training pass that the gradient needs.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkTrace {
    base: Vec<Trace>,
    projection: Vec<Trace>,
    /// Shape of the last feature map.
    map: [usize; 4],
    pooled: Matrix,
    neck: NeckTrace,
    logits: Matrix,
}

impl Network {
    /// A network whose weights are still zero and whose norms are the identity: its numbers are for the
    /// caller to set (see [`Network::set`]), since no function here draws any. `classes` rows of the
    /// classifier, none for 0.
    pub fn new(spec: &Spec, classes: usize) -> Result<Self> {
        spec.check()?;
        let (base, projection) = (spec.base(), spec.projection_layers());
        let neck = Neck { pooled: spec.pooled_features(), embedding: spec.embedding, classes };
        let mut state = State::default();
        base.iter().chain(&projection).for_each(|layer| layer.declare(&mut state));
        neck.declare(&mut state);
        Ok(Self { spec: spec.clone(), base, projection, neck, state })
    }

    /// Its spec.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// Rows of the classifier, 0 where there is none.
    pub fn classes(&self) -> usize {
        self.neck.classes
    }

    /// All arrays, in the published order, under the published names.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The state, to change in place (optimizer, mean network).
    pub fn state_mut(&mut self) -> &mut State {
        &mut self.state
    }

    /// Replaces the values of one array of the state.
    pub fn set(&mut self, name: &str, values: &[f64]) -> Result<()> {
        self.state.set(name, values)
    }

    /// Copies `rows: [M, D]` into the first M rows of the classifier (D15).
    pub fn set_classifier(&mut self, rows: &Matrix) -> Result<()> {
        let (classes, features) = (self.classes(), self.spec.features());
        if rows.rows() > classes || rows.columns() != features {
            return Err(InvalidInput::Shape {
                what: "classifier rows",
                expected: format!("at most [{classes}, {features}]"),
                found: format!("[{}, {}]", rows.rows(), rows.columns()),
            });
        }
        let weight = self.state.values_mut("classifier.weight")?;
        weight[..rows.values().len()].copy_from_slice(rows.values());
        Ok(())
    }

    /// Training mode (D31): pooled features (before any embedding) and logits of `images: [B, 3, H, W]`.
    /// Moves the running statistics. `group`: see [`Statistics::Batch`].
    pub fn train(&mut self, images: &Volume, group: Option<usize>) -> Result<(Outputs, NetworkTrace)> {
        self.train_with_dropout(images, group, None)
    }

    /// [`Network::train`] with a dropout mask `[B, D]`, D the dimension of the neck: see [`Neck::train`].
    pub fn train_with_dropout(
        &mut self,
        images: &Volume,
        group: Option<usize>,
        mask: Option<&Matrix>,
    ) -> Result<(Outputs, NetworkTrace)> {
        let statistics = Statistics::Batch { group };
        check_images(images)?;
        let (map, base) = forward_all(&self.base, &mut self.state, images, statistics)?;
        let (map, projection) = forward_all(&self.projection, &mut self.state, &map, statistics)?;
        let pooled = mean_pool(&map)?;
        let (logits, neck) = self.neck.train(&mut self.state, &pooled, group, mask)?;
        let outputs = Outputs { features: pooled.clone(), logits: logits.clone() };
        Ok((outputs, NetworkTrace { base, projection, map: map.shape(), pooled, neck, logits }))
    }

    /// Gradients of the trained arrays, given those with respect to the outputs of the training pass that
    /// left `trace`.
    pub fn backward(&self, trace: &NetworkTrace, gradient: &Outputs) -> Result<Gradients> {
        check_same_shape(&gradient.features, &trace.pooled, "gradient of the features")?;
        check_same_shape(&gradient.logits, &trace.logits, "gradient of the logits")?;
        let mut gradients = Gradients::new();
        let from_neck = self.neck.backward(&self.state, &trace.neck, &gradient.logits, &mut gradients)?;
        let both = |b, k| gradient.features[(b, k)] + from_neck[(b, k)];
        let to_pooled = Matrix::from_fn(from_neck.rows(), from_neck.columns(), both);
        let to_map = mean_pool_backward(trace.map, &to_pooled)?;
        let to_map = backward_all(&self.projection, &self.state, &trace.projection, &to_map, &mut gradients)?;
        backward_all(&self.base, &self.state, &trace.base, &to_map, &mut gradients)?;
        Ok(gradients)
    }

    /// Training-mode pass of which only the running statistics are kept (target images in pre-training, D32).
    pub fn observe(&mut self, images: &Volume, group: Option<usize>) -> Result<()> {
        self.train(images, group).map(|_| ())
    }

    /// Evaluation mode (D31): the neck's output at unit length, `[B, D]`.
    pub fn embed(&self, images: &Volume) -> Result<Matrix> {
        check_images(images)?;
        // Evaluation does not change the state; the layers ask for a mutable one because training does.
        let mut state = self.state.clone();
        let (map, _) = forward_all(&self.base, &mut state, images, Statistics::Running)?;
        let (map, _) = forward_all(&self.projection, &mut state, &map, Statistics::Running)?;
        self.neck.embed(&mut state, &mean_pool(&map)?)
    }

    /// Outputs of the elements of the published sequence `base`, for tests that look inside; the state stays.
    pub fn base_outputs(&self, images: &Volume, statistics: Statistics) -> Result<Vec<Volume>> {
        check_images(images)?;
        let (mut state, mut x, mut outputs) = (self.state.clone(), images.clone(), Vec::new());
        for layer in &self.base {
            x = layer.forward(&mut state, &x, statistics)?.0;
            outputs.push(x.clone());
        }
        Ok(outputs)
    }
}

fn check_images(images: &Volume) -> Result<()> {
    let [count, channels, height, width] = images.shape();
    if count * height * width == 0 {
        return Err(InvalidInput::Empty { what: "images" });
    }
    if channels != 3 {
        let found = format!("{:?}", images.shape());
        return Err(InvalidInput::Shape { what: "images", expected: "[B, 3, H, W]".into(), found });
    }
    images.to_matrix().check_finite("images")
}

#[cfg(test)]
#[path = "network_tests.rs"]
pub(crate) mod tests;
