//! Jobs by value: everything that a run of the miniature profile records is computed once more, by hand from the parts that other tests
//! hold, and must be the same to the last bit. So a job that hands another setting, seed, camera, transform, network or test set to
//! training or evaluation is seen.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mmt::cluster::jaccard::Neighbourhood;
use mmt::data::{self, Dataset, DatasetName, ImageStore, LabelledItem};
use mmt::eval::label_quality::label_quality;
use mmt::eval::pair_errors::pair_errors;
use mmt::eval::re_ranking::evaluate_re_ranked;
use mmt::eval::teaching::teaching;
use mmt::eval::{Evaluation, Labels, evaluate};
use mmt::experiment::{HashedData, Method, Origin, Profile, Row, Run, RunOptions, Stop};
use mmt::features::extract;
use mmt::model::Network;
use mmt::random::stream;
use mmt::record::{
    EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS, LabelRecord, QUERIES, QueryRecord, Record,
    SCHEMA_VERSION, Split, read_csv,
};
use mmt::synthetic;
use mmt::train::statistics::set_statistics;
use mmt::train::{
    Adaptation, Pretraining, PretrainingSettings, SourceImages, TargetImages, TargetStatistics, methods,
};
use tch::{Device, Kind};

const DOMAIN_SEED: u64 = 1;
const TRAINING_SEED: u64 = 3;
/// Seeds of the two networks of that training: 2 s and 2 s + 1, so that no two trainings share one.
const NETWORK_SEEDS: [u64; 2] = [6, 7];

/// The records of a job, but for seconds and pictures.
#[derive(Debug, Default, PartialEq)]
struct Found {
    losses: Vec<EpochRecord>,
    evaluations: Vec<EvaluationRecord>,
    labels: Vec<LabelRecord>,
    /// Of the last evaluation.
    queries: Vec<QueryRecord>,
}

impl Found {
    fn recorded(folder: &Path) -> Self {
        fn records<T: serde::de::DeserializeOwned + Record>(path: PathBuf) -> Vec<T> {
            if path.exists() { read_csv(&path).unwrap() } else { Vec::new() }
        }
        Self {
            losses: records(folder.join(EPOCHS)),
            evaluations: records(folder.join(EVALUATIONS)),
            labels: records(folder.join(LABELS)),
            queries: records(folder.join(QUERIES)),
        }
    }

    fn add_losses(&mut self, epoch: usize, means: Vec<(&'static str, f64)>) {
        let record = |(loss, value): (&str, f64)| EpochRecord {
            schema: SCHEMA_VERSION,
            epoch,
            loss: loss.to_owned(),
            value,
        };
        self.losses.extend(means.into_iter().map(record));
    }
}

/// Images and labels of a drawn dataset, read again.
struct Domain {
    dataset: Dataset,
    train: Arc<ImageStore>,
    query: Arc<ImageStore>,
    gallery: Arc<ImageStore>,
}

impl Domain {
    fn new(profile: &Profile, name: DatasetName, domains: &Path) -> Self {
        let settings = profile.domains.settings(DOMAIN_SEED);
        let root = synthetic::prepare(name, &settings, domains, &mut |_, _| Ok(())).unwrap();
        let dataset = data::read(name, &root).unwrap();
        let open = |items: &[LabelledItem]| {
            let paths = items.iter().map(|item| item.path.clone()).collect();
            Arc::new(ImageStore::open(paths, profile.image_size, usize::MAX, &mut |_, _| Ok(())).unwrap())
        };
        let [train, query, gallery] = [&dataset.train, &dataset.query, &dataset.gallery].map(|it| open(it));
        Self { dataset, train, query, gallery }
    }

    fn cameras(&self) -> Vec<usize> {
        self.dataset.train.iter().map(|item| item.camera).collect()
    }

    fn source(&self) -> SourceImages {
        let identities = self.dataset.train.iter().map(|item| item.identity as usize).collect();
        SourceImages { images: self.train.clone(), identities, cameras: self.cameras() }
    }

