//! Distances and normalisation of features.

use tch::{Kind, Tensor};

use crate::error::{InvalidInput, Result};

/// Squared distances are clamped here before the root (D3), so that the gradient at zero is zero and not NaN.
const SMALLEST_SQUARE: f64 = 1e-12;

/// Squared Euclidean distances `[N, M]` between the rows of `x: [N, D]` and `y: [M, D]` in the published expanded form
/// `|x|² + |y|² − 2xy`, not clamped: rounding can leave small negative values (evaluation, D16–D17).
pub fn squared_euclidean(x: &Tensor, y: &Tensor) -> Tensor {
    let squares = |features: &Tensor| features.square().sum_dim_intlist(1, true, None::<Kind>);
    // One fused product, as published: its rounding is what stands for the distance of equal rows. Doubling is exact.
    (squares(x) + squares(y).tr()).addmm(&(x * -2.0), &y.tr())
}

/// Euclidean distances `[N, M]` between the rows of `x: [N, D]` and `y: [M, D]` (D3): the root of the expanded squares,
/// clamped at 1e-12. Entries that were clamped pass no gradient.
pub fn euclidean(x: &Tensor, y: &Tensor) -> Tensor {
    squared_euclidean(x, y).clamp_min(SMALLEST_SQUARE).sqrt()
}

/// Euclidean distances `[N, N]` among the rows of `x: [N, D]` (D3), as [`euclidean`]`(x, x)`, for the triplet losses.
///
/// The differences are squared and summed, not expanded: a batch is small, and so equal rows are the clamp's 1e-6 apart in f32
/// as in f64 on every processor. The expanded form leaves rounding there, up to some 1e-3 in f32.
pub fn euclidean_among(x: &Tensor) -> Tensor {
    // Not by a matrix product, whatever the size.
    const SUMMED: i64 = 2;
    Tensor::cdist(x, x, 2.0, SUMMED).square().clamp_min(SMALLEST_SQUARE).sqrt()
}

/// Rows of `features: [N, D]` divided by their Euclidean norm, at least 1e-12 (D9).
pub fn normalize_rows(features: &Tensor) -> Tensor {
    let norms = features.norm_scalaropt_dim(2.0, [1], true).clamp_min(1e-12);
    features / norms
}

/// Refuses an empty tensor, one that is not a matrix, and NaN or infinite values (naming how many rows hold them).
pub fn check_features(features: &Tensor, what: &'static str) -> Result<()> {
    if features.dim() != 2 {
        let found = format!("{:?}", features.size());
        return Err(InvalidInput::Shape { what, expected: "a matrix [N, D]".into(), found }.into());
    }
    if features.numel() == 0 {
        return Err(InvalidInput::Empty { what }.into());
    }
    let bad = features.isfinite().logical_not().any_dim(1, false);
    let rows = bad.sum(Kind::Int64).int64_value(&[]);
    if rows > 0 {
        let row = bad.to_kind(Kind::Int64).argmax(0, false).int64_value(&[]);
        return Err(InvalidInput::NotFinite { what, row: row as usize, rows: rows as usize }.into());
    }
    Ok(())
}
