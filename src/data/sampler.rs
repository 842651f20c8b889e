//! The random multiple gallery sampler, D25: batches of P identities with K images each.

use std::collections::BTreeMap;

use rand::Rng;
use rand::seq::{SliceRandom, index};

use crate::random::stream;
use crate::{InvalidInput, Result};

/// The sampler for one set of labels. Items without a label (noise) and their images are never returned.
#[derive(Debug, Clone)]
pub struct GallerySampler {
    /// Per identity, ascending, its items, ascending.
    members: Vec<Vec<usize>>,
    /// Per item the index of its identity in `members`.
    member_of: Vec<Option<usize>>,
    cameras: Vec<usize>,
    instances: usize,
}

/// How the images that accompany a first image are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pick {
    /// The items they are drawn from: the identity's images under other cameras; if there are none, its other images.
    pub pool: Vec<usize>,
    /// How many are drawn: K - 1, or none from an empty pool.
    pub drawn: usize,
    /// Whether one item may be drawn repeatedly: when the pool has fewer than K (not K - 1) items.
    pub with_replacement: bool,
}

impl Pick {
    /// Number of items the identity contributes, the first image included.
    pub fn returned(&self) -> usize {
        self.drawn + 1
    }
}

impl GallerySampler {
    /// A sampler of `instances` (K) images per identity; `labels` and `cameras` per item.
    ///
    /// # Errors
    /// No labelled item, K = 0, or lists of different lengths.
    pub fn new(labels: &[Option<usize>], cameras: &[usize], instances: usize) -> Result<Self> {
        InvalidInput::at_least_one("instances", instances)?;
        if cameras.len() != labels.len() {
            let (expected, found) =
                (format!("{} cameras", labels.len()), format!("{} cameras", cameras.len()));
            return Err(InvalidInput::Shape { what: "cameras", expected, found }.into());
        }
        let mut by_identity: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (item, label) in labels.iter().enumerate() {
            if let Some(label) = label {
                by_identity.entry(*label).or_default().push(item);
            }
        }
        if by_identity.is_empty() {
            return Err(InvalidInput::Empty { what: "the set of labelled images" }.into());
        }
        let members: Vec<Vec<usize>> = by_identity.into_values().collect();
        let mut member_of = vec![None; labels.len()];
        for (identity, items) in members.iter().enumerate() {
            items.iter().for_each(|item| member_of[*item] = Some(identity));
        }
        Ok(Self { members, member_of, cameras: cameras.to_vec(), instances })
    }

    /// The rule for the item `first`; `None` for an item without a label or out of range.
    pub fn pick(&self, first: usize) -> Option<Pick> {
        let identity = (*self.member_of.get(first)?)?;
        Some(self.pick_among(first, &self.members[identity]))
    }

    fn pick_among(&self, first: usize, members: &[usize]) -> Pick {
        let camera = self.cameras[first];
        let mut pool: Vec<usize> =
            members.iter().copied().filter(|item| self.cameras[*item] != camera).collect();
        if pool.is_empty() {
            pool = members.iter().copied().filter(|item| *item != first).collect();
        }
        let drawn = if pool.is_empty() { 0 } else { self.instances - 1 };
        let with_replacement = !pool.is_empty() && pool.len() < self.instances;
        Pick { pool, drawn, with_replacement }
    }

    /// The length that the published sampler reports: identities times K, more than it returns when an identity has a
    /// single image.
    pub fn reported_length(&self) -> usize {
        self.members.len() * self.instances
    }

    /// One pass over all identities in random order; per identity one random image and those of its [`Pick`].
    pub fn order(&self, rng: &mut impl Rng) -> Vec<usize> {
        let mut identities: Vec<&Vec<usize>> = self.members.iter().collect();
        identities.shuffle(rng);
        let mut order = Vec::with_capacity(self.reported_length());
        for members in identities {
            let first = members[rng.random_range(0..members.len())];
            order.push(first);
            let Pick { pool, drawn, with_replacement } = self.pick_among(first, members);
            if with_replacement {
                order.extend((0..drawn).map(|_| pool[rng.random_range(0..pool.len())]));
            } else {
                order.extend(index::sample(rng, pool.len(), drawn).into_iter().map(|at| pool[at]));
            }
        }
        order
    }

