//! D19, D20, D21: how well pseudo labels agree with the true identities. Images without a pseudo label are left out of all
//! three; the names of clusters and identities play no part.

use crate::check;
use crate::error::{InvalidInput, Result};

/// Adjusted Rand index (D19): with P pairs of images, S of them of one cluster, T of one identity and B of both,
/// `ARI = (B − S·T/P) / ((S + T)/2 − S·T/P)`; 1 where numerator and denominator are 0, because both are one group or both are
/// all apart.
///
/// Source: Hubert and Arabie 1985; scikit-learn's `adjusted_rand_score`.
///
/// # Errors
/// Lists of different lengths, or no image with a pseudo label.
pub fn adjusted_rand_index(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<f64> {
    let images = labelled(pseudo_labels, identities)?;
    let (mut pairs, mut of_cluster, mut of_identity, mut of_both) = (0.0, 0.0, 0.0, 0.0);
    for i in 0..images.len() {
        for j in 0..i {
            let (cluster, identity) = (images[i].0 == images[j].0, images[i].1 == images[j].1);
            pairs += 1.0;
            of_cluster += count(cluster);
            of_identity += count(identity);
            of_both += count(cluster && identity);
        }
    }
    if of_cluster == of_both && of_identity == of_both {
        // The same partition; the formula would be 0 / 0 where it has no choice.
        return Ok(1.0);
    }
    let expected = of_cluster * of_identity / pairs;
    Ok((of_both - expected) / ((of_cluster + of_identity) / 2.0 - expected))
}

/// Normalised mutual information (D20): `NMI = I(C; Y) / ((H(C) + H(Y)) / 2)` with natural logarithms and
/// `H(C) = −Σ_c n_c/N ln(n_c/N)`, `I(C; Y) = Σ_(c,y) n_cy/N ln(N n_cy / (n_c n_y))`; 1 where both entropies are 0. Each sum over
/// groups is written as a mean over images.
///
/// Source: scikit-learn's `normalized_mutual_info_score` (arithmetic mean).
///
/// # Errors
/// As [`adjusted_rand_index`].
pub fn normalized_mutual_information(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<f64> {
    let images = labelled(pseudo_labels, identities)?;
    let total = images.len() as f64;
    let (mut cluster_entropy, mut identity_entropy, mut information) = (0.0, 0.0, 0.0);
    for &(cluster, identity) in &images {
        let in_cluster: f64 = images.iter().map(|image| count(image.0 == cluster)).sum();
        let of_identity: f64 = images.iter().map(|image| count(image.1 == identity)).sum();
        let both: f64 = images.iter().map(|image| count(*image == (cluster, identity))).sum();
        cluster_entropy -= (in_cluster / total).ln() / total;
        identity_entropy -= (of_identity / total).ln() / total;
        information += (total * both / (in_cluster * of_identity)).ln() / total;
    }
    let mean = (cluster_entropy + identity_entropy) / 2.0;
    if mean == 0.0 {
        return Ok(1.0);
    }
    // Rounding alone leaves 0..=1.
    Ok((information / mean).clamp(0.0, 1.0))
}

/// Purity (D21): `(1/N) Σ_c max_y n_cy`, the share of the images whose identity is the commonest of their cluster.
///
/// Source: Manning, Raghavan and Schütze, Introduction to Information Retrieval, 16.3.
///
/// # Errors
/// As [`adjusted_rand_index`].
pub fn purity(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<f64> {
    let images = labelled(pseudo_labels, identities)?;
    let mut clusters: Vec<usize> = images.iter().map(|image| image.0).collect();
    clusters.sort_unstable();
    clusters.dedup();
    let mut right = 0;
    for cluster in clusters {
        let size = |identity| images.iter().filter(|image| **image == (cluster, identity)).count();
        right += images.iter().map(|image| size(image.1)).max().unwrap_or(0);
    }
    Ok(right as f64 / images.len() as f64)
}

/// Cluster and identity of the images that have a pseudo label.
fn labelled(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<Vec<(usize, usize)>> {
    check::length(pseudo_labels.len(), identities.len(), "pseudo labels")?;
    let pairs = pseudo_labels.iter().zip(identities);
    let images: Vec<_> =
        pairs.filter_map(|(label, &identity)| label.map(|label| (label, identity))).collect();
    if images.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of images with a pseudo label" });
    }
    Ok(images)
}

fn count(is: bool) -> f64 {
    if is { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(labels: &[usize]) -> Vec<Option<usize>> {
        labels.iter().map(|&label| Some(label)).collect()
    }

    fn close(found: Result<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-14, "{found} instead of {expected}");
    }

    #[test]
    fn six_images_by_hand() {
        let (labels, identities) = (all(&[0, 0, 0, 1, 1, 2]), [7, 7, 3, 3, 3, 3]);
        // Pairs: 15 in all, 3 + 1 of a cluster, 1 + 6 of an identity, 1 + 1 of both.
        let expected = 4.0 * 7.0 / 15.0;
        close(adjusted_rand_index(&labels, &identities), (2.0 - expected) / (5.5 - expected));
        // Counts: clusters 3, 2, 1; identities 2, 4; both (0, 7): 2, (0, 3): 1, (1, 3): 2, (2, 3): 1.
        let clusters = 0.5 * 2.0_f64.ln() + 3.0_f64.ln() / 3.0 + 6.0_f64.ln() / 6.0;
        let persons = 3.0_f64.ln() / 3.0 + 1.5_f64.ln() * 2.0 / 3.0;
        let both = 2.0_f64.ln() / 3.0 + 0.5_f64.ln() / 6.0 + 1.5_f64.ln() / 3.0 + 1.5_f64.ln() / 6.0;
        close(normalized_mutual_information(&labels, &identities), 2.0 * both / (clusters + persons));
        close(purity(&labels, &identities), 5.0 / 6.0);
    }

    #[test]
    fn names_do_not_matter_and_independent_labels_say_nothing() {
        let labels = all(&[0, 0, 1, 1]);
        for measure in [adjusted_rand_index, normalized_mutual_information, purity] {
            close(measure(&labels, &[9, 9, 4, 4]), 1.0);
        }
        // Every pair is split: (0 − 2/3) / (2 − 2/3).
        close(adjusted_rand_index(&labels, &[0, 1, 0, 1]), -0.5);
        close(normalized_mutual_information(&labels, &[0, 1, 0, 1]), 0.0);
        close(purity(&labels, &[0, 1, 0, 1]), 0.5);
    }

    #[test]
    fn where_nothing_is_left_to_chance_agreement_is_full() {
        for labels in [&[4, 4, 4][..], &[1, 2, 3], &[5]] {
            for measure in [adjusted_rand_index, normalized_mutual_information, purity] {
                close(measure(&all(labels), labels), 1.0);
            }
        }
        close(adjusted_rand_index(&all(&[0, 0]), &[0, 1]), 0.0);
        close(normalized_mutual_information(&all(&[0, 0]), &[0, 1]), 0.0);
    }

    #[test]
    fn images_without_a_label_are_left_out() {
        let labels = [Some(0), None, Some(0), None, Some(1)];
        for measure in [adjusted_rand_index, normalized_mutual_information, purity] {
            assert_eq!(measure(&labels, &[1, 1, 2, 3, 3]), measure(&all(&[0, 0, 1]), &[1, 2, 3]));
            assert!(matches!(measure(&[None], &[0]), Err(InvalidInput::Empty { .. })));
            assert!(matches!(measure(&labels, &[0]), Err(InvalidInput::Shape { .. })));
        }
    }
}
