//! Ranked lists that the figures show: of each task those of mutual mean-teaching, and of its baseline beside them.

use image::RgbImage;

use super::claims::{baseline_of, is_full};
use super::names::{row_label, task_label};
use super::results::{Results, Row};
use super::runs::RunRecords;
use crate::error::{Error, Result};
use crate::record::{Case, RANKED_IMAGES, RANKED_LISTS};

/// Tiles beside each other: the query and the gallery's first ten.
pub(super) const TILES: usize = 11;

/// The list of one query.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub case: Case,
    /// Average precision in percent.
    pub ap: f64,
    /// Whether the image of rank 1, 2 … is of the query's person.
    pub right: Vec<bool>,
}

/// The lists of a run, and their picture.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    /// `MMT-k, network-1, seed 1, epoch 6`.
    pub label: String,
    pub lists: Vec<List>,
    /// A row of [`TILES`] tiles for each list.
    pub image: RgbImage,
}

/// All lists of a task.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub task: String,
    pub lists: Vec<Lists>,
}

/// The lists of every task whose runs kept some. What cannot be read is named in `warnings`, and the report does without.
pub(super) fn find(runs: &[RunRecords], results: &Results, warnings: &mut Vec<String>) -> Vec<Ranked> {
    let Some(full) = results.rows.iter().find(|row| is_full(row)) else { return Vec::new() };
    let mut found = Vec::new();
    for task in &results.tasks {
        let of = |row: &Row| {
            let own = runs
                .iter()
                .filter(|run| run.info.task == *task && run.info.row == row.name && !run.ranked.is_empty());
            own.min_by_key(|run| run.info.seed)
        };
        let Some(first) = of(full) else { continue };
        let baseline =
            baseline_of(&results.rows, full).and_then(of).filter(|run| run.info.seed == first.info.seed);
        let mut lists = Vec::new();
        for run in [Some(first), baseline].into_iter().flatten() {
            match read(run) {
                Ok(read) => lists.push(read),
                Err(error) => warnings.push(format!("ranked lists are not shown: {error}")),
            }
        }
        if !lists.is_empty() {
            found.push(Ranked { task: task_label(task), lists });
        }
    }
    found
}

fn read(run: &RunRecords) -> Result<Lists> {
    let (csv, png) = (run.folder.join(RANKED_LISTS), run.folder.join(RANKED_IMAGES));
    let mut lists = Vec::new();
    for case in Case::ALL {
        let mut records: Vec<_> = run.ranked.iter().filter(|record| record.case == case).collect();
        records.sort_by_key(|record| record.rank);
        let places = records.iter().enumerate().all(|(at, record)| record.rank == at);
        if records.is_empty() || records.len() > TILES || !places {
            return Err(Error::file(&csv, format!("no whole list of the query {case:?}").to_lowercase()));
        }
        let right = records[1..].iter().map(|record| record.right).collect();
        lists.push(List { case, ap: 100.0 * records[0].ap, right });
    }
    let bytes = std::fs::read(&png).map_err(Error::io("read", &png))?;
    let image =
        image::load_from_memory(&bytes).map_err(|error| Error::file(&png, error.to_string()))?.into_rgb8();
    let (width, height) = image.dimensions();
    if width == 0 || height == 0 || width as usize % TILES != 0 || height as usize % lists.len() != 0 {
        return Err(Error::file(
            &png,
            format!("{width} x {height} pixels are not {} rows of {TILES} tiles", lists.len()),
        ));
    }
    let (first, info) = (&run.ranked[0], &run.info);
    let label =
        format!("{}, {}, seed {}, epoch {}", row_label(&info.row), first.network, info.seed, first.epoch);
    Ok(Lists { label, lists, image })
}