    /// Evaluates networks by name on query and gallery.
    fn evaluate(&self, found: &mut Found, networks: &[(&str, &Network)], splits: &[Split], epoch: usize) {
        let of =
            |network: &Network, images| extract(&[network], images, 128, &mut |_| Ok(())).unwrap().remove(0);
        let [query, gallery] = [&self.dataset.query, &self.dataset.gallery].map(|items| {
            let identities: Vec<i64> = items.iter().map(|item| item.identity).collect();
            (identities, items.iter().map(|item| item.camera as i64).collect::<Vec<_>>())
        });
        let [query, gallery] = [&query, &gallery].map(|(identities, cameras)| Labels { identities, cameras });
        found.queries.clear();
        for split in splits {
            for (name, network) in networks {
                let (q, g) = (of(network, &self.query), of(network, &self.gallery));
                let neighbourhood = Neighbourhood { k1: 20, k2: 6 };
                let result = match split {
                    Split::TargetTestReRanked => {
                        evaluate_re_ranked(&q, &g, query, gallery, neighbourhood, 0.3)
                    }
                    Split::TargetTest | Split::SourceTest => evaluate(&q, &g, query, gallery),
                }
                .unwrap();
                found.evaluations.push(evaluation(&result, name, *split, epoch));
                if *split == Split::TargetTest {
                    found.queries.extend(queries(&result, query.identities, name, epoch));
                }
            }
        }
    }
}

fn evaluation(result: &Evaluation, network: &str, split: Split, epoch: usize) -> EvaluationRecord {
    EvaluationRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network: network.parse().unwrap(),
        split,
        map: result.map,
        top1: result.cmc[0],
        top5: result.cmc[4],
        top10: result.cmc[9],
    }
}

fn queries(result: &Evaluation, identities: &[i64], network: &str, epoch: usize) -> Vec<QueryRecord> {
    let record = |(query, ap): (usize, f64)| QueryRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network: network.parse().unwrap(),
        query,
        identity: Some(identities[query]),
        ap,
    };
    result.queries.iter().map(|entry| record((entry.query, entry.average_precision))).collect()
}

/// A run of market → duke by hand.
struct Hand {
    profile: Profile,
    source: Domain,
    target: Domain,
}

