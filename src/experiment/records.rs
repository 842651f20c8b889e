//! The records of a job in the making: read back on a resume, cut back to the last checkpoint, written whole each epoch.

use std::collections::BTreeMap;
use std::path::Path;

use super::evaluation::Found;
use super::ranked_lists::RankedLists;
use crate::error::Result;
use crate::record::files::write_whole;
use crate::record::tensorboard::events;
use crate::record::{
    EPOCHS, EVALUATIONS, EpochRecord, EvaluationRecord, LABELS, LabelRecord, QUERIES, QueryRecord,
    RANKED_IMAGES, RANKED_LISTS, Record, SCHEMA_VERSION, TENSORBOARD, TIMINGS, TimingRecord, read_csv,
    write_csv,
};
use crate::train::Stage;

/// All records of a job.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub epochs: Vec<EpochRecord>,
    pub evaluations: Vec<EvaluationRecord>,
    pub labels: Vec<LabelRecord>,
    pub timings: Vec<TimingRecord>,
    /// Of the last evaluation alone, and not read back: they stay as written until the next one.
    pub queries: Vec<QueryRecord>,
    pub ranked: Option<RankedLists>,
}

impl Records {
    /// The records in `folder` up to `epoch`; what came after the last checkpoint is done again.
    pub fn read(folder: &Path, epoch: usize) -> Result<Self> {
        Ok(Self {
            epochs: read(folder, EPOCHS, |record: &EpochRecord| record.epoch <= epoch)?,
            evaluations: read(folder, EVALUATIONS, |record: &EvaluationRecord| record.epoch <= epoch)?,
            labels: read(folder, LABELS, |record: &LabelRecord| record.epoch <= epoch)?,
            timings: read(folder, TIMINGS, |record: &TimingRecord| record.epoch <= epoch)?,
            ..Self::default()
        })
    }

    /// Writes the files that have rows, and the event file of TensorBoard.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write(folder, EPOCHS, &self.epochs)?;
        write(folder, EVALUATIONS, &self.evaluations)?;
        write(folder, LABELS, &self.labels)?;
        write(folder, QUERIES, &self.queries)?;
        if let Some(ranked) = &self.ranked {
            write(folder, RANKED_LISTS, &ranked.records)?;
            write_whole(&folder.join(RANKED_IMAGES), &ranked.jpeg)?;
        }
        write(folder, TIMINGS, &self.timings)?;
        write_whole(&folder.join(TENSORBOARD), &events(&self.epochs, &self.evaluations, &self.labels))
    }

    /// Adds an evaluation, whose queries take the place of earlier ones.
    pub fn add_found(&mut self, found: Found) {
        self.evaluations.extend(found.evaluations);
        self.queries = found.queries;
        self.ranked = found.ranked;
    }

    pub fn add_losses(&mut self, epoch: usize, losses: &[(&'static str, f64)]) {
        let record = |&(loss, value): &(&str, f64)| EpochRecord {
            schema: SCHEMA_VERSION,
            epoch,
            loss: loss.to_owned(),
            value,
        };
        self.epochs.extend(losses.iter().map(record));
    }

    pub fn add_seconds(&mut self, epoch: usize, seconds: &BTreeMap<Stage, f64>) {
        self.timings.extend(seconds.iter().map(|(stage, seconds)| TimingRecord {
            schema: SCHEMA_VERSION,
            epoch,
            stage: stage.name().to_owned(),
            seconds: *seconds,
        }));
    }
}

fn read<T: serde::de::DeserializeOwned + Record>(
    folder: &Path,
    name: &str,
    keep: impl Fn(&T) -> bool,
) -> Result<Vec<T>> {
    let path = folder.join(name);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut records = read_csv(&path)?;
    records.retain(keep);
    Ok(records)
}

fn write<T: serde::Serialize>(folder: &Path, name: &str, records: &[T]) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    write_csv(&folder.join(name), records)
}
