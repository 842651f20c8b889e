//! D31: what stands behind the pooled features: the optional embedding, the batch-norm neck and the
//! classifier.

use super::batch_norm::{self, Normalized, Statistics};
use super::resnet::Embedding;
use super::state::{Gradients, Role, State};
use super::volume::Volume;
use crate::distance::{normalize_rows, normalize_rows_backward};
use crate::error::{InvalidInput, Result};
use crate::loss::check_same_shape;
use crate::matrix::Matrix;

/// The layers behind the pooled features. Their numbers lie in a [`State`] as `feat.*`, `feat_bn.*`,
/// `classifier.weight`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neck {
    /// Dimension of the pooled features.
    pub pooled: usize,
    /// A linear layer before the neck, if any.
    pub embedding: Option<Embedding>,
    /// Rows of the classifier; without any, training returns the neck's output instead of logits.
    pub classes: usize,
}

/// The values of the forward pass that the gradient needs.
#[derive(Debug, Clone, PartialEq)]
pub struct NeckTrace {
    pooled: Matrix,
    normalized: Normalized,
    /// Output of the batch norm.
    neck: Matrix,
    /// Dropout mask.
    mask: Option<Matrix>,
    /// Input of the classifier.
    activated: Matrix,
}

impl Neck {
    /// Dimension of the neck.
    pub fn features(&self) -> usize {
        self.embedding.map_or(self.pooled, |embedding| embedding.features)
    }

    /// Appends the entries, in the published order. The neck's bias is frozen, the classifier has none.
    pub(super) fn declare(&self, state: &mut State) {
        if let Some(embedding) = self.embedding {
            state.push("feat.weight".into(), &[embedding.features, self.pooled], 0.0, Role::Trained);
            state.push("feat.bias".into(), &[embedding.features], 0.0, Role::Trained);
        }
        batch_norm::declare(state, "feat_bn", self.features(), Role::Frozen);
        if self.classes > 0 {
            state.push("classifier.weight".into(), &[self.classes, self.features()], 0.0, Role::Trained);
        }
    }

    /// Training mode (D31): logits `[B, M]` of `pooled: [B, D]`: `C · (d ⊙ a(BN(f)))` with f the pooled features or
    /// their embedding `W f + b`, a the identity without an embedding, else a ReLU or, by the spec, unit
    /// length (D9), and d the dropout `mask` (0 where a unit is dropped, else 1/(1−p)), 1 without one.
    pub fn train(
        &self,
        state: &mut State,
        pooled: &Matrix,
        group: Option<usize>,
        mask: Option<&Matrix>,
    ) -> Result<(Matrix, NeckTrace)> {
        let statistics = Statistics::Batch { group };
        let (neck, normalized) = self.batch_norm(state, pooled, statistics)?;
        let activated = match self.embedding {
            Some(embedding) if embedding.unit_length => normalize_rows(&neck)?,
            Some(_) => Matrix::from_fn(neck.rows(), neck.columns(), |b, k| neck[(b, k)].max(0.0)),
            None => neck.clone(),
        };
        let activated = match mask {
            Some(mask) => times(&activated, mask)?,
            None => activated,
        };
        let logits = match self.classes {
            0 => activated.clone(),
            classes => linear(&activated, state.values("classifier.weight")?, &vec![0.0; classes])?,
        };
        Ok((logits, NeckTrace { pooled: pooled.clone(), normalized, neck, mask: mask.cloned(), activated }))
    }

    /// Evaluation mode (D31): the batch norm's output with the running statistics, at unit length (D9),
    /// `[B, D]`. No ReLU.
    pub fn embed(&self, state: &mut State, pooled: &Matrix) -> Result<Matrix> {
        normalize_rows(&self.batch_norm(state, pooled, Statistics::Running)?.0)
    }

    fn batch_norm(
        &self,
        state: &mut State,
        pooled: &Matrix,
        statistics: Statistics,
    ) -> Result<(Matrix, Normalized)> {
        let features = match self.embedding {
            Some(_) => linear(pooled, state.values("feat.weight")?, state.values("feat.bias")?)?,
            None => pooled.clone(),
        };
        let (neck, normalized) =
            batch_norm::forward(state, "feat_bn", &Volume::from_matrix(&features), statistics)?;
        Ok((neck.to_matrix(), normalized))
    }

