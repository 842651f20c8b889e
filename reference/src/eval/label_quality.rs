//! D19 … D21: how well pseudo labels agree with the true identities. For evaluation only: no identity is known in training.

use std::collections::BTreeSet;

use crate::check;
use crate::error::{InvalidInput, Result};

/// The three measures, over the images that have a pseudo label.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelQuality {
    /// Adjusted Rand index (D19), −1/2 to 1: 1 for the same partition, about 0 for independent ones.
    pub ari: f64,
    /// Normalised mutual information (D20), 0 to 1.
    pub nmi: f64,
    /// Purity (D21), above 0 to 1.
    pub purity: f64,
}

/// Measures pseudo labels against identities; images without a pseudo label (noise) are left out of all three measures.
///
/// - D19: of the pairs of images, let b be those together in both partitions, p and q those together in the one and in the
///   other, n all. `ARI = (b − pq/n) / ((p + q)/2 − pq/n)`; 1 where the denominator is 0 (both partitions are one cluster, or all
///   singletons). Hubert and Arabie, 1985.
/// - D20: `NMI = I / ((H_p + H_q)/2)` with the mutual information I and the entropies H of the two partitions; 1 where both
///   entropies are 0.
/// - D21: `purity = 1/N Σ_clusters (images of the commonest identity)`.
///
/// Source: the usual definitions, as in scikit-learn for the first two; published does not measure its labels.
///
/// # Errors
/// Lists of different lengths, or no image with a pseudo label.
pub fn label_quality(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<LabelQuality> {
    check::length(pseudo_labels.len(), identities.len(), "pseudo labels")?;
    let images: Vec<Image> = pseudo_labels
        .iter()
        .zip(identities)
        .filter_map(|(label, &identity)| label.map(|cluster| Image { cluster, identity }))
        .collect();
    if images.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of images with a pseudo label" });
    }
    Ok(LabelQuality {
        ari: adjusted_rand(&images),
        nmi: normalized_mutual_information(&images),
        purity: purity(&images),
    })
}

/// An image that has a pseudo label.
struct Image {
    cluster: usize,
    identity: usize,
}

fn adjusted_rand(images: &[Image]) -> f64 {
    let [mut both, mut in_cluster, mut in_identity, mut all] = [0.0; 4];
    for (i, a) in images.iter().enumerate() {
        for b in &images[..i] {
            let (cluster, identity) = (a.cluster == b.cluster, a.identity == b.identity);
            both += f64::from(u8::from(cluster && identity));
            in_cluster += f64::from(u8::from(cluster));
            in_identity += f64::from(u8::from(identity));
            all += 1.0;
        }
    }
    let by_chance = if all > 0.0 { in_cluster * in_identity / all } else { 0.0 };
    let most = (in_cluster + in_identity) / 2.0;
    if most == by_chance { 1.0 } else { (both - by_chance) / (most - by_chance) }
}

/// Share of the images for which `is` holds.
fn share(images: &[Image], is: impl Fn(&Image) -> bool) -> f64 {
    images.iter().filter(|image| is(image)).count() as f64 / images.len() as f64
}

fn normalized_mutual_information(images: &[Image]) -> f64 {
    let clusters: BTreeSet<usize> = images.iter().map(|image| image.cluster).collect();
    let identities: BTreeSet<usize> = images.iter().map(|image| image.identity).collect();
    let of_cluster = |c: usize| share(images, |image| image.cluster == c);
    let of_identity = |d: usize| share(images, |image| image.identity == d);
    let entropy = |shares: &mut dyn Iterator<Item = f64>| -> f64 { shares.map(|p| -p * p.ln()).sum() };
    let entropies = entropy(&mut clusters.iter().map(|&c| of_cluster(c)))
        + entropy(&mut identities.iter().map(|&d| of_identity(d)));
    if entropies == 0.0 {
        return 1.0;
    }
    let mut information = 0.0;
    for &c in &clusters {
        for &d in &identities {
            let both = share(images, |image| image.cluster == c && image.identity == d);
            if both > 0.0 {
                information += both * (both / (of_cluster(c) * of_identity(d))).ln();
            }
        }
    }
    information / (entropies / 2.0)
}

fn purity(images: &[Image]) -> f64 {
    let clusters: BTreeSet<usize> = images.iter().map(|image| image.cluster).collect();
    let commonest = |c: usize| {
        let members = images.iter().filter(|image| image.cluster == c);
        let count = |identity: usize| {
            images.iter().filter(|image| image.cluster == c && image.identity == identity).count()
        };
        members.map(|image| count(image.identity)).max().unwrap_or(0)
    };
    clusters.into_iter().map(commonest).sum::<usize>() as f64 / images.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quality(clusters: &[usize], identities: &[usize]) -> LabelQuality {
        let labels: Vec<_> = clusters.iter().copied().map(Some).collect();
        label_quality(&labels, identities).unwrap()
    }

    #[test]
    fn the_same_partition_under_other_names_is_perfect() {
        let found = quality(&[3, 3, 0, 0, 0], &[8, 8, 9, 9, 9]);
        assert_eq!((found.ari, found.purity), (1.0, 1.0));
        assert!((found.nmi - 1.0).abs() < 1e-15);
    }

    #[test]
    fn crossed_pairs_are_worse_than_chance() {
        // Pairs: none together in both, 2 in each, 6 in all: (0 − 2/3) / (2 − 2/3).
        let found = quality(&[0, 0, 1, 1], &[0, 1, 0, 1]);
        assert!((found.ari + 0.5).abs() < 1e-15);
        assert!(found.nmi.abs() < 1e-15);
        assert_eq!(found.purity, 0.5);
    }

    #[test]
    fn three_and_two_with_one_astray() {
        // Clusters {a a b} {b b}: b = 1 + 1, p = 3 + 1, q = 1 + 3, n = 10: (2 − 1.6) / (4 − 1.6).
        let found = quality(&[0, 0, 0, 1, 1], &[5, 5, 6, 6, 6]);
        assert!((found.ari - 1.0 / 6.0).abs() < 1e-15);
        assert_eq!(found.purity, 0.8);
        // H = −0.6 ln 0.6 − 0.4 ln 0.4 for both; I = 0.4 ln(0.4 / 0.24) + 0.2 ln(0.2 / 0.36) + 0.4 ln(0.4 / 0.24).
        let entropy = -0.6 * 0.6_f64.ln() - 0.4 * 0.4_f64.ln();
        let information = 0.8 * (0.4_f64 / 0.24).ln() + 0.2 * (0.2_f64 / 0.36).ln();
        assert!((found.nmi - information / entropy).abs() < 1e-15);
    }

    #[test]
    fn one_cluster_of_one_identity_and_a_single_image_are_perfect() {
        let perfect = LabelQuality { ari: 1.0, nmi: 1.0, purity: 1.0 };
        assert_eq!(quality(&[0, 0, 0], &[4, 4, 4]), perfect);
        assert_eq!(quality(&[0], &[4]), perfect);
    }

    #[test]
    fn noise_is_left_out() {
        let labels = [Some(0), None, Some(0), Some(1)];
        assert_eq!(label_quality(&labels, &[1, 2, 1, 3]).unwrap().ari, 1.0);
        assert!(label_quality(&[None, None], &[1, 2]).is_err());
        assert!(label_quality(&[], &[]).is_err());
        assert!(label_quality(&[Some(0)], &[]).is_err());
    }
}
