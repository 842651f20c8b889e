//! D4, batch-hard mining: discrete, so both implementations get the same distances and must agree exactly, ties included.

use mmt_reference::Matrix;
use mmt_reference::loss::mining::hardest;
use mmt_testkit::generate::{Batch, BatchKind};
use mmt_testkit::tolerance::{Width, kind, same};
use mmt_testkit::{Actual, Trial, convert, generate, strategies};
use proptest::prelude::*;

use super::renamed;

/// Positive and negative of every row.
type Pairs = Vec<(usize, Option<usize>)>;

fn reference(distances: &Matrix, labels: &[usize]) -> Trial<Pairs> {
    Ok(hardest(distances, labels)?.iter().map(|pair| (pair.positive, pair.negative)).collect())
}

fn fast(width: Width, distances: &Matrix, labels: &[usize]) -> Trial<Pairs> {
    let distances = convert::tensor(distances, kind(width));
    let hardest = mmt::loss::mining::hardest(&distances, &convert::label_tensor(labels))?;
    let [positive, negative] = [&hardest.positive_index, &hardest.negative_index].map(Actual::from);
    let far = Actual::from(&hardest.negative);
    let negative = negative.values.iter().zip(far.values);
    // Without a negative published adds 9,999,999 to a distance; ours here stay below 1.
    let negative = negative.map(|(&index, distance)| (distance < 9_000_000.0).then_some(index as usize));
    Ok(positive.values.iter().map(|&index| index as usize).zip(negative).collect())
}

type Mining = fn(&Matrix, &[usize]) -> Trial<Pairs>;

const IMPLEMENTATIONS: [Mining; 2] = [reference, double];

fn double(distances: &Matrix, labels: &[usize]) -> Trial<Pairs> {
    fast(Width::Double, distances, labels)
}

/// Distances of 64ths with labels of every kind.
fn cases() -> impl Strategy<Value = (Matrix, Vec<usize>)> {
    (strategies::dyadic_batches(), any::<u64>()).prop_map(|(batch, seed)| {
        let distances = generate::distances(batch.labels.len(), 3, &mut generate::rng(seed));
        (distances, batch.labels)
    })
}

mmt_testkit::on_each_device! {
    #![proptest_config(strategies::config(128))]

    #[test]
    fn fast_equals_reference_on_the_same_distances_in_both_widths((distances, labels) in cases()) {
        let expected = reference(&distances, &labels)?;
        for width in [Width::Double, Width::Single] {
            same("D4", &fast(width, &distances, &labels)?, &expected)?;
        }
    }

    #[test]
    fn no_positive_is_farther_and_no_negative_nearer((distances, labels) in cases()) {
        for mine in IMPLEMENTATIONS {
            for (i, (positive, negative)) in mine(&distances, &labels)?.into_iter().enumerate() {
                prop_assert_eq!(labels[positive], labels[i]);
                for j in 0..labels.len() {
                    if labels[j] == labels[i] {
                        prop_assert!(distances[(i, j)] <= distances[(i, positive)]);
                    } else {
                        let negative = negative.ok_or_else(|| TestCaseError::fail("a negative exists"))?;
                        prop_assert!(labels[negative] != labels[i]);
                        prop_assert!(distances[(i, j)] >= distances[(i, negative)]);
                    }
                }
            }
        }
    }

    #[test]
    fn among_equal_distances_the_first_row_wins((distances, labels) in cases()) {
        for mine in IMPLEMENTATIONS {
            for (i, (positive, negative)) in mine(&distances, &labels)?.into_iter().enumerate() {
                let first = |same: bool, chosen: usize| {
                    (0..labels.len()).find(|&j| (labels[j] == labels[i]) == same && distances[(i, j)] == distances[(i, chosen)])
                };
                prop_assert_eq!(first(true, positive), Some(positive));
                if let Some(negative) = negative {
                    prop_assert_eq!(first(false, negative), Some(negative));
                }
            }
        }
    }

    #[test]
    fn the_names_of_the_identities_do_not_matter((distances, labels) in cases()) {
        for mine in IMPLEMENTATIONS {
            prop_assert_eq!(mine(&distances, &renamed(&labels))?, mine(&distances, &labels)?);
        }
    }
}

#[test]
fn a_single_image_is_its_own_positive_and_one_identity_has_no_negative() -> Trial {
    let single = Batch::dyadic(BatchKind::OneRow, (2, 2, 2), &mut generate::rng(1));
    let distances = Matrix::zeros(1, 1);
    assert_eq!(reference(&distances, &single.labels)?, vec![(0, None)]);
    assert_eq!(fast(Width::Double, &distances, &single.labels)?, vec![(0, None)]);
    Ok(())
}
