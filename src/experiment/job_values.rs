//! Jobs by value: the graph, what each hands to training, and what its configuration covers.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tch::{Device, Kind};

use super::layout::Layout;
use super::{
    HashedData, Job, Method, Monitor, Origin, Plan, PretrainJob, Profile, Purpose, Run, RunOptions, Seeds,
    Stop, TaskJob,
};
use crate::data::{self, DatasetName, LabelledItem};
use crate::model::Network;
use crate::random::stream;
use crate::synthetic;
use crate::train::{PretrainingSettings, TargetStatistics};

const SEEDS: Seeds = Seeds { domain: Some(1), training: 1 };

fn options(profile: &Profile, folder: &Path) -> RunOptions {
    RunOptions {
        out: folder.join("runs"),
        origin: Origin::Synthetic(folder.join("domains"), profile.domains.clone()),
        hashed: HashedData::Sizes,
        methods: Method::ALL.to_vec(),
        shard: None,
        device: Device::Cpu,
        threads: 2,
        init: None,
    }
}

fn nodes(profile: &str, tasks: usize, seeds: &[Seeds]) -> Vec<(String, Vec<usize>)> {
    let mut profile = Profile::load(profile).unwrap();
    profile.tasks.truncate(tasks);
    let nodes = Plan::new(&profile, &Method::ALL, seeds).nodes;
    nodes.into_iter().map(|node| (node.job.label(), node.needs)).collect()
}

#[test]
fn the_graph_of_the_miniature() {
    let expected: [(&str, &[usize]); 12] = [
        ("market pretrain 1", &[]),
        ("market pretrain 2", &[]),
        ("duke pretrain 1", &[]),
        ("duke pretrain 2", &[]),
        ("market-to-duke pre-trained", &[0, 1]),
        ("market-to-duke baseline", &[4]),
        ("market-to-duke mmt-k", &[4]),
        ("market-to-duke oracle", &[2, 3]),
        ("duke-to-market pre-trained", &[2, 3]),
        ("duke-to-market baseline", &[8]),
        ("duke-to-market mmt-k", &[8]),
        ("duke-to-market oracle", &[0, 1]),
    ];
    let expected = expected.map(|(label, needs)| (format!("{label} domain 1 seed 1"), needs.to_vec()));
    assert_eq!(nodes("miniature", 2, &[SEEDS]), expected);
}

/// With a target batch after every source batch, each pair of domains has its networks, and the oracle its own.
#[test]
fn the_graph_under_published_pre_training() {
    let nodes = nodes("standard", 1, &[SEEDS]);
    let labels: Vec<&str> =
        nodes.iter().map(|(label, _)| label.trim_end_matches(" domain 1 seed 1")).collect();
    let pretrained = [
        "market-to-duke pretrain 1",
        "market-to-duke pretrain 2",
        "duke-oracle pretrain 1",
        "duke-oracle pretrain 2",
    ];
    assert_eq!(labels[..4], pretrained);
    let of = |label: &str| labels.iter().position(|other| *other == label).unwrap();
    assert_eq!(nodes[of("market-to-duke pre-trained")].1, [0, 1]);
    assert_eq!(nodes[of("market-to-duke oracle")].1, [2, 3]);
}

#[test]
fn every_cell_of_seeds_has_jobs_of_its_own_that_need_each_other() {
    let seeds = Seeds::crossed(&[Some(1), Some(2)], &[1, 2]);
    let nodes = nodes("miniature", 1, &seeds);
    assert_eq!(nodes.len(), 4 * 8);
    let cell = |label: &str| label[label.find("domain").unwrap()..].to_owned();
    for (label, needs) in &nodes {
        assert!(needs.iter().all(|need| cell(&nodes[*need].0) == cell(label)), "{label}");
    }
    let cells: BTreeSet<String> = nodes.iter().map(|(label, _)| cell(label)).collect();
    assert_eq!(cells.len(), 4);
}

