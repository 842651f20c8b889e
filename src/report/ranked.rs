//! Ranked lists that the figures show: of each task those of mutual mean-teaching, and of its baseline beside them.

use image::RgbImage;

use super::claims::{baseline_of, is_full};
use super::names::{row_label, task_label};
use super::results::{Results, Row};
use super::runs::RunRecords;
use crate::error::{Error, Result};
use crate::record::{Case, RANKED_IMAGES, RANKED_LISTS, RANKED_TILES};

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
    /// A row of [`RANKED_TILES`] tiles for each list.
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
            own.min_by_key(|run| run.draw())
        };
        let Some(first) = of(full) else { continue };
        let baseline = baseline_of(&results.rows, full).and_then(of).filter(|run| run.draw() == first.draw());
        let mut lists = Vec::new();
        for run in [Some(first), baseline].into_iter().flatten() {
            match read(run) {
                Ok(read) => lists.push(read),
                Err(error) => warnings.push(format!("ranked lists are not shown: {error}")),
            }
        }
        if !lists.is_empty() {
            found.push(Ranked { task: task_label(task, results.domains), lists });
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
        if records.is_empty() || records.len() > RANKED_TILES || !places {
            return Err(Error::file(&csv, format!("no whole list of the query {case:?}").to_lowercase()));
        }
        let right = records[1..].iter().map(|record| record.right).collect();
        lists.push(List { case, ap: 100.0 * records[0].ap, right });
    }
    let bytes = std::fs::read(&png).map_err(Error::io("read", &png))?;
    let image =
        image::load_from_memory(&bytes).map_err(|error| Error::file(&png, error.to_string()))?.into_rgb8();
    let (width, height) = image.dimensions();
    let whole = |pixels: u32, tiles: usize| pixels > 0 && (pixels as usize).is_multiple_of(tiles);
    if !whole(width, RANKED_TILES) || !whole(height, lists.len()) {
        return Err(Error::file(
            &png,
            format!("{width} x {height} pixels are not {} rows of {RANKED_TILES} tiles", lists.len()),
        ));
    }
    let (first, info) = (&run.ranked[0], &run.info);
    let label =
        format!("{}, {}, seed {}, epoch {}", row_label(&info.row), first.network, info.seed, first.epoch);
    Ok(Lists { label, lists, image })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    const TASK: &str = "market-to-duke";

    /// Three seeds of two rows; the last has lists, and the folders are those of the second.
    fn fixture() -> (Fixture, Vec<std::path::PathBuf>) {
        let fixture = Fixture::new();
        let mut folders = Vec::new();
        for (row, method) in [("baseline", "baseline"), ("mmt-k", "mmt")] {
            fixture.run(TASK, row, method, 1, &[0.2, 0.3]);
            folders.push(fixture.run(TASK, row, method, 2, &[0.2, 0.3]));
            let later = fixture.run(TASK, row, method, 3, &[0.2, 0.3]);
            fixture.ranked(&later);
        }
        (fixture, folders)
    }

    fn found(fixture: &Fixture) -> (Vec<Ranked>, Vec<String>) {
        let runs = load(&fixture.roots()).unwrap().runs;
        let mut warnings = Vec::new();
        let found = find(&runs, &Results::new(&runs).unwrap(), &mut warnings);
        (found, warnings)
    }

    #[test]
    fn the_lowest_seed_that_has_lists_is_shown_beside_its_baseline() {
        let (fixture, folders) = fixture();
        assert!(found(&fixture).0[0].lists[0].label.contains("seed 3"), "older runs have none");
        folders.iter().for_each(|folder| fixture.ranked(folder));
        let (ranked, warnings) = found(&fixture);
        assert!(warnings.is_empty(), "{warnings:?}");
        let labels: Vec<&str> = ranked[0].lists.iter().map(|lists| lists.label.as_str()).collect();
        assert_eq!(labels, ["MMT-k, network-1, seed 2, epoch 1", "Baseline, network-1, seed 2, epoch 1"]);
        let list = &ranked[0].lists[0].lists[0];
        assert_eq!((list.case, list.ap, &list.right[..3]), (Case::Worst, 25.0, &[false, true, false][..]));
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_shown() {
        let (fixture, folders) = fixture();
        folders.iter().for_each(|folder| fixture.ranked(folder));
        std::fs::write(folders[0].join(RANKED_IMAGES), "no picture").unwrap();
        let (ranked, warnings) = found(&fixture);
        assert_eq!(ranked[0].lists.len(), 1, "the other stays");
        assert!(
            warnings[0].contains("baseline/domain-2/seed-2") && warnings[0].contains(RANKED_IMAGES),
            "{warnings:?}"
        );
        RgbImage::new(10, 12).save(folders[1].join(RANKED_IMAGES)).unwrap();
        let (ranked, warnings) = found(&fixture);
        assert!(
            ranked.is_empty() && warnings[0].contains("10 x 12 pixels are not 3 rows of 11"),
            "{warnings:?}"
        );
        fixture.ranked(&folders[1]);
        let csv = folders[1].join(RANKED_LISTS);
        let text = std::fs::read_to_string(&csv).unwrap();
        std::fs::write(&csv, text.replace(",median,4,", ",median,3,")).unwrap();
        assert!(
            found(&fixture).1.iter().any(|warning| warning.contains("no whole list of the query median"))
        );
    }
}
