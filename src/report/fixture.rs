//! Run folders written by hand, for the tests of this room.

use std::fs;
use std::path::{Path, PathBuf};

use crate::record::{
    DONE, DomainKind, EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS, LabelRecord, RUN, RunInfo,
    SCHEMA_VERSION, Split, TIMINGS, TimingRecord, write_csv, write_json,
};

/// Networks of the records; the two that answer differ from the mean by this much.
const OFFSETS: [(&str, f64); 3] = [("network-1", -0.01), ("network-2", 0.01), ("student-1", -0.1)];

/// A folder `runs/quick`.
pub struct Fixture {
    folder: tempfile::TempDir,
    runs: PathBuf,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs/quick");
        fs::create_dir_all(&runs).unwrap();
        Self { folder, runs }
    }

    pub fn runs(&self) -> &Path {
        &self.runs
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("reports/quick")
    }

    pub fn info(task: &str, row: &str, method: &str, seed: u64) -> RunInfo {
        RunInfo {
            schema: SCHEMA_VERSION,
            profile: "quick".to_owned(),
            domains: DomainKind::Synthetic,
            task: task.to_owned(),
            row: row.to_owned(),
            method: method.to_owned(),
            backbone: "small".to_owned(),
            seed,
            config: format!("{task}/{row}/{seed}"),
        }
    }

    /// Writes a finished run whose mean mAP after epoch e is `map[e]`, and returns its folder.
    pub fn run(&self, task: &str, row: &str, method: &str, seed: u64, map: &[f64]) -> PathBuf {
        self.write(&Self::info(task, row, method, seed), map)
    }

    /// Writes the run of `info`.
    pub fn write(&self, info: &RunInfo, map: &[f64]) -> PathBuf {
        let seed = format!("seed-{}", info.seed);
        let folder = match info.method.as_str() {
            "pretrain" => ["pretrain", &info.task, &info.backbone, &seed, "network-1"].iter().collect(),
            _ => ["adapt", &info.task, &info.row, &seed].iter().collect::<PathBuf>(),
        };
        let folder = self.runs.join(folder);
        fs::create_dir_all(&folder).unwrap();
        write_json(&folder.join(RUN), info).unwrap();
        fs::write(folder.join(DONE), format!("{}\n", info.config)).unwrap();
        let evaluations: Vec<_> =
            map.iter().enumerate().flat_map(|(epoch, map)| evaluations(epoch, *map)).collect();
        write_csv(&folder.join(EVALUATIONS), &evaluations).unwrap();
        write_csv(&folder.join(TIMINGS), &timings(map.len())).unwrap();
        if map.len() > 1 {
            write_csv(&folder.join(EPOCHS), &losses(map.len())).unwrap();
            write_csv(&folder.join(LABELS), &labels(map.len())).unwrap();
        }
        folder
    }
}

fn evaluations(epoch: usize, map: f64) -> impl Iterator<Item = EvaluationRecord> {
    OFFSETS.into_iter().map(move |(network, offset)| EvaluationRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network: network.to_owned(),
        split: Split::TargetTest,
        map: map + offset,
        top1: map + offset + 0.1,
        top5: map + offset + 0.2,
        top10: map + offset + 0.25,
    })
}

fn timings(epochs: usize) -> Vec<TimingRecord> {
    let stages = (1..epochs).map(|epoch| (epoch, "training", 60.0)).chain([(0, "evaluation", 30.0)]);
    let record = |(epoch, stage, seconds): (usize, &str, f64)| TimingRecord {
        schema: SCHEMA_VERSION,
        epoch,
        stage: stage.to_owned(),
        seconds,
    };
    stages.map(record).collect()
}

fn losses(epochs: usize) -> Vec<EpochRecord> {
    let record = |epoch| EpochRecord { schema: SCHEMA_VERSION, epoch, loss: "total".to_owned(), value: 1.0 };
    (1..epochs).map(record).collect()
}

fn labels(epochs: usize) -> Vec<LabelRecord> {
    let record = |epoch| LabelRecord {
        schema: SCHEMA_VERSION,
        epoch,
        clusters: 100,
        unassigned: 5,
        ari: 0.1 * epoch as f64,
        nmi: 0.5,
        purity: 0.75,
    };
    (1..epochs).map(record).collect()
}
