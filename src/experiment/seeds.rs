//! The two seeds of a job: what draws the built-in domains, and what draws everything in training.

use std::fmt;
use std::path::PathBuf;

/// What a job draws from. Runs are crossed: every domain with every training seed.
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
    fn folders_and_labels_name_both() {
        let drawn = Seeds { domain: Some(101), training: 2 };
        assert_eq!(drawn.folder(), PathBuf::from("domain-101/seed-2"));
        assert_eq!(drawn.to_string(), "domain 101 seed 2");
        let real = Seeds { domain: None, training: 2 };
        assert_eq!((real.folder(), real.to_string()), (PathBuf::from("seed-2"), "seed 2".to_owned()));
    }
}