    /// The batches of one epoch: `iterations` lists of `identities_per_batch` (P) times K items.
    ///
    /// As published, a pass is cut into batches and its incomplete rest is dropped; then the sampler runs again. A pass
    /// that does not fill one batch (fewer than P identities, or many with a single image) *is* the batch: shorter, with
    /// every identity in it. The published loader has no batch at all there. Identities of a single image shift those
    /// behind them, so that batches are then not aligned to identities.
    ///
    /// Pass `n` draws from stream (`seed`, `purpose`, `epoch`, n).
    ///
    /// # Errors
    /// P = 0.
    pub fn batches(
        &self,
        identities_per_batch: usize,
        iterations: usize,
        seed: u64,
        purpose: &str,
        epoch: u64,
    ) -> Result<Vec<Vec<usize>>> {
        InvalidInput::at_least_one("identities per batch", identities_per_batch)?;
        let size = identities_per_batch.saturating_mul(self.instances);
        let mut batches = Vec::with_capacity(iterations);
        let mut pass = 0;
        while batches.len() < iterations {
            let order = self.order(&mut stream(seed, purpose, epoch, pass));
            // Never empty: there is at least one identity, and each returns at least one item.
            let chunks = order.chunks_exact(size.min(order.len()));
            batches.extend(chunks.take(iterations - batches.len()).map(<[usize]>::to_vec));
            pass += 1;
        }
        Ok(batches)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `identities` people with `images` images each, of cameras 0, 1, 2, 0, …
    fn regular(identities: usize, images: usize, instances: usize) -> GallerySampler {
        let labels: Vec<_> = (0..identities * images).map(|item| Some(item / images)).collect();
        let cameras: Vec<_> = (0..identities * images).map(|item| item % images % 3).collect();
        GallerySampler::new(&labels, &cameras, instances).unwrap()
    }

    #[test]
    fn an_order_follows_the_picks() {
        let sampler = regular(5, 6, 4);
        for item in 0..20 {
            let order = sampler.order(&mut stream(3, "sampler", 0, item));
            assert_eq!(order.len(), sampler.reported_length());
            let mut seen = BTreeSet::new();
            for group in order.chunks(4) {
                let pick = sampler.pick(group[0]).unwrap();
                assert!(!pick.with_replacement && pick.returned() == 4);
                assert!(group[1..].iter().all(|item| pick.pool.contains(item)), "{group:?} {pick:?}");
                assert_eq!(group.iter().collect::<BTreeSet<_>>().len(), 4, "drawn without replacement");
                assert!(seen.insert(group[0] / 6), "each identity once");
            }
        }
    }

    #[test]
    fn noise_is_never_returned() {
        let labels = [Some(4), None, Some(4), Some(9), None, Some(9)];
        let sampler = GallerySampler::new(&labels, &[0, 0, 1, 0, 1, 0], 2).unwrap();
        assert_eq!(sampler.pick(1), None);
        let batches = sampler.batches(2, 50, 1, "sampler", 0).unwrap();
        assert!(batches.iter().flatten().all(|item| labels[*item].is_some()));
        assert!(batches.iter().all(|batch| batch.len() == 4));
    }

    #[test]
    fn a_pass_is_cut_and_its_rest_dropped() {
        // 5 identities, 2 per batch: two batches a pass.
        let sampler = regular(5, 6, 4);
        let batches = sampler.batches(2, 5, 7, "sampler", 2).unwrap();
        for pass in 0..2 {
            let order = sampler.order(&mut stream(7, "sampler", 2, pass as u64));
            assert_eq!(batches[2 * pass], order[..8]);
            assert_eq!(batches[2 * pass + 1], order[8..16]);
        }
        assert_eq!(batches.len(), 5);
    }

    #[test]
    fn fewer_identities_than_a_batch_asks_for_make_a_shorter_batch() {
        let sampler = regular(10, 6, 4);
        let batches = sampler.batches(16, 3, 7, "sampler", 0).unwrap();
        assert_eq!(batches.iter().map(Vec::len).collect::<Vec<_>>(), [40; 3]);
        assert_ne!(batches[0], batches[1], "each pass has a stream of its own");
    }

    #[test]
    fn single_images_shift_the_batches() {
        let labels = [Some(0), Some(1), Some(1), Some(2)];
        let sampler = GallerySampler::new(&labels, &[0, 0, 1, 0], 2).unwrap();
        assert_eq!(sampler.reported_length(), 6);
        assert_eq!(sampler.order(&mut stream(1, "sampler", 0, 0)).len(), 4);
        assert!(sampler.batches(2, 3, 1, "sampler", 0).unwrap().iter().all(|batch| batch.len() == 4));
        assert!(sampler.batches(3, 3, 1, "sampler", 0).unwrap().iter().all(|batch| batch.len() == 4));
    }

    #[test]
    fn what_cannot_be_sampled_is_refused() {
        assert!(GallerySampler::new(&[None, None], &[0, 0], 4).is_err());
        assert!(GallerySampler::new(&[], &[], 4).is_err());
        assert!(GallerySampler::new(&[Some(0)], &[0], 0).is_err());
        assert!(GallerySampler::new(&[Some(0)], &[], 4).is_err());
        assert!(regular(2, 2, 2).batches(0, 1, 0, "sampler", 0).is_err());
    }
}