impl Hand {
    fn splits(&self) -> &'static [Split] {
        if self.profile.rerank {
            &[Split::TargetTest, Split::TargetTestReRanked]
        } else {
            &[Split::TargetTest]
        }
    }

    /// Pre-training of network 1 or 2 (from 0) on `domain`, the network that is handed on, and what is recorded.
    fn pretrain(&self, domain: &Domain, settings: &PretrainingSettings, at: usize) -> (Network, Found) {
        let seed = NETWORK_SEEDS[at];
        let place = (Kind::Float, Device::Cpu);
        let classes = self.profile.domains.train_identities;
        let mut rng = stream(seed, "model/initial", 0, 0);
        let network = Network::new(&self.profile.backbone.spec(), classes, &mut rng, place).unwrap();
        let during = settings.target_statistics == TargetStatistics::During;
        let target = during.then(|| self.target.train.clone());
        let mut training =
            Pretraining::new(settings.clone(), seed, network, domain.source(), target).unwrap();
        let (mut found, mut best, mut kept) = (Found::default(), 0.0, None);
        for epoch in 1..=settings.epochs {
            let losses = training.next_epoch(&mut ()).unwrap();
            found.add_losses(epoch, losses.means().unwrap());
            if epoch % settings.evaluate_every == 0 || epoch == settings.epochs {
                let networks = [("network", training.network())];
                domain.evaluate(&mut found, &networks, &[Split::SourceTest], epoch);
                let map = found.evaluations.last().unwrap().map;
                if !settings.keep_best || map > best {
                    kept = Some(training.network().duplicate().unwrap());
                }
                best = f64::max(best, map);
            }
        }
        (kept.unwrap(), found)
    }

    /// The networks that adaptation starts from, and the records of the row "pre-trained".
    fn start(&self, pretrained: [Network; 2]) -> ([Network; 2], Found) {
        let settings = &self.profile.pretraining;
        if settings.target_statistics == TargetStatistics::After {
            for (network, seed) in pretrained.iter().zip(NETWORK_SEEDS) {
                let (source, target) = (&self.source.train, &self.target.train);
                set_statistics(network, settings, seed, source, target, &mut ()).unwrap();
            }
        }
        let found = self.evaluated_once(&pretrained);
        (pretrained, found)
    }

    fn evaluated_once(&self, networks: &[Network; 2]) -> Found {
        let mut found = Found::default();
        let named = [("network-1", &networks[0]), ("network-2", &networks[1])];
        self.target.evaluate(&mut found, &named, self.splits(), 0);
        found
    }

    /// A row that adapts.
    fn adapt(&self, row: &Row, start: &[Network; 2], at_start: &Found) -> Found {
        let target = TargetImages { images: self.target.train.clone(), cameras: self.target.cameras() };
        let networks = start.iter().map(|network| network.duplicate().unwrap()).collect();
        let (settings, method) = (row.adaptation.clone(), methods::of(&row.adaptation));
        let mut adaptation = Adaptation::new(settings, TRAINING_SEED, method, networks, target).unwrap();
        let answering = ["network-1", "network-2"];
        let mut found = Found::default();
        let goes_on = &answering[..adaptation.students().len()];
        found.evaluations = at_start.evaluations.clone();
        found.evaluations.retain(|record| goes_on.contains(&record.network.to_string().as_str()));
        for epoch in 1..=row.adaptation.epochs {
            let outcome = adaptation.next_epoch(&mut ()).unwrap();
            found.add_losses(epoch, outcome.losses.means().unwrap());
            let labels = &outcome.pseudo_labels.labels;
            let identities: Vec<usize> =
                self.target.dataset.train.iter().map(|item| item.identity as usize).collect();
            let quality = label_quality(labels, &identities).unwrap();
            let cameras: Vec<usize> = self.target.dataset.train.iter().map(|item| item.camera).collect();
            let pairs = pair_errors(labels, &identities, &cameras).unwrap();
            let anchors = outcome.lessons.anchors().unwrap();
            assert_eq!(anchors.is_empty(), row.method == Method::Baseline, "a baseline has no teachers");
            let taught = teaching(&anchors, labels, &identities).unwrap();
            found.labels.push(LabelRecord {
                schema: SCHEMA_VERSION,
                epoch,
                clusters: outcome.pseudo_labels.clusters,
                unassigned: labels.iter().filter(|label| label.is_none()).count(),
                ari: quality.ari,
                nmi: quality.nmi,
                purity: quality.purity,
                wrong_merges: pairs.wrong_merges,
                wrong_splits: pairs.wrong_splits,
                one_camera: pairs.one_camera,
                one_camera_by_chance: pairs.one_camera_by_chance,
                teacher_q10: taught.teacher_q10,
                teacher_q50: taught.teacher_q50,
                teacher_q90: taught.teacher_q90,
                teacher_certainty: taught.teacher_certainty,
                wrong_triplets: taught.wrong_triplets,
                teacher_right_where_student_wrong: taught.teacher_right_where_student_wrong,
                teacher_right_where_triplet_wrong: taught.teacher_right_where_triplet_wrong,
                hard_label_accuracy: taught.hard_label_accuracy,
                soft_label_accuracy: taught.soft_label_accuracy,
                soft_right_where_hard_wrong: taught.soft_right_where_hard_wrong,
                soft_wrong_where_hard_right: taught.soft_wrong_where_hard_right,
            });
            let (students, means) = (adaptation.students(), adaptation.mean_networks());
            // Mean networks answer where there are any, and their students are recorded beside them.
            let networks: Vec<(&str, &Network)> = if means.is_empty() {
                answering.into_iter().zip(students).collect()
            } else {
                let named = answering.into_iter().zip(means);
                named.chain(["student-1", "student-2"].into_iter().zip(students)).collect()
            };
            self.target.evaluate(&mut found, &networks, self.splits(), epoch);
        }
        found
    }
}

/// Runs `profile`, market → duke, below `folder`.
fn run(profile: &Profile, folder: &Path) {
    let options = RunOptions {
        out: folder.join("runs"),
        origin: Origin::Synthetic(folder.join("domains"), profile.domains.clone()),
        hashed: HashedData::Sizes,
        methods: Method::ALL.to_vec(),
        shard: None,
        device: Device::Cpu,
        threads: 1,
        init: None,
    };
    let run = Run::new(profile.clone(), options, Arc::new(Stop::new()), &()).unwrap();
    run.execute(&()).unwrap();
}