    /// Gradient with respect to the pooled features, given that with respect to the logits; those of the
    /// parameters go into `gradients`.
    pub fn backward(
        &self,
        state: &State,
        trace: &NeckTrace,
        gradient: &Matrix,
        gradients: &mut Gradients,
    ) -> Result<Matrix> {
        let gradient = match self.classes {
            0 => gradient.clone(),
            _ => {
                let weight = state.values("classifier.weight")?;
                let (to_input, to_weight, _) = linear_backward(&trace.activated, weight, gradient)?;
                gradients.insert("classifier.weight".into(), to_weight);
                to_input
            }
        };
        let gradient = match &trace.mask {
            Some(mask) => times(&gradient, mask)?,
            None => gradient,
        };
        let gradient = match self.embedding {
            Some(embedding) if embedding.unit_length => normalize_rows_backward(&trace.neck, &gradient)?,
            Some(_) => {
                let positive = |b, k| if trace.neck[(b, k)] > 0.0 { gradient[(b, k)] } else { 0.0 };
                Matrix::from_fn(gradient.rows(), gradient.columns(), positive)
            }
            None => gradient,
        };
        let gradient = Volume::from_matrix(&gradient);
        let gradient =
            batch_norm::backward(state, "feat_bn", &trace.normalized, &gradient, gradients)?.to_matrix();
        if self.embedding.is_none() {
            return Ok(gradient);
        }
        let (to_pooled, to_weight, to_bias) =
            linear_backward(&trace.pooled, state.values("feat.weight")?, &gradient)?;
        gradients.insert("feat.weight".into(), to_weight);
        gradients.insert("feat.bias".into(), to_bias);
        Ok(to_pooled)
    }
}

/// `d ⊙ x` of dropout; so is its gradient.
fn times(x: &Matrix, mask: &Matrix) -> Result<Matrix> {
    check_same_shape(mask, x, "the dropout mask")?;
    Ok(Matrix::from_fn(x.rows(), x.columns(), |b, k| x[(b, k)] * mask[(b, k)]))
}

/// `y_bo = Σ_k w_ok x_bk + bias_o`, with `weight: [O, K]` row-major.
fn linear(x: &Matrix, weight: &[f64], bias: &[f64]) -> Result<Matrix> {
    let inputs = x.columns();
    if weight.len() != inputs * bias.len() {
        let (expected, found) = (format!("[_, {inputs}]"), format!("{} values", weight.len()));
        return Err(InvalidInput::Shape { what: "the weight of a linear layer", expected, found });
    }
    Ok(Matrix::from_fn(x.rows(), bias.len(), |b, o| {
        let row = &weight[o * inputs..(o + 1) * inputs];
        row.iter().zip(x.row(b)).map(|(w, x)| w * x).sum::<f64>() + bias[o]
    }))
}

/// Gradients of [`linear`] with respect to x, weight and bias: `Σ_o g_bo w_ok`, `Σ_b g_bo x_bk`, `Σ_b g_bo`.
fn linear_backward(x: &Matrix, weight: &[f64], gradient: &Matrix) -> Result<(Matrix, Vec<f64>, Vec<f64>)> {
    let (inputs, outputs) = (x.columns(), gradient.columns());
    if gradient.rows() != x.rows() || weight.len() != inputs * outputs {
        return Err(InvalidInput::Shape {
            what: "the gradient of a linear layer",
            expected: format!("[{}, {}]", x.rows(), weight.len() / inputs),
            found: format!("[{}, {outputs}]", gradient.rows()),
        });
    }
    let mut to_x = Matrix::zeros(x.rows(), inputs);
    let (mut to_weight, mut to_bias) = (vec![0.0; weight.len()], vec![0.0; outputs]);
    for b in 0..x.rows() {
        for o in 0..outputs {
            let g = gradient[(b, o)];
            to_bias[o] += g;
            for k in 0..inputs {
                to_x[(b, k)] += g * weight[o * inputs + k];
                to_weight[o * inputs + k] += g * x[(b, k)];
            }
        }
    }
    Ok((to_x, to_weight, to_bias))
}
