//! Inner products of all points with a few of them. Matrix products of eight rows are far from what a processor can read: each
//! point is read once here, and its products with all chosen ones are made while it is near.

use rayon::prelude::*;
use tch::{Device, Kind, Tensor};

use super::points::Points;
use crate::error::{Error, Result};

/// Sums that are kept apart, so that several are made at once: enough to hide the time of each.
const LANES: usize = 32;

/// The points, ready for [`Products::with`].
pub(super) struct Products<'a> {
    points: &'a Points,
    /// Row by row; only for f32 on the processor, everything else is left to libtorch.
    values: Option<Vec<f32>>,
}

impl<'a> Products<'a> {
    /// # Errors
    /// Memory for a copy of the points is refused.
    pub fn new(points: &'a Points) -> Result<Self> {
        let x = &points.x;
        let here = x.device() == Device::Cpu && x.kind() == Kind::Float;
        let values = here.then(|| Vec::<f32>::try_from(x.contiguous().view(-1))).transpose();
        Ok(Self { points, values: values.map_err(Error::torch("cannot read the features"))? })
    }

    pub fn points(&self) -> &Points {
        self.points
    }

    /// `[rows, N]`: inner products of the points of these `rows` with all points.
    pub fn with(&self, rows: &[i64]) -> Tensor {
        let x = &self.points.x;
        let Some(values) = &self.values else {
            let chosen = x.index_select(0, &Tensor::from_slice(rows).to_device(x.device()));
            return x.matmul(&chosen.tr()).tr();
        };
        let columns = x.size()[1] as usize;
        let chosen: Vec<&[f32]> =
            rows.iter().map(|&row| &values[row as usize * columns..][..columns]).collect();
        let mut products = vec![0.0; values.len() / columns * rows.len()];
        products.par_chunks_exact_mut(rows.len()).zip(values.par_chunks_exact(columns)).for_each(
            |(out, point)| {
                out.iter_mut().zip(&chosen).for_each(|(out, chosen)| *out = inner(point, chosen));
            },
        );
        Tensor::from_slice(&products).view([-1, rows.len() as i64]).tr()
    }
}

fn inner(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        sums = std::array::from_fn(|lane| sums[lane] + a[lane] * b[lane]);
    }
    let rest: f32 = rest_a.iter().zip(rest_b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_those_of_the_matrix_product_for_every_width() {
        for columns in [1, 31, 32, 100] {
            let x = (Tensor::arange(7 * columns, (Kind::Float, Device::Cpu)) * 0.7).sin().view([7, columns]);
            let points = Points::new(&x, 2).unwrap();
            let found = Products::new(&points).unwrap().with(&[3, 0, 3]);
            let expected =
                points.x.matmul(&points.x.tr()).index_select(0, &Tensor::from_slice(&[3_i64, 0, 3]));
            assert_eq!(found.size(), [3, 7]);
            assert!((found - expected).abs().max().double_value(&[]) < 1e-5 * columns as f64);
        }
    }
}
