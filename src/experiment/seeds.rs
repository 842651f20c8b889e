//! The two seeds of a job: what draws the built-in domains, and what draws everything in training.

use std::fmt;
use std::path::PathBuf;

use rand::RngCore;

use crate::random::stream;

/// The seeds that a job draws from. Runs are crossed: every domain with every training seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seeds {
    /// Of the built-in domains; none where the data are real.
    pub domain: Option<u64>,
    /// Of all that training draws: weights, batches, augmentation, starts of clusterings.
    pub training: u64,
}

impl Seeds {
    /// Every one of `domains` with every one of `training`, domain by domain.
    pub fn crossed(domains: &[Option<u64>], training: &[u64]) -> Vec<Self> {
        let of = |&domain| training.iter().map(move |&training| Self { domain, training });
        domains.iter().flat_map(of).collect()
    }

    /// Seed of the network numbered `network`, from 1. The two networks of all training seeds have numbers of their own; should
    /// there be more networks, theirs are drawn.
    pub fn of_network(self, network: usize) -> u64 {
        match network {
            // Seeds end at 2^63 - 1, so this wraps for none that a profile can have.
            1 | 2 => self.training.wrapping_mul(2).wrapping_add(network as u64 - 1),
            _ => stream(self.training, "network/seed", 0, network as u64).next_u64(),
        }
    }

    /// `domain-101/seed-1`, or `seed-1` for real data.
    pub(super) fn folder(self) -> PathBuf {
        let domain = self.domain.map(|seed| format!("domain-{seed}"));
        domain.into_iter().chain([format!("seed-{}", self.training)]).collect()
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(domain) = self.domain {
            write!(f, "domain {domain} ")?;
        }
        write!(f, "seed {}", self.training)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_domain_meets_every_training_seed() {
        let seeds = Seeds::crossed(&[Some(101), Some(102)], &[1, 7]);
        let seeds: Vec<_> = seeds.iter().map(|seeds| (seeds.domain, seeds.training)).collect();
        assert_eq!(seeds, [(Some(101), 1), (Some(101), 7), (Some(102), 1), (Some(102), 7)]);
        assert_eq!(Seeds::crossed(&[None], &[3]), [Seeds { domain: None, training: 3 }]);
    }

    #[test]
    fn networks_have_seeds_of_their_own_up_to_the_largest_seed() {
        let largest = i64::MAX as u64;
        let of = |training, network| Seeds { domain: None, training }.of_network(network);
        assert_eq!([of(1, 1), of(1, 2), of(2, 1), of(2, 2)], [2, 3, 4, 5], "those of earlier versions");
        assert_eq!(of(largest, 2), u64::MAX);
        let training = [0, 1, 2, 3, 4, 5, 6, largest / 2, largest / 2 + 1, largest - 1, largest];
        let all: Vec<u64> = training.iter().flat_map(|seed| (1..=5).map(move |n| of(*seed, n))).collect();
        let distinct: std::collections::BTreeSet<&u64> = all.iter().collect();
        assert_eq!(distinct.len(), all.len(), "{all:?}");
    }

    #[test]
    fn folders_and_labels_name_both() {
        let drawn = Seeds { domain: Some(101), training: 2 };
        assert_eq!(drawn.folder(), PathBuf::from("domain-101/seed-2"));
        assert_eq!(drawn.to_string(), "domain 101 seed 2");
        let real = Seeds { domain: None, training: 2 };
        assert_eq!((real.folder(), real.to_string()), (PathBuf::from("seed-2"), "seed 2".to_owned()));
    }
}