#[test]
fn nothing_is_chosen_for_the_oracle_and_no_second_domain_asked_of_it() {
    for name in Profile::names() {
        let profile = Profile::load(name).unwrap();
        let settings = &profile.pretraining;
        for job in PretrainJob::of_oracle(&profile, profile.tasks[0], SEEDS) {
            let own = job.settings(settings);
            assert_eq!((job.source, job.target), (profile.tasks[0].target, None), "{name}");
            assert!(own.target_statistics != TargetStatistics::During && !own.keep_best, "{name}");
            let back = PretrainingSettings {
                target_statistics: settings.target_statistics,
                keep_best: settings.keep_best,
                ..own
            };
            assert_eq!(back, *settings, "{name}: all else is the profile's");
        }
        for job in PretrainJob::of_task(&profile, profile.tasks[0], SEEDS) {
            assert_eq!(job.settings(settings), *settings, "{name}");
        }
    }
}

/// A profile that keeps the best source network, and sees the target afterwards: source and oracle must not share a folder.
#[test]
fn an_oracle_that_is_trained_in_another_way_has_a_folder_of_its_own() {
    let mut profile = Profile::load("miniature").unwrap();
    let folders = |profile: &Profile| {
        let [to, back] = [profile.tasks[0], profile.tasks[1]];
        let source = Job::Pretrain(PretrainJob::of_task(profile, back, SEEDS)[0].clone());
        let oracle = Job::Pretrain(PretrainJob::of_oracle(profile, to, SEEDS)[0].clone());
        [source.folder(profile), oracle.folder(profile)]
    };
    let shared = Path::new("pretrain/duke/small/domain-1/seed-1/network-1");
    assert_eq!(folders(&profile), [shared, shared]);
    profile.pretraining.keep_best = true;
    let own = Path::new("pretrain/duke-oracle/small/domain-1/seed-1/network-1");
    assert_eq!(folders(&profile), [shared, own]);
}

/// Hash of every job of the first task, after `change`.
fn hashes(change: impl Fn(&mut Profile)) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().unwrap();
    let mut profile = Profile::load("miniature").unwrap();
    profile.tasks.truncate(1);
    change(&mut profile);
    let options = options(&profile, folder.path());
    let layout = Layout::new(profile, options).unwrap();
    let hash = |job: &Job| (job.label(), layout.directory(job).unwrap().hash().to_owned());
    layout.plan.nodes.iter().map(|node| hash(&node.job)).collect()
}

fn changed(change: impl Fn(&mut Profile)) -> Vec<String> {
    let pairs = hashes(|_| ()).into_iter().zip(hashes(change));
    let other = pairs.filter(|(before, after)| before != after).map(|(before, _)| before.0);
    other.map(|label| label.trim_end_matches(" domain 1 seed 1").to_owned()).collect()
}

#[test]
fn what_a_job_builds_on_is_in_its_hash() {
    let all = hashes(|_| ()).len();
    assert_eq!(all, 8);
    let everything: [&dyn Fn(&mut Profile); 4] = [
        &|profile| profile.pretraining.weight_decay = 0.25,
        &|profile| profile.domains.distractors += 1,
        &|profile| profile.image_size.height += 1,
        &|profile| profile.domain_seeds = vec![2],
    ];
    for change in everything {
        assert_eq!(changed(change).len(), all);
    }
    // Statistics of the target are no matter of the oracle's, but of the settings of its networks.
    assert_eq!(changed(|profile| profile.rows[2].adaptation.alpha = 0.5), ["market-to-duke mmt-k"]);
    let tasks = ["pre-trained", "baseline", "mmt-k", "oracle"].map(|row| format!("market-to-duke {row}"));
    assert_eq!(changed(|profile| profile.rerank = true), tasks);
}

