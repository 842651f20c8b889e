//! D3 and D9: Euclidean distances and the normalisation of features.

use mmt_reference::Matrix;
use mmt_testkit::tolerance::{Quantity, Width, check, kind};
use mmt_testkit::{Failure, convert, generate, strategies};
use proptest::prelude::*;
use tch::Kind;

use mmt_reference::distance as slow;

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_distances_equal_the_reference_where_squares_are_exact(batch in strategies::dyadic_batches()) {
        let expected = slow::euclidean(&batch.features, &batch.features).map_err(Failure::from)?;
        for width in [Width::Double, Width::Single] {
            let features = convert::tensor(&batch.features, kind(width));
            check("D3", Quantity::Value, width, 1.0, &mmt::distance::euclidean(&features, &features), &expected)?;
            check("D3", Quantity::Value, width, 1.0, &mmt::distance::euclidean_among(&features), &expected)?;
        }
    }

    #[test]
    fn fast_squared_distances_equal_the_reference(batch in strategies::scaled_batches(-2..=2), other in strategies::scaled_batches(-2..=2)) {
        let columns = batch.features.columns().min(other.features.columns());
        let cut = |m: &Matrix| Matrix::from_fn(m.rows(), columns, |i, j| m[(i, j)]);
        let (x, y) = (cut(&batch.features), cut(&other.features));
        let expected = slow::squared_euclidean(&x, &y).map_err(Failure::from)?;
        let unit = batch.unit().max(other.unit()).powi(2);
        for width in [Width::Double, Width::Single] {
            let [x, y] = [&x, &y].map(|m| convert::tensor(m, kind(width)));
            check("D3", Quantity::Value, width, unit, &mmt::distance::squared_euclidean(&x, &y), &expected)?;
        }
    }

    #[test]
    fn equal_rows_are_the_clamp_apart_in_f32_too(seed: u64, columns in 1..40_usize, rows in 2..20_usize) {
        let one = generate::normal(1, columns, 1.0, &mut generate::rng(seed));
        let equal = Matrix::from_fn(rows, columns, |_, j| one[(0, j)]);
        for width in [Width::Double, Width::Single] {
            let distances = mmt::distance::euclidean_among(&convert::tensor(&equal, kind(width)));
            // Exactly the clamp, as either width has it.
            let clamp = if width == Width::Single { f64::from(1e-6_f32) } else { 1e-6 };
            let found = mmt_testkit::Actual::from(&distances).values;
            prop_assert!(found.iter().all(|&distance| distance == clamp), "{found:?}");
        }
    }

    #[test]
    fn fast_normalisation_equals_the_reference(batch in strategies::smooth_batches()) {
        let expected = slow::normalize_rows(&batch.features).map_err(Failure::from)?;
        for width in [Width::Double, Width::Single] {
            let found = mmt::distance::normalize_rows(&convert::tensor(&batch.features, kind(width)));
            check("D9", Quantity::Value, width, 1.0, &found, &expected)?;
        }
    }

    #[test]
    fn normalised_rows_have_length_one_and_a_row_of_zeros_stays(batch in strategies::smooth_batches()) {
        let mut features = batch.features.clone();
        features.row_mut(0).fill(0.0);
        let fast = convert::matrix(&mmt::distance::normalize_rows(&convert::tensor(&features, Kind::Double)))?;
        for unit in [slow::normalize_rows(&features).map_err(Failure::from)?, fast] {
            prop_assert!(unit.row(0).iter().all(|&value| value == 0.0));
            for i in 1..unit.rows() {
                let square: f64 = unit.row(i).iter().map(|value| value * value).sum();
                check("D9", Quantity::Value, Width::Double, 1.0, square, 1.0)?;
            }
        }
    }
}
