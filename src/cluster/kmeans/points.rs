//! The rows that are clustered.

use tch::{Kind, Tensor};

use crate::blocks::Blocks;
use crate::distance::check_features;
use crate::error::{InvalidInput, Result};

/// Mean-centred rows: the expanded distance loses less to cancellation there.
pub(super) struct Points {
    pub x: Tensor,
    /// `[N]`: squared norms.
    pub norms: Tensor,
    pub mean: Tensor,
}

impl Points {
    pub fn new(features: &Tensor, clusters: usize) -> Result<Self> {
        check_features(features, "features")?;
        let rows = features.size()[0] as usize;
        if rows < clusters {
            return Err(InvalidInput::TooFewSamples {
                what: "images for k-means (one per cluster)",
                needed: clusters,
                found: rows,
            }
            .into());
        }
        let features = features.detach();
        let mean = features.mean_dim(0, true, features.kind());
        let x = &features - &mean;
        let norms = pieces(&x).map(|(_, x)| x.square().sum_dim_intlist(1, false, None::<Kind>));
        let norms = Tensor::cat(&norms.collect::<Vec<_>>(), 0);
        Ok(Self { x, norms, mean })
    }

    /// Squared differences of the rows from their centres, piece by piece.
    pub fn spread(&self, centres: &Tensor, labels: &Tensor) -> impl Iterator<Item = Tensor> {
        pieces(&self.x).map(move |(first, x)| {
            let labels = labels.narrow(0, first, x.size()[0]);
            (x - centres.index_select(0, &labels)).square()
        })
    }

    pub fn rows(&self) -> i64 {
        self.x.size()[0]
    }
}

/// The rows of `x: [N, D]` with the number of the first one, in pieces for which a card has room; all of them at once on the processor.
pub(super) fn pieces(x: &Tensor) -> impl Iterator<Item = (i64, Tensor)> {
    // The rows, their centres, and what is made of them.
    let bytes = 3 * x.kind().elt_size_in_bytes();
    let (rows, columns) = (x.size()[0], x.size()[1] as usize);
    let fitting = Blocks::of_values(usize::MAX).fitted(x.device(), bytes).rows_of(columns);
    let step = i64::try_from(fitting).unwrap_or(rows).min(rows);
    x.split(step, 0).into_iter().enumerate().map(move |(at, rows)| (at as i64 * step, rows))
}
