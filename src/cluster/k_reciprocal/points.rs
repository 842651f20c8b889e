//! Features as points between which distances are asked for.

use std::ops::Range;

use tch::{Device, Kind, Tensor};

use super::measure::Measure;
use crate::blocks::Blocks;
use crate::distance::check_features;
use crate::error::{Error, InvalidInput, Result};

/// Values gathered at once for single distances: 8 MiB in f32.
const GATHERED: usize = 1 << 21;

/// Checked features with their norms.
#[derive(Debug)]
pub(crate) struct Points {
    /// `[N, D]`, f32 or f64.
    x: Tensor,
    /// `[N]`, of the kind of `x`, as the measure wants them.
    pub(super) norms: Tensor,
    pub(super) measure: Measure,
    pub(super) blocks: Blocks,
}

impl Points {
    /// From `features: [N, D]`, any device; f64 stays, every other kind becomes f32. `blocks` gives the tiles, and the pairs that
    /// are gathered at once at most.
    ///
    /// # Errors
    /// No features, or values that are not finite or too large to be squared.
    pub(crate) fn new(features: &Tensor, measure: Measure, blocks: Blocks) -> Result<Self> {
        check_features(features, "features")?;
        let kind = if features.kind() == Kind::Double { Kind::Double } else { Kind::Float };
        let x = features.detach().to_kind(kind).contiguous();
        let norms = x.square().sum_dim_intlist(1, false, kind) * measure.norm_factor();
        check_norms(&norms, measure)?;
        Ok(Self { x, norms, measure, blocks })
    }

    pub(crate) fn rows(&self) -> usize {
        self.x.size()[0] as usize
    }

    pub(super) fn device(&self) -> Device {
        self.x.device()
    }

    pub(super) fn kind(&self) -> Kind {
        self.x.kind()
    }

    pub(super) fn slice(&self, rows: &Range<usize>) -> Tensor {
        self.x.narrow(0, rows.start as i64, rows.len() as i64)
    }

    /// Distances of single pairs.
    ///
    /// # Errors
    /// A device that refuses.
    pub(crate) fn distances(&self, pairs: &[(u32, u32)]) -> Result<Vec<f64>> {
        let norms = Vec::<f64>::try_from(self.norms.to_kind(Kind::Double))
            .map_err(Error::torch("cannot read norms"))?;
        // Both rows of a pair, and their products.
        let bytes = 3 * self.x.kind().elt_size_in_bytes();
        let blocks = Blocks { values: GATHERED, ..self.blocks }.fitted(self.device(), bytes);
        let step = blocks.rows_of(self.x.size()[1] as usize);
        let mut distances = Vec::with_capacity(pairs.len());
        for pairs in pairs.chunks(step) {
            let gather = |of: fn(&(u32, u32)) -> i64| {
                let indices: Vec<i64> = pairs.iter().map(of).collect();
                self.x.index_select(0, &Tensor::from_slice(&indices).to_device(self.x.device()))
            };
            let products = gather(|pair| i64::from(pair.0)) * gather(|pair| i64::from(pair.1));
            let products = products.sum_dim_intlist(1, false, Kind::Double) * -2.0;
            let products = Vec::<f64>::try_from(products).map_err(Error::torch("cannot read distances"))?;
            let distance =
                |(&(i, j), product)| self.measure.of(norms[i as usize], norms[j as usize], product);
            distances.extend(pairs.iter().zip(products).map(distance));
        }
        Ok(distances)
    }
}

/// Refuses rows whose distances would overflow.
fn check_norms(norms: &Tensor, measure: Measure) -> Result<()> {
    let largest = norms * 4.0;
    let largest = if measure == Measure::ReRanking { largest.square() } else { largest };
    let bad = largest.isfinite().logical_not();
    let rows = bad.sum(Kind::Int64).int64_value(&[]);
    if rows == 0 {
        return Ok(());
    }
    let row = bad.to_kind(Kind::Int64).argmax(0, false).int64_value(&[]);
    Err(InvalidInput::NotFinite { what: "squared features", row: row as usize, rows: rows as usize }.into())
}
