//! D5, the triplet loss with a margin, on the hardest pairs of the batch.

use mmt_reference::Matrix;
use mmt_testkit::generate::{Batch, BatchKind};
use mmt_testkit::tolerance::Width;
use mmt_testkit::{Trial, convert, generate, strategies};
use proptest::prelude::*;

use super::{
    Value, agree, agree_in, axes, differentiate, reflected, renamed, same_gradient, same_loss, translated,
    units,
};

type Loss = fn(&Batch, f64, bool) -> Trial<(Value, f64)>;

const IMPLEMENTATIONS: [Loss; 2] = [reference, double];

/// Value and precision.
fn reference(batch: &Batch, margin: f64, normalize: bool) -> Trial<(Value, f64)> {
    let value = mmt_reference::loss::triplet::triplet(&batch.features, &batch.labels, margin, normalize)?;
    Ok((Value { loss: value.loss, gradient: value.gradient }, value.precision))
}

fn fast(width: Width, batch: &Batch, margin: f64, normalize: bool) -> Trial<(Value, f64)> {
    let labels = convert::label_tensor(&batch.labels);
    let mut precision = f64::NAN;
    let value = differentiate(width, &batch.features, |features| {
        let value = mmt::loss::triplet::triplet(features, &labels, margin, normalize)?;
        precision = value.precision.double_value(&[]);
        Ok(value.loss)
    })?;
    Ok((value, precision))
}

fn double(batch: &Batch, margin: f64, normalize: bool) -> Trial<(Value, f64)> {
    fast(Width::Double, batch, margin, normalize)
}

/// Batches with a negative for every row: without one the value is the constant 9999999 and its rounding.
fn with_negatives() -> impl Strategy<Value = Batch> {
    let kinds =
        BatchKind::ALL.into_iter().filter(|kind| !matches!(kind, BatchKind::OneIdentity | BatchKind::OneRow));
    strategies::dyadic_batches_of(kinds.collect())
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference(batch in strategies::smooth_batches(), margin in 0.0..1.0, normalize: bool) {
        let (expected, actual) = (reference(&batch, margin, normalize)?, double(&batch, margin, normalize)?);
        agree_in("D5", Width::Double, units(&batch, normalize), &actual.0, &expected.0)?;
        prop_assert_eq!(actual.1, expected.1);
    }

    #[test]
    fn fast_f64_equals_reference_with_ties_duplicates_and_singletons(batch in strategies::dyadic_batches()) {
        let (expected, actual) = (reference(&batch, 0.5, false)?, double(&batch, 0.5, false)?);
        agree("D5", Width::Double, batch.unit(), &actual.0, &expected.0)?;
        prop_assert_eq!(actual.1, expected.1);
    }

    #[test]
    fn fast_f32_equals_reference(batch in strategies::scaled_batches(-2..=1), margin in 0.1..1.0) {
        let (expected, actual) = (reference(&batch, margin, false)?, fast(Width::Single, &batch, margin, false)?);
        same_loss_f32(&batch, actual.0.loss, expected.0.loss)?;
    }

    #[test]
    fn fast_f32_equals_reference_with_ties_duplicates_and_singletons(batch in with_negatives()) {
        let (expected, actual) = (reference(&batch, 0.3, false)?, fast(Width::Single, &batch, 0.3, false)?);
        agree("D5", Width::Single, batch.unit(), &actual.0, &expected.0)?;
        prop_assert!((actual.1 - expected.1).abs() < 1e-6);
    }

    #[test]
    fn the_order_of_the_batch_does_not_matter(batch in strategies::scaled_batches(-2..=2), seed: u64) {
        let order = generate::permutation(batch.labels.len(), &mut generate::rng(seed));
        for loss in IMPLEMENTATIONS {
            let (plain, moved) = (loss(&batch, 0.5, false)?, loss(&batch.permuted(&order), 0.5, false)?);
            same_loss("D5", batch.unit(), moved.0.loss, plain.0.loss)?;
            same_gradient("D5", batch.unit(), &moved.0.gradient, &generate::permute_rows(&plain.0.gradient, &order))?;
        }
    }

    #[test]
    fn the_names_of_the_identities_do_not_matter(batch in strategies::dyadic_batches()) {
        let other = Batch { labels: renamed(&batch.labels), ..batch.clone() };
        for loss in IMPLEMENTATIONS {
            same_loss("D5", batch.unit(), loss(&other, 0.5, false)?.0.loss, loss(&batch, 0.5, false)?.0.loss)?;
        }
    }

    #[test]
    fn moving_and_turning_all_features_changes_nothing(batch in strategies::scaled_batches(-1..=1), axis in axes()) {
        let unit = batch.unit();
        let shift: Vec<f64> = axis.iter().map(|a| a * unit).collect();
        let moved = translated(&reflected(&batch.features, &axis[..batch.features.columns()]), &shift);
        let moved = Batch { features: moved, labels: batch.labels.clone() };
        for loss in IMPLEMENTATIONS {
            same_loss("D5", 10.0 * unit, loss(&moved, 0.5, false)?.0.loss, loss(&batch, 0.5, false)?.0.loss)?;
        }
    }

    #[test]
    fn normalised_features_lose_their_scale(batch in strategies::scaled_batches(-1..=1), factor in 0.5..8.0) {
        let scaled = Matrix::from_fn(batch.features.rows(), batch.features.columns(), |i, j| factor * batch.features[(i, j)]);
        let scaled = Batch { features: scaled, labels: batch.labels.clone() };
        for loss in IMPLEMENTATIONS {
            same_loss("D5", batch.unit(), loss(&scaled, 0.3, true)?.0.loss, loss(&batch, 0.3, true)?.0.loss)?;
        }
    }

    #[test]
    fn it_is_never_negative_and_grows_with_the_margin_by_at_most_the_step(
        batch in with_negatives(), margin in 0.0..1.0, step in 0.0..1.0,
    ) {
        for loss in IMPLEMENTATIONS {
            let (low, high) = (loss(&batch, margin, false)?.0.loss, loss(&batch, margin + step, false)?.0.loss);
            prop_assert!(low >= 0.0 && high >= low - 1e-12 && high <= low + step + 1e-12, "{low} {high}");
        }
    }
}

fn same_loss_f32(batch: &Batch, actual: f64, expected: f64) -> Trial {
    use mmt_testkit::tolerance::{Quantity, check};
    check("D5", Quantity::Value, Width::Single, batch.unit(), actual, expected).map(|_| ())
}

/// Points on a line: identity 0 at 0, 1, 5; identity 1 at 7, 8. Hardest pairs can be read off.
#[test]
fn on_a_number_line_the_hardest_pairs_are_those_one_sees() -> Trial {
    let features = Matrix::new(5, 1, vec![0.0, 1.0, 5.0, 7.0, 8.0])?;
    let batch = Batch { features, labels: vec![0, 0, 0, 1, 1] };
    // (5 - 7), (4 - 6), (5 - 2), (1 - 2), (1 - 3), each plus the margin 1, cut at 0.
    let expected = (0.0 + 0.0 + 4.0 + 0.0 + 0.0) / 5.0;
    for loss in IMPLEMENTATIONS {
        let (value, precision) = loss(&batch, 1.0, false)?;
        same_loss("D5", 8.0, value.loss, expected)?;
        assert_eq!(precision, 0.8);
    }
    Ok(())
}
