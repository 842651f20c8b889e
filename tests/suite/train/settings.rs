//! Ranges of the settings: what is out of one is refused under its key, what is at its end is taken.

use mmt::cluster::Clustering;
use mmt::experiment::Profile;
use mmt::train::{AdaptationSettings, PretrainingSettings, TargetStatistics};

/// A change of settings, the key that its refusal names, and whether it is refused.
type Case<S> = (fn(&mut S), &'static str, bool);

fn hold<S: Clone>(good: &S, cases: &[Case<S>], check: impl Fn(&S) -> Result<(), String>) {
    assert_eq!(check(good), Ok(()));
    for (at, (change, key, refused)) in cases.iter().enumerate() {
        let mut settings = good.clone();
        change(&mut settings);
        match check(&settings) {
            Ok(()) => assert!(!refused, "case {at}: {key} is taken"),
            Err(text) => assert!(*refused && text.contains(key), "case {at}: {key} is refused: {text}"),
        }
    }
}

#[test]
fn settings_of_adaptation_have_ranges() {
    let cases: [Case<AdaptationSettings>; 24] = [
        (|s| s.epochs = 0, "epochs", true),
        (|s| s.steps = 0, "steps", true),
        (|s| s.batch.identities = 0, "identity", true),
        (|s| s.batch.instances = 1, "instances", true),
        (|s| s.batch.instances = 2, "instances", false),
        (|s| s.learning_rate = 0.0, "learning_rate", true),
        (|s| s.learning_rate = f64::NAN, "learning_rate", true),
        (|s| s.weight_decay = -1e-9, "weight_decay", true),
        (|s| s.weight_decay = 0.0, "weight_decay", false),
        (|s| s.epsilon = 1.1, "epsilon", true),
        (|s| s.epsilon = 1.0, "epsilon", false),
        (|s| s.alpha = 1.0, "alpha", true),
        (|s| s.alpha = 0.0, "alpha", false),
        (|s| s.soft_ce_weight = -0.1, "soft_ce_weight", true),
        (|s| s.soft_ce_weight = 1.0, "soft_ce_weight", false),
        (|s| s.soft_tri_weight = 1.1, "soft_tri_weight", true),
        (|s| s.soft_tri_weight = 0.0, "soft_tri_weight", false),
        (|s| s.dropout = 1.0, "dropout", true),
        (|s| s.dropout = 0.0, "dropout", false),
        (|s| s.feature_scale = 0.0, "feature_scale", true),
        (|s| s.feature_scale = f64::INFINITY, "feature_scale", true),
        (|s| s.transform.flip_probability = 1.1, "transform.flip_probability", true),
        (|s| s.transform.erasing_probability = -0.1, "transform.erasing_probability", true),
        (|s| s.clustering = Clustering::KMeans { clusters: 0, n_init: 1 }, "clustering", true),
    ];
    hold(&Profile::load("quick").unwrap().rows[0].adaptation, &cases, AdaptationSettings::check);
}

#[test]
fn settings_of_pre_training_have_ranges() {
    let cases: [Case<PretrainingSettings>; 17] = [
        (|s| s.epochs = 0, "epochs", true),
        (|s| s.steps = 0, "steps", true),
        (|s| s.evaluate_every = 0, "evaluate_every", true),
        (|s| s.batch.instances = 1, "instances", true),
        (|s| s.schedule.learning_rate = 0.0, "schedule.learning_rate", true),
        (|s| s.schedule.gamma = -1.0, "schedule: gamma", true),
        (|s| s.schedule.milestones = vec![2, 1], "schedule: ", true),
        (|s| s.weight_decay = f64::INFINITY, "weight_decay", true),
        (|s| s.epsilon = -0.1, "epsilon", true),
        (|s| s.dropout = -0.1, "dropout", true),
        (|s| s.statistics_passes = 0, "statistics_passes", true),
        (|s| s.statistics_batch = 1, "statistics_batch", true),
        (|s| s.statistics_batch = 2, "statistics_batch", false),
        (|s| s.transform.flip_probability = -0.1, "transform.flip_probability", true),
        (|s| s.transform.flip_probability = 1.0, "transform.flip_probability", false),
        (|s| s.transform.erasing_probability = 1.1, "transform.erasing_probability", true),
        // Passes are nobody's business where there are none.
        (
            |s| (s.target_statistics, s.statistics_passes) = (TargetStatistics::Off, 0),
            "statistics_passes",
            false,
        ),
    ];
    let mut good = Profile::load("quick").unwrap().pretraining;
    good.target_statistics = TargetStatistics::After;
    hold(&good, &cases, PretrainingSettings::check);
}
