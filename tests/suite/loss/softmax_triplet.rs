//! D6, the hard softmax-triplet loss.

use mmt_reference::Matrix;
use mmt_testkit::generate::{Batch, BatchKind};
use mmt_testkit::tolerance::{Quantity, Width, check};
use mmt_testkit::{Trial, convert, generate, strategies};

use super::{
    Value, agree, agree_in, axes, differentiate, reflected, renamed, same_gradient, same_loss, translated,
    units,
};

type Loss = fn(&Batch, f64, bool) -> Trial<Value>;

const IMPLEMENTATIONS: [Loss; 2] = [reference, double];

fn reference(batch: &Batch, margin: f64, normalize: bool) -> Trial<Value> {
    let (features, labels) = (&batch.features, &batch.labels);
    Ok(mmt_reference::loss::softmax_triplet::softmax_triplet(features, labels, margin, normalize)?.into())
}

fn fast(width: Width, batch: &Batch, margin: f64, normalize: bool) -> Trial<Value> {
    let labels = convert::label_tensor(&batch.labels);
    differentiate(width, &batch.features, |features| {
        mmt::loss::softmax_triplet::softmax_triplet(features, &labels, margin, normalize)
    })
}

fn double(batch: &Batch, margin: f64, normalize: bool) -> Trial<Value> {
    fast(Width::Double, batch, margin, normalize)
}

/// Kinds in which every row has a negative.
fn with_negatives() -> Vec<BatchKind> {
    let without = [BatchKind::OneIdentity, BatchKind::OneRow];
    BatchKind::ALL.into_iter().filter(|kind| !without.contains(kind)).collect()
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(64))]

    #[test]
    fn fast_f64_equals_reference(batch in strategies::smooth_batches(), margin in 0.0..0.5, normalize: bool) {
        let expected = reference(&batch, margin, normalize)?;
        agree_in("D6", Width::Double, units(&batch, normalize), &double(&batch, margin, normalize)?, &expected)?;
    }

    #[test]
    fn fast_f64_equals_reference_with_ties_duplicates_and_singletons(batch in strategies::dyadic_batches()) {
        agree("D6", Width::Double, batch.unit(), &double(&batch, 0.0, false)?, &reference(&batch, 0.0, false)?)?;
    }

    #[test]
    fn fast_f32_equals_reference(batch in strategies::scaled_batches(-2..=1)) {
        let (actual, expected) = (fast(Width::Single, &batch, 0.0, false)?, reference(&batch, 0.0, false)?);
        check("D6", Quantity::Value, Width::Single, batch.unit(), actual.loss, expected.loss)?;
    }

    #[test]
    fn fast_f32_equals_reference_with_ties_duplicates_and_singletons(
        batch in strategies::dyadic_batches_of(with_negatives()), margin in 0.0..0.5,
    ) {
        let expected = reference(&batch, margin, false)?;
        agree("D6", Width::Single, batch.unit(), &fast(Width::Single, &batch, margin, false)?, &expected)?;
    }

    #[test]
    fn the_order_of_the_batch_does_not_matter(batch in strategies::scaled_batches(-2..=2), seed: u64) {
        let order = generate::permutation(batch.labels.len(), &mut generate::rng(seed));
        for loss in IMPLEMENTATIONS {
            let (plain, moved) = (loss(&batch, 0.0, false)?, loss(&batch.permuted(&order), 0.0, false)?);
            same_loss("D6", batch.unit(), moved.loss, plain.loss)?;
            let expected = generate::permute_rows(&plain.gradient, &order);
            same_gradient("D6", batch.unit(), &moved.gradient, &expected)?;
        }
    }

    #[test]
    fn the_names_of_the_identities_do_not_matter(batch in strategies::dyadic_batches()) {
        let other = Batch { labels: renamed(&batch.labels), ..batch.clone() };
        for loss in IMPLEMENTATIONS {
            same_loss("D6", batch.unit(), loss(&other, 0.0, false)?.loss, loss(&batch, 0.0, false)?.loss)?;
        }
    }

    #[test]
    fn moving_and_turning_all_features_changes_nothing(batch in strategies::scaled_batches(-1..=1), axis in axes()) {
        let unit = batch.unit();
        let shift: Vec<f64> = axis.iter().map(|a| a * unit).collect();
        let moved = translated(&reflected(&batch.features, &axis[..batch.features.columns()]), &shift);
        let moved = Batch { features: moved, labels: batch.labels.clone() };
        for loss in IMPLEMENTATIONS {
            same_loss("D6", 10.0 * unit, loss(&moved, 0.0, false)?.loss, loss(&batch, 0.0, false)?.loss)?;
        }
    }

    #[test]
    fn the_gradient_moves_no_batch_as_a_whole(batch in strategies::scaled_batches(-1..=1)) {
        // The loss does not change under a translation, so its gradient sums to zero over the rows.
        for loss in IMPLEMENTATIONS {
            let gradient = loss(&batch, 0.0, false)?.gradient;
            for j in 0..gradient.columns() {
                same_loss("D6", batch.unit(), (0..gradient.rows()).map(|i| gradient[(i, j)]).sum(), 0.0)?;
            }
        }
    }

    #[test]
    fn it_is_linear_in_the_margin(batch in strategies::dyadic_batches_of(with_negatives()), margin in 0.0..1.0) {
        for loss in IMPLEMENTATIONS {
            let ends = (loss(&batch, 0.0, false)?.loss, loss(&batch, 0.5, false)?.loss);
            let between = ends.0 + 2.0 * margin * (ends.1 - ends.0);
            same_loss("D6", batch.unit(), loss(&batch, margin, false)?.loss, between)?;
        }
    }
}

#[test]
fn without_a_negative_the_published_margin_zero_costs_nothing() -> Trial {
    let batch = Batch::dyadic(BatchKind::OneIdentity, (2, 3, 4), &mut generate::rng(5));
    for loss in IMPLEMENTATIONS {
        same_loss("D6", 1.0, loss(&batch, 0.0, false)?.loss, 0.0)?;
    }
    Ok(())
}

/// Two pairs on a line: every row has its positive at 1 and its negative at least 3 away.
#[test]
fn on_a_number_line_it_is_the_mean_of_what_one_computes_by_hand() -> Trial {
    let batch = Batch { features: Matrix::new(4, 1, vec![0.0, 1.0, 4.0, 5.0])?, labels: vec![0, 0, 1, 1] };
    let cost = |positive: f64, negative: f64| (1.0 + (positive - negative).exp()).ln();
    let expected = (cost(1.0, 4.0) + cost(1.0, 3.0) + cost(1.0, 3.0) + cost(1.0, 4.0)) / 4.0;
    for loss in IMPLEMENTATIONS {
        same_loss("D6", 5.0, loss(&batch, 0.0, false)?.loss, expected)?;
    }
    Ok(())
}
