//! Run folders written by hand, for the tests of this room.

use std::fs;
use std::path::{Path, PathBuf};

use mmt_vocabulary::record::{
    CONFIG, DONE, DomainKind, ENVIRONMENT, EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS,
    LabelRecord, NetworkName, QUERIES, QueryRecord, RANKED_IMAGES, RANKED_LISTS, RUN, RankedRecord, RunInfo,
    SCHEMA_VERSION, Split, TIMINGS, TimingRecord, read_csv, write_csv, write_json,
};
use toml::{Table, Value};

use mmt_vocabulary::run_directory::config_hash;

/// Networks of the records; the two that answer differ from the mean by this much.
const OFFSETS: [(NetworkName, f64); 3] =
    [(NetworkName::Answering(1), -0.01), (NetworkName::Answering(2), 0.01), (NetworkName::Student(1), -0.1)];

/// A folder `runs/quick`.
pub struct Fixture {
    folder: tempfile::TempDir,
    runs: PathBuf,
}

impl Fixture {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runs = folder.path().join("runs/quick");
        fs::create_dir_all(runs.join("adapt")).unwrap();
        Self { folder, runs }
    }

    pub fn runs(&self) -> &Path {
        &self.runs
    }

    /// The folder as the arguments of a report.
    pub fn roots(&self) -> Vec<PathBuf> {
        vec![self.runs.clone()]
    }

    pub fn out(&self) -> PathBuf {
        self.folder.path().join("reports/quick")
    }

    /// Describes a run on drawn domains of the same seed; its configuration is filled in by [`Fixture::write`].
    pub fn info(task: &str, row: &str, method: &str, seed: u64) -> RunInfo {
        RunInfo {
            schema: SCHEMA_VERSION,
            profile: "quick".to_owned(),
            domains: DomainKind::Synthetic,
            task: task.to_owned(),
            row: row.to_owned(),
            method: method.to_owned(),
            backbone: "small".to_owned(),
            domain_seed: Some(seed),
            seed,
            config: String::new(),
        }
    }

    /// Writes a finished run whose mean mAP after epoch e is `map[e]`, and returns its folder.
    pub fn run(&self, task: &str, row: &str, method: &str, seed: u64, map: &[f64]) -> PathBuf {
        self.write(&Self::info(task, row, method, seed), map)
    }

    /// Writes the run of `info`.
    pub fn write(&self, info: &RunInfo, map: &[f64]) -> PathBuf {
        let domain = info.domain_seed.map(|seed| format!("domain-{seed}"));
        let seeds: PathBuf = domain.into_iter().chain([format!("seed-{}", info.seed)]).collect();
        let folder = match info.method.as_str() {
            "pretrain" => {
                Path::new("pretrain").join(&info.task).join(&info.backbone).join(seeds).join("network-1")
            }
            _ => Path::new("adapt").join(&info.task).join(&info.row).join(seeds),
        };
        let folder = self.runs.join(folder);
        fs::create_dir_all(&folder).unwrap();
        configure(&folder, info, &config(info, map.len() - 1));
        fs::write(folder.join(ENVIRONMENT), "{\"device\": \"Cpu\", \"system\": \"linux x86_64\"}").unwrap();
        let evaluations: Vec<_> =
            map.iter().enumerate().flat_map(|(epoch, map)| evaluations(epoch, *map)).collect();
        write_csv(&folder.join(EVALUATIONS), &evaluations).unwrap();
        write_csv(&folder.join(TIMINGS), &timings(map.len())).unwrap();
        if map.len() > 1 {
            write_csv(&folder.join(EPOCHS), &losses(map.len())).unwrap();
            write_csv(&folder.join(LABELS), &labels(map.len(), info.method != "baseline")).unwrap();
        }
        folder
    }

    /// Gives a run the precisions of queries: those of each network at the last epoch lie about its mAP by `offsets`, of mean 0.
    pub fn queries(&self, folder: &Path, offsets: &[f64]) {
        let evaluations: Vec<EvaluationRecord> = read_csv(&folder.join(EVALUATIONS)).unwrap();
        let epoch = evaluations.iter().map(|record| record.epoch).max().unwrap();
        let records = evaluations.iter().filter(|record| record.epoch == epoch).flat_map(|record| {
            offsets.iter().enumerate().map(|(query, offset)| QueryRecord {
                schema: SCHEMA_VERSION,
                epoch,
                network: record.network,
                query,
                identity: Some(query as i64),
                ap: record.map + offset,
            })
        });
        write_csv(&folder.join(QUERIES), &records.collect::<Vec<_>>()).unwrap();
    }

    /// Gives a run ranked lists of its last epoch for queries 0, 10, 20 … of these precisions, with a picture of tiles of 2 x 4 pixels.
    pub fn ranked(&self, folder: &Path, precisions: &[f64]) {
        let evaluations: Vec<EvaluationRecord> = read_csv(&folder.join(EVALUATIONS)).unwrap();
        let epoch = evaluations.iter().map(|record| record.epoch).max().unwrap();
        let record = |query: usize, ap: f64, rank: usize| RankedRecord {
            schema: SCHEMA_VERSION,
            epoch,
            network: NetworkName::Answering(1),
            query,
            rank,
            file: format!("{rank}.jpg"),
            identity: rank as i64 % 2,
            camera: if rank == 0 { 1 } else { rank as i64 % 3 },
            distance: 0.125 * rank as f64,
            right: rank.is_multiple_of(2),
            ap,
        };
        let lists = precisions.iter().enumerate();
        let records: Vec<_> =
            lists.flat_map(|(at, ap)| (0..=10).map(move |rank| record(10 * at, *ap, rank))).collect();
        write_csv(&folder.join(RANKED_LISTS), &records).unwrap();
        image::RgbImage::from_pixel(11 * 2, precisions.len() as u32 * 4, image::Rgb([90, 120, 150]))
            .save(folder.join(RANKED_IMAGES))
            .unwrap();
    }

    /// Makes a run one of other settings: `change` gets its `[adaptation]`.
    pub fn reconfigure(&self, folder: &Path, change: impl Fn(&mut Table)) {
        let mut table: Table = fs::read_to_string(folder.join(CONFIG)).unwrap().parse().unwrap();
        change(table["adaptation"].as_table_mut().unwrap());
        let info = serde_json::from_slice(&fs::read(folder.join(RUN)).unwrap()).unwrap();
        configure(folder, &info, &table);
    }
}

