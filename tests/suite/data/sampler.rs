//! D25, the random multiple gallery sampler.

use std::collections::BTreeSet;

use mmt::data::GallerySampler;
use mmt_testkit::tolerance::same;
use mmt_testkit::{Failure, Trial, generate, strategies};
use proptest::prelude::*;

/// Labels (some images are noise), cameras and K.
fn tables() -> impl Strategy<Value = (Vec<Option<usize>>, Vec<usize>, usize)> {
    (2..60_usize, 1..12_usize, 1..5_usize, 1..6_usize, any::<u64>()).prop_map(
        |(count, identities, cameras, k, seed)| {
            let mut rng = generate::rng(seed);
            let images = generate::identities(count, identities, cameras, &mut rng);
            let labels = images
                .iter()
                .enumerate()
                .map(|(i, &(identity, _))| (i % 9 != 7).then_some(identity))
                .collect();
            (labels, images.iter().map(|&(_, camera)| camera).collect(), k)
        },
    )
}

fn sampler(labels: &[Option<usize>], cameras: &[usize], k: usize) -> Trial<GallerySampler> {
    Ok(GallerySampler::new(labels, cameras, k)?)
}

/// Pool, number and manner of the draws, by the reference.
type Drawn = (Vec<usize>, usize, bool);

fn reference(labels: &[Option<usize>], cameras: &[usize], k: usize, first: usize) -> Trial<Option<Drawn>> {
    let pick = mmt_reference::data::sampler::pick(labels, cameras, k, first)?;
    Ok(pick.map(|pick| (pick.pool, pick.drawn, pick.with_replacement)))
}

proptest! {
    #![proptest_config(strategies::config(96))]

    #[test]
    fn the_rule_of_every_first_image_equals_the_reference((labels, cameras, k) in tables()) {
        let fast = sampler(&labels, &cameras, k)?;
        for first in 0..labels.len() {
            let found = fast.pick(first).map(|p| (p.pool, p.drawn, p.with_replacement));
            same("D25", &found, &reference(&labels, &cameras, k, first)?)?;
        }
    }

    #[test]
    fn the_pool_holds_other_cameras_and_only_without_any_the_same_one((labels, cameras, k) in tables()) {
        let fast = sampler(&labels, &cameras, k)?;
        for first in (0..labels.len()).filter(|&i| labels[i].is_some()) {
            let pick = fast.pick(first).ok_or_else(|| Failure::new("no pick"))?;
            let same = |i: &usize| labels[*i] == labels[first] && *i != first;
            let others: Vec<usize> = (0..labels.len()).filter(same).collect();
            let elsewhere: Vec<usize> = others.iter().copied().filter(|&i| cameras[i] != cameras[first]).collect();
            prop_assert_eq!(&pick.pool, if elsewhere.is_empty() { &others } else { &elsewhere });
            prop_assert_eq!(pick.with_replacement, !pick.pool.is_empty() && pick.pool.len() < k);
            prop_assert_eq!(pick.returned(), if pick.pool.is_empty() { 1 } else { k });
        }
    }

    #[test]
    fn a_pass_takes_every_identity_once_by_its_rule_and_never_noise((labels, cameras, k) in tables(), seed: u64) {
        let fast = sampler(&labels, &cameras, k)?;
        let order = fast.order(&mut generate::rng(seed));
        let mut rest = order.as_slice();
        let mut seen = BTreeSet::new();
        while let Some((&first, tail)) = rest.split_first() {
            let pick = fast.pick(first).ok_or_else(|| Failure::new("noise was returned"))?;
            prop_assert!(seen.insert(labels[first]), "identity twice");
            let (drawn, tail) = tail.split_at(pick.drawn);
            prop_assert!(drawn.iter().all(|image| pick.pool.contains(image)));
            prop_assert!(pick.with_replacement || drawn.iter().collect::<BTreeSet<_>>().len() == drawn.len());
            rest = tail;
        }
        prop_assert_eq!(seen, labels.iter().copied().filter(Option::is_some).collect::<BTreeSet<_>>());
    }

    #[test]
    fn batches_are_p_identities_of_k_images_where_no_identity_is_single(
        identities in 4..12_usize, p in 1..5_usize, k in 2..5_usize, each in 2..6_usize, seed: u64, epoch in 0..3_u64,
    ) {
        let labels: Vec<_> = (0..identities * each).map(|i| Some(i % identities)).collect();
        let cameras: Vec<_> = (0..labels.len()).map(|i| i / identities % 3).collect();
        let fast = sampler(&labels, &cameras, k)?;
        let batches = fast.batches(p, 7, seed, "test", epoch).map_err(Failure::from)?;
        prop_assert_eq!(batches.len(), 7);
        for batch in batches {
            let found: Vec<_> = batch.chunks(k).map(|chunk| labels[chunk[0]]).collect();
            prop_assert_eq!(batch.len(), p * k);
            prop_assert!(batch.chunks(k).all(|chunk| chunk.iter().all(|&i| labels[i] == labels[chunk[0]])));
            prop_assert_eq!(found.iter().collect::<BTreeSet<_>>().len(), p);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_batches_and_every_epoch_others(seed: u64) {
        let labels: Vec<_> = (0..120).map(|i| Some(i / 6)).collect();
        let cameras: Vec<_> = (0..120).map(|i| i % 3).collect();
        let fast = sampler(&labels, &cameras, 4)?;
        let batches = |epoch| fast.batches(4, 5, seed, "test", epoch).map_err(Failure::from);
        prop_assert_eq!(batches(0)?, batches(0)?);
        prop_assert_ne!(batches(0)?, batches(1)?);
    }
}

#[test]
fn fewer_identities_than_a_batch_wants_give_one_shorter_batch() -> Trial {
    let fast = sampler(&[Some(0), Some(0), Some(1)], &[0, 1, 0], 4)?;
    let batches = fast.batches(16, 3, 1, "test", 0)?;
    assert_eq!(batches.len(), 3);
    // Identity 0 gives four images, identity 1 its only one.
    assert!(batches.iter().all(|batch| batch.len() == 5));
    Ok(())
}
