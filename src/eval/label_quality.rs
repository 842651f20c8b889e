//! D19–D21: how well pseudo labels agree with the true identities: adjusted Rand index, normalised mutual information, purity.
//! Images without a pseudo label are left out of all three.

use std::collections::BTreeMap;

use crate::error::{InvalidInput, Result};

/// The three measures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LabelQuality {
    /// Adjusted Rand index (D19): 1 for the same partition, about 0 for independent ones.
    pub ari: f64,
    /// Normalised mutual information (D20), by the arithmetic mean of the entropies.
    pub nmi: f64,
    /// Purity (D21): share of the images whose identity is the commonest of their cluster.
    pub purity: f64,
}

/// Measures `pseudo_labels` against `identities`.
///
/// # Errors
/// Lists of different lengths, or no image with a label.
pub fn label_quality(pseudo_labels: &[Option<usize>], identities: &[usize]) -> Result<LabelQuality> {
    if pseudo_labels.len() != identities.len() {
        let (expected, found) = (identities.len().to_string(), pseudo_labels.len().to_string());
        return Err(InvalidInput::Shape { what: "the pseudo labels", expected, found }.into());
    }
    let pairs: Vec<(usize, usize)> = pseudo_labels
        .iter()
        .zip(identities)
        .filter_map(|(label, identity)| Some(((*label)?, *identity)))
        .collect();
    if pairs.is_empty() {
        return Err(InvalidInput::Empty { what: "the list of images with a pseudo label" }.into());
    }
    let table = Contingency::new(&pairs);
    Ok(LabelQuality { ari: table.ari(), nmi: table.nmi(), purity: table.purity() })
}

/// Counts of images by cluster, identity, and both.
struct Contingency {
    both: BTreeMap<(usize, usize), f64>,
    clusters: BTreeMap<usize, f64>,
    identities: BTreeMap<usize, f64>,
    total: f64,
}

impl Contingency {
    fn new(pairs: &[(usize, usize)]) -> Self {
        let mut table = Self {
            both: BTreeMap::new(),
            clusters: BTreeMap::new(),
            identities: BTreeMap::new(),
            total: pairs.len() as f64,
        };
        for &(cluster, identity) in pairs {
            *table.both.entry((cluster, identity)).or_default() += 1.0;
            *table.clusters.entry(cluster).or_default() += 1.0;
            *table.identities.entry(identity).or_default() += 1.0;
        }
        table
    }

    fn ari(&self) -> f64 {
        let pairs =
            |counts: &mut dyn Iterator<Item = &f64>| -> f64 { counts.map(|n| n * (n - 1.0) / 2.0).sum() };
        let both = pairs(&mut self.both.values());
        let (clusters, identities) =
            (pairs(&mut self.clusters.values()), pairs(&mut self.identities.values()));
        let all = self.total * (self.total - 1.0) / 2.0;
        let largest = (clusters + identities) / 2.0;
        let expected = if all > 0.0 { clusters * identities / all } else { 0.0 };
        // Both partitions are one cluster, or all singletons: they are the same.
        if largest == expected { 1.0 } else { (both - expected) / (largest - expected) }
    }

    fn nmi(&self) -> f64 {
        let entropy = |counts: &BTreeMap<usize, f64>| -> f64 {
            counts.values().map(|n| -(n / self.total) * (n / self.total).ln()).sum()
        };
        let mean = (entropy(&self.clusters) + entropy(&self.identities)) / 2.0;
        if mean == 0.0 {
            return 1.0;
        }
        let information: f64 = self
            .both
            .iter()
            .map(|((cluster, identity), n)| {
                let independent = self.clusters[cluster] * self.identities[identity];
                n / self.total * (n * self.total / independent).ln()
            })
            .sum();
        (information / mean).clamp(0.0, 1.0)
    }

    fn purity(&self) -> f64 {
        let mut largest: BTreeMap<usize, f64> = BTreeMap::new();
        for ((cluster, _), n) in &self.both {
            let entry = largest.entry(*cluster).or_default();
            *entry = entry.max(*n);
        }
        largest.values().sum::<f64>() / self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let labels: Vec<_> = [0, 0, 1, 1].map(Some).to_vec();
        let same = label_quality(&labels, &[5, 5, 2, 2]).unwrap();
        assert_eq!((same.ari, same.purity), (1.0, 1.0));
        approx::assert_abs_diff_eq!(same.nmi, 1.0, epsilon = 1e-12);
        // Every pair split: ARI (0 − 2/3) / (2 − 2/3) = −1/2; independent: NMI 0.
        let other = label_quality(&labels, &[0, 1, 0, 1]).unwrap();
        assert!((other.ari + 0.5).abs() < 1e-12 && other.nmi.abs() < 1e-12 && other.purity == 0.5);
        assert!(label_quality(&[None, None], &[0, 1]).is_err());
    }
}