#[test]
fn the_version_of_the_generator_is_in_the_configuration() {
    let profile = Profile::load("miniature").unwrap();
    let text = toml::to_string(&Origin::Synthetic("x".into(), profile.domains).description(Some(7))).unwrap();
    let version = format!("generator_version = {}", synthetic::GENERATOR_VERSION);
    assert!(text.contains(&version) && text.contains("seed = 7"), "{text}");
}

/// Two domains of different sizes, opened.
fn opened(folder: &Path) -> Run {
    let mut profile = Profile::load("miniature").unwrap();
    profile.tasks.truncate(1);
    let options = options(&profile, folder);
    Run::new(profile, options, Arc::new(Stop::new()), &() as &dyn Monitor).unwrap()
}

#[test]
fn jobs_see_images_and_labels_of_their_own_domain() {
    let folder = tempfile::tempdir().unwrap();
    let run = opened(folder.path());
    let settings = Profile::load("miniature").unwrap().domains.settings(1);
    for name in [DatasetName::Market1501, DatasetName::DukeMtmc] {
        let domains = folder.path().join("domains");
        let root = synthetic::prepare(name, &settings, &domains, &mut |_, _| Ok(())).unwrap();
        let (read, open) = (data::read(name, &root).unwrap(), run.domain(name, SEEDS));
        let paths = |items: &[LabelledItem]| items.iter().map(|item| item.path.clone()).collect::<Vec<_>>();
        let (source, target) = (open.as_source(), open.as_target());
        for images in [&source.images, &target.images] {
            let found: Vec<_> = (0..images.len()).map(|at| images.path(at).unwrap().to_owned()).collect();
            assert_eq!(found, paths(&read.train));
        }
        let cameras: Vec<usize> = read.train.iter().map(|item| item.camera).collect();
        assert_eq!((&source.cameras, &target.cameras), (&cameras, &cameras));
        assert!(cameras.iter().collect::<BTreeSet<_>>().len() > 1);
        assert_eq!(source.identities, read.train_identities());
        for (set, items) in [(&open.query, &read.query), (&open.gallery, &read.gallery)] {
            let labels = set.labels();
            for (at, item) in items.iter().enumerate() {
                assert_eq!(set.images.path(at).unwrap(), item.path);
                assert_eq!(labels.get(at), (item.identity, item.camera as i64));
            }
        }
    }
}

#[test]
fn networks_start_from_their_own_seed_with_a_row_per_identity_of_their_source() {
    let folder = tempfile::tempdir().unwrap();
    let run = opened(folder.path());
    let source = DatasetName::Market1501;
    let job = |network| PretrainJob { source, target: None, network, seeds: SEEDS, purpose: Purpose::Source };
    let mut found = Vec::new();
    for (network, seed) in [(1, 2), (2, 3)] {
        let made = run.new_network(&job(network)).unwrap();
        let spec = Profile::load("miniature").unwrap().backbone.spec();
        let mut rng = stream(seed, "model/initial", 0, 0);
        let expected = Network::new(&spec, 8, &mut rng, (Kind::Float, Device::Cpu)).unwrap();
        assert_eq!(made.classes(), 8);
        assert_eq!(made.state(""), expected.state(""));
        found.push(made.state(""));
    }
    assert_ne!(found[0], found[1]);
}

#[test]
fn an_adaptation_starts_from_the_start_of_its_task_and_seeds() {
    let profile = Profile::load("miniature").unwrap();
    let seeds = Seeds::crossed(&[Some(1), Some(2)], &[1, 2]);
    let plan = Plan::new(&profile, &Method::ALL, &seeds);
    let mut adaptations = 0;
    for node in &plan.nodes {
        let Job::Adapt(job) = &node.job else { continue };
        adaptations += 1;
        let TaskJob { task, seeds, row } = plan.start_of(job).unwrap();
        assert_eq!((*task, *seeds, row.method), (job.task, job.seeds, Method::PreTrained));
    }
    assert_eq!(adaptations, 4 * 2 * 2);
}