fn same(folder: &Path, job: &str, expected: &Found) {
    let found = Found::recorded(&folder.join(job).join(format!("domain-{DOMAIN_SEED}/seed-{TRAINING_SEED}")));
    assert_eq!(found, *expected, "{job}");
}

fn same_network(folder: &Path, source: &str, at: usize, expected: &Found) {
    let job = format!("pretrain/{source}/small/domain-{DOMAIN_SEED}/seed-{TRAINING_SEED}/network-{}", at + 1);
    let found = Found::recorded(&folder.join(&job));
    // No queries are recorded of the source.
    assert_eq!(found, Found { queries: Vec::new(), ..clone_of(expected) }, "{job}");
}

fn clone_of(found: &Found) -> Found {
    Found {
        losses: found.losses.clone(),
        evaluations: found.evaluations.clone(),
        labels: found.labels.clone(),
        queries: found.queries.clone(),
    }
}

/// Every record of every job of `profile` on market → duke. `sources`: folders of the source networks and of the oracle's.
fn every_record_is_what_the_parts_give(mut profile: Profile, sources: [&str; 2]) {
    let folder = tempfile::tempdir().unwrap();
    profile.tasks.truncate(1);
    (profile.domain_seeds, profile.seeds) = (vec![DOMAIN_SEED], vec![TRAINING_SEED]);
    // The same count as the run has, for the same order of sums.
    tch::set_num_threads(1);
    run(&profile, folder.path());
    let runs = folder.path().join("runs").join(&profile.name);
    let domains = folder.path().join("domains");
    let [source, target] =
        [DatasetName::Market1501, DatasetName::DukeMtmc].map(|name| Domain::new(&profile, name, &domains));
    let hand = Hand { profile, source, target };
    let settings = &hand.profile.pretraining;
    let pretrained = [0, 1].map(|at| {
        let (network, found) = hand.pretrain(&hand.source, settings, at);
        same_network(&runs, sources[0], at, &found);
        network
    });
    let (start, at_start) = hand.start(pretrained);
    same(&runs, "adapt/market-to-duke/pre-trained", &at_start);
    let adapting = |row: &&Row| matches!(row.method, Method::Baseline | Method::Mmt | Method::Variant);
    let rows: Vec<&Row> = hand.profile.rows.iter().filter(adapting).collect();
    assert!(rows.len() > 1);
    for row in rows {
        let found = hand.adapt(row, &start, &at_start);
        same(&runs, &format!("adapt/market-to-duke/{}", row.name), &found);
    }
    // The oracle is the last state of networks whose source is the target; nothing is chosen, and no other domain seen.
    let statistics = match settings.target_statistics {
        TargetStatistics::During => TargetStatistics::Off,
        other => other,
    };
    let own = PretrainingSettings { target_statistics: statistics, keep_best: false, ..settings.clone() };
    let oracle = [0, 1].map(|at| {
        let (network, found) = hand.pretrain(&hand.target, &own, at);
        same_network(&runs, sources[1], at, &found);
        network
    });
    same(&runs, "adapt/market-to-duke/oracle", &hand.evaluated_once(&oracle));
}

#[test]
fn every_record_of_the_miniature_is_what_the_parts_give() {
    let mut profile = Profile::load("miniature").unwrap();
    profile.rerank = true;
    every_record_is_what_the_parts_give(profile, ["market", "duke"]);
}

/// As published: a target batch after every source batch, the best source network kept, and a row by DBSCAN.
#[test]
fn so_is_every_record_under_the_published_pre_training() {
    let mut profile = Profile::load("miniature").unwrap();
    profile.name = "published".to_owned();
    let pretraining = &mut profile.pretraining;
    pretraining.target_statistics = TargetStatistics::During;
    (pretraining.keep_best, pretraining.epochs, pretraining.evaluate_every) = (true, 4, 1);
    let mut by_density = profile.rows.iter().find(|row| row.method == Method::Mmt).unwrap().clone();
    by_density.name = "mmt-dbscan".to_owned();
    by_density.adaptation.clustering = profile.dbscan;
    profile.rows.push(by_density);
    every_record_is_what_the_parts_give(profile, ["market-to-duke", "duke-oracle"]);
}