fn configure(folder: &Path, info: &RunInfo, config: &Table) {
    let text = toml::to_string(config).unwrap();
    let info = RunInfo { config: config_hash(&text), ..info.clone() };
    fs::write(folder.join(CONFIG), text).unwrap();
    write_json(&folder.join(RUN), &info).unwrap();
    fs::write(folder.join(DONE), format!("{}\n", info.config)).unwrap();
}

/// Published settings, as far as the report looks at them; those of the baseline for a baseline.
fn config(info: &RunInfo, epochs: usize) -> Table {
    let mut config = Table::new();
    config.insert("task".to_owned(), info.task.clone().into());
    config.insert("row".to_owned(), info.row.clone().into());
    config.insert("seed".to_owned(), Value::Integer(info.seed as i64));
    if let Some(seed) = info.domain_seed {
        config.insert("domain_seed".to_owned(), Value::Integer(seed as i64));
    }
    config.insert("parents".to_owned(), vec![format!("start of {} {}", info.task, info.seed)].into());
    if ["baseline", "mmt", "variant"].contains(&info.method.as_str()) {
        let soft = if info.method == "baseline" { 0.0 } else { 1.0 };
        let kind =
            if info.row.contains("dbscan") { "kind = 'dbscan'" } else { "kind = 'kmeans', clusters = 100" };
        let text = format!(
            "epochs = {epochs}\nlearning_rate = 0.0014\nbatch = {{ identities = 8, instances = 4, bn_group = 0 }}\nalpha = {}\nsoft_ce_weight = {}\nsoft_tri_weight = {}\nclustering = {{ {kind} }}\n",
            0.5 * soft,
            0.5 * soft,
            0.75 * soft
        );
        config.insert("adaptation".to_owned(), text.parse::<Table>().unwrap().into());
    }
    config
}

fn evaluations(epoch: usize, map: f64) -> impl Iterator<Item = EvaluationRecord> {
    OFFSETS.into_iter().map(move |(network, offset)| EvaluationRecord {
        schema: SCHEMA_VERSION,
        epoch,
        network,
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

fn labels(epochs: usize, with_teachers: bool) -> Vec<LabelRecord> {
    let taught = |measure: f64| with_teachers.then_some(measure);
    let record = |epoch| LabelRecord {
        schema: SCHEMA_VERSION,
        epoch,
        clusters: 100,
        unassigned: 5,
        ari: 0.1 * epoch as f64,
        nmi: 0.5,
        purity: 0.75,
        wrong_merges: Some(0.25),
        wrong_splits: Some(0.125),
        one_camera: Some(0.5),
        one_camera_by_chance: Some(0.2),
        teacher_certainty: taught(0.05 * epoch as f64),
        teacher_right_where_student_wrong: taught(0.375),
        teacher_right_where_triplet_wrong: taught(0.625),
        hard_label_accuracy: taught(0.5),
        soft_label_accuracy: taught(0.5 + 0.1 * epoch as f64),
        soft_right_where_hard_wrong: taught(0.3),
        soft_wrong_where_hard_right: taught(0.0625),
        ..LabelRecord::default()
    };
    (1..epochs).map(record).collect()
}
