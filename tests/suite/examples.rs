//! The examples run, each to its end, and find what they say. They are compiled here, so that no further program links libtorch.

#[path = "../../examples/adapt.rs"]
#[expect(dead_code, reason = "`main` is the example's")]
mod adapt;
#[path = "../../examples/cluster_features.rs"]
#[expect(dead_code, reason = "`main` is the example's")]
mod cluster_features;
#[path = "../../examples/evaluate_checkpoint.rs"]
#[expect(dead_code, reason = "`main` is the example's")]
mod evaluate_checkpoint;
#[path = "../../examples/own_method.rs"]
#[expect(dead_code, reason = "`main` is the example's")]
mod own_method;

#[test]
fn three_networks_teach_each_other() {
    let epochs = own_method::run().unwrap();
    assert_eq!(epochs.len(), 2);
    for losses in epochs {
        assert_eq!((losses.len(), losses[12].0), (13, "total"));
        let of = |kind: &str| -> f64 {
            (1..=3).map(|at| losses.iter().find(|(name, _)| *name == format!("{kind}_{at}")).unwrap().1).sum()
        };
        // The weights of the profile: half of the identity losses is soft, and 0.8 of the triplet losses.
        let total = 0.5 * (of("ce") + of("soft_ce")) + 0.2 * of("tri") + 0.8 * of("soft_tri");
        assert!((losses[12].1 - total).abs() < 1e-4, "{losses:?}");
    }
}

#[test]
fn two_networks_are_adapted() {
    let course = adapt::run().unwrap();
    assert_eq!(course.len(), 3);
    assert!(course.iter().all(|map| (0.0..=1.0).contains(map)), "{course:?}");
    assert!(course.windows(2).all(|pair| pair[0] != pair[1]), "{course:?}");
}

#[test]
fn a_network_is_evaluated() {
    let found = evaluate_checkpoint::run().unwrap();
    assert!(found.map > 0.0 && found.map <= found.top10 && found.queries > 0, "{found:?}");
}

#[test]
fn people_are_told_apart() {
    let found = cluster_features::run().unwrap();
    assert_eq!((found.clusters, found.unassigned()), (30, 0));
    let of_the_first: Vec<_> = found.labels.chunks(20).map(|person| person[0]).collect();
    assert!(found.labels.iter().enumerate().all(|(at, label)| *label == of_the_first[at / 20]));
}
