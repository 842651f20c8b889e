//! Every profile and every experiment that comes with the program, end to end; shrunk in size and in nothing else.

use std::path::Path;
use std::sync::Arc;

use mmt::cluster::Clustering;
use mmt::data::ImageSize;
use mmt::experiment::{Experiment, HashedData, Method, Origin, Profile, Run, RunOptions, Stop, Task};
use mmt::model::Backbone;
use mmt::record::{EvaluationRecord, NetworkName, read_csv};
use mmt::train::BatchSettings;
use mmt_report::build;
use tch::{Device, Tensor};

/// Four identities of two images each; groups keep their share of the batch.
fn shrink_batch(batch: &mut BatchSettings) {
    let parts = batch.size().checked_div(batch.bn_group);
    let smaller = BatchSettings { identities: 4, instances: 2, bn_group: 0 };
    *batch = BatchSettings { bn_group: parts.map_or(0, |parts| smaller.size() / parts), ..smaller };
}

fn shrink_clustering(clustering: &mut Clustering) {
    *clustering = match *clustering {
        // Different k stay different; the domains have 48 training images.
        Clustering::KMeans { clusters, .. } => {
            Clustering::KMeans { clusters: (clusters / 40).clamp(4, 46), n_init: 2 }
        }
        Clustering::Dbscan { .. } => Clustering::Dbscan { k1: 6, k2: 2, rho: 0.03, min_samples: 3 },
    };
}

/// `profile` on the miniature's domains with a small network and short training.
fn shrunk(mut profile: Profile, tasks: &[&str]) -> Profile {
    let miniature = Profile::load("miniature").unwrap();
    profile.domains = miniature.domains;
    profile.domain_seeds = miniature.domain_seeds;
    profile.seeds = vec![1];
    profile.backbone = Backbone::Small;
    profile.image_size = ImageSize { height: 64, width: 32 };
    profile.tasks = tasks.iter().map(|task| task.parse::<Task>().unwrap()).collect();
    let pretraining = &mut profile.pretraining;
    (pretraining.epochs, pretraining.steps, pretraining.evaluate_every) = (2, 2, 1);
    pretraining.statistics_passes = pretraining.statistics_passes.min(2);
    pretraining.statistics_batch = 8;
    shrink_batch(&mut pretraining.batch);
    for row in &mut profile.rows {
        (row.adaptation.epochs, row.adaptation.steps) = (1, 2);
        shrink_batch(&mut row.adaptation.batch);
        shrink_clustering(&mut row.adaptation.clustering);
    }
    profile
}

/// Runs `profile` below `out`.
fn run(profile: &Profile, out: &Path) {
    let options = RunOptions {
        out: out.to_owned(),
        origin: Origin::Synthetic(out.join("domains"), profile.domains.clone()),
        hashed: HashedData::Sizes,
        methods: Method::ALL.to_vec(),
        shard: None,
        device: Device::Cpu,
        threads: 2,
        init: None,
    };
    let run = Run::new(profile.clone(), options, Arc::new(Stop::new()), &()).unwrap();
    run.execute(&()).unwrap_or_else(|error| panic!("{}: {error}", profile.name));
    let folder = out.join(&profile.name);
    for task in &profile.tasks {
        for row in profile.rows.iter().filter(|row| row.tasks.contains(task)) {
            let job = folder.join("adapt").join(task.to_string()).join(&row.name).join("domain-1/seed-1");
            assert!(job.join("DONE").exists(), "{} {task} {}", profile.name, row.name);
        }
    }
}

fn report(folder: &Path) {
    build(&[folder.to_owned()], &folder.join("report"), &[]).unwrap();
}

#[test]
fn every_profile_runs_to_its_end() {
    let out = tempfile::tempdir().unwrap();
    for name in Profile::names() {
        let profile = Profile::load(name).unwrap();
        // Both targets that rows of the paper profiles are for, and a source that is a target as well.
        run(&shrunk(profile, &["market-to-duke", "duke-to-msmt"]), out.path());
        report(&out.path().join(name));
    }
    the_oracle_is_what_training_ended_with(&out.path().join("standard"));
}

/// In a profile that keeps the best state of source networks, the oracle is the last one all the same.
fn the_oracle_is_what_training_ended_with(folder: &Path) {
    let pretrained = folder.join("pretrain/duke-oracle/small/domain-1/seed-1/network-1");
    let tensors = Tensor::read_safetensors(pretrained.join("checkpoint.safetensors")).unwrap();
    let find = |name: &str| tensors.iter().find(|(other, _)| other == name).map(|(_, tensor)| tensor);
    let trained: Vec<_> = tensors.iter().filter(|(name, _)| name.starts_with("network.")).collect();
    assert!(!trained.is_empty());
    for (name, tensor) in trained {
        let kept = find(&name.replace("network.", "kept.")).unwrap();
        assert_eq!(kept, tensor, "{name}");
    }
    let records =
        |folder: &Path| -> Vec<EvaluationRecord> { read_csv(&folder.join("evaluations.csv")).unwrap() };
    let end = records(&pretrained).into_iter().find(|record| record.epoch == 2).unwrap();
    let oracle = records(&folder.join("adapt/market-to-duke/oracle/domain-1/seed-1"));
    let oracle = oracle.iter().find(|record| record.network == NetworkName::Answering(1)).unwrap();
    assert_eq!(oracle.map, end.map, "the same network on the same test set");
}

/// All of them on `standard`, whose pre-training is the published one; rows that they share are run once.
#[test]
fn every_experiment_runs_to_its_end() {
    let out = tempfile::tempdir().unwrap();
    for name in Experiment::names() {
        let profile = Experiment::load(name).unwrap().of(&Profile::load("standard").unwrap()).unwrap();
        run(&shrunk(profile, &["duke-to-market"]), out.path());
    }
    report(&out.path().join("standard"));
}
