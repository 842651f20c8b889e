//! Ranked lists that the figures show: of each task the same queries by mutual mean-teaching and by its baseline, chosen by how much
//! their average precision differs.

use std::collections::BTreeMap;

use image::RgbImage;
use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::{RANKED_IMAGES, RANKED_LISTS, RANKED_TILES, RankedRecord};

use super::names::Labels;
use super::results::Results;
use super::rows::Row;
use super::runs::RunRecords;

/// An image of the gallery in a list.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub right: bool,
    /// Whether it is of the camera that took the query.
    pub same_camera: bool,
    pub camera: i64,
    pub distance: f64,
}

/// The list of one query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct List {
    /// Average precision in percent.
    pub ap: f64,
    /// Camera of the query.
    pub camera: i64,
    /// Nearest first.
    pub entries: Vec<Entry>,
    /// Its row of the picture.
    pub row: usize,
}

/// The lists of a run by query, and their picture.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    /// `MMT-100`.
    pub label: String,
    pub lists: BTreeMap<usize, List>,
    /// A row of [`RANKED_TILES`] tiles for each list.
    pub image: RgbImage,
}

/// A query that is shown, and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Chosen {
    pub reason: &'static str,
    pub query: usize,
}

/// The lists that are shown of a task.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub task: String,
    /// `network-1, domain seed 101, seed 1, epoch 6`.
    pub run: String,
    /// The baseline first, where there is one.
    pub lists: Vec<Lists>,
    pub chosen: Vec<Chosen>,
}

/// The lists of every task whose runs kept some. What cannot be read is named in `warnings`, and the report does without.
pub(super) fn find(runs: &[RunRecords], results: &Results, warnings: &mut Vec<String>) -> Vec<Ranked> {
    let Some(full) = results.full() else { return Vec::new() };
    let labels = Labels::new(runs);
    let mut found = Vec::new();
    for task in &results.tasks {
        let of = |row: &Row| {
            let kept = |run: &&RunRecords| {
                run.info.task == *task && run.info.row == row.name && !run.ranked.is_empty()
            };
            runs.iter().filter(kept).min_by_key(|run| run.draw())
        };
        let Some(first) = of(full) else { continue };
        let baseline = results.baseline(full).and_then(of).filter(|run| run.draw() == first.draw());
        let mut lists = Vec::new();
        for run in [baseline, Some(first)].into_iter().flatten() {
            match read(run, labels.of(&run.info.row)) {
                Ok(read) => lists.push(read),
                Err(error) => warnings.push(format!("ranked lists are not shown: {error}")),
            }
        }
        if !lists.is_empty() {
            let chosen = choose(&lists);
            found.push(Ranked { task: task.clone(), run: about(first), lists, chosen });
        }
    }
    found
}

fn about(run: &RunRecords) -> String {
    let domain = run.info.domain_seed.map_or(String::new(), |seed| format!("domain seed {seed}, "));
    let RankedRecord { network, epoch, .. } = &run.ranked[0];
    format!("{network}, {domain}seed {}, epoch {epoch}", run.info.seed)
}

/// The queries with the largest gain, the median one and the largest loss of the second over the first; of lists of one method alone
/// those of highest, median and lowest precision. Of equal ones the first.
fn choose(lists: &[Lists]) -> Vec<Chosen> {
    let (last, reasons) = match lists {
        [first, second] => {
            let gain = |(query, list): (&usize, &List)| Some((*query, list.ap - first.lists.get(query)?.ap));
            let gains: Vec<(usize, f64)> = second.lists.iter().filter_map(gain).collect();
            (gains, ["largest gain", "median", "largest loss"])
        }
        _ => {
            let all = lists.iter().flat_map(|lists| &lists.lists);
            (all.map(|(query, list)| (*query, list.ap)).collect(), ["best query", "median", "worst query"])
        }
    };
    let mut sorted = last;
    // Stable: of equal ones the first stays first.
    sorted.sort_by(|one, other| other.1.total_cmp(&one.1));
    let Some(end) = sorted.len().checked_sub(1) else { return Vec::new() };
    let mut chosen: Vec<Chosen> = Vec::new();
    for (reason, at) in reasons.into_iter().zip([0, end / 2, end]) {
        if !chosen.iter().any(|found| found.query == sorted[at].0) {
            chosen.push(Chosen { reason, query: sorted[at].0 });
        }
    }
    chosen
}

fn read(run: &RunRecords, label: String) -> Result<Lists> {
    let (csv, picture) = (run.folder.join(RANKED_LISTS), run.folder.join(RANKED_IMAGES));
    let mut queries: Vec<usize> = run.ranked.iter().map(|record| record.query).collect();
    queries.dedup();
    let mut lists = BTreeMap::new();
    for (row, query) in queries.iter().enumerate() {
        let records: Vec<_> = run.ranked.iter().filter(|record| record.query == *query).collect();
        let list = list(&records, row)
            .ok_or_else(|| Error::file(&csv, format!("no whole list of query {query}")))?;
        lists.insert(*query, list);
    }
    let bytes = std::fs::read(&picture).map_err(Error::io("read", &picture))?;
    let image = image::load_from_memory(&bytes)
        .map_err(|error| Error::file(&picture, error.to_string()))?
        .into_rgb8();
    let (width, height) = image.dimensions();
    let whole = |pixels: u32, tiles: usize| pixels > 0 && (pixels as usize).is_multiple_of(tiles);
    if !whole(width, RANKED_TILES) || !whole(height, queries.len()) {
        let reason =
            format!("{width} x {height} pixels are not {} rows of {RANKED_TILES} tiles", queries.len());
        return Err(Error::file(&picture, reason));
    }
    Ok(Lists { label, lists, image })
}

/// A list from its records, the query first; none where one is missing.
fn list(records: &[&RankedRecord], row: usize) -> Option<List> {
    let places = records.iter().enumerate().all(|(at, record)| record.rank == at);
    let [query, entries @ ..] = records else { return None };
    let entry = |record: &&RankedRecord| Entry {
        right: record.right,
        same_camera: record.camera == query.camera,
        camera: record.camera,
        distance: record.distance,
    };
    (places && records.len() <= RANKED_TILES).then(|| List {
        ap: 100.0 * query.ap,
        camera: query.camera,
        entries: entries.iter().map(entry).collect(),
        row,
    })
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
            fixture.ranked(&later, &[0.5; 4]);
        }
        (fixture, folders)
    }

    fn found(fixture: &Fixture) -> (Vec<Ranked>, Vec<String>) {
        let runs = load(&fixture.roots()).unwrap().runs;
        let mut warnings = Vec::new();
        let found = find(&runs, &Results::new(&runs).unwrap(), &mut warnings);
        (found, warnings)
    }

    fn shown(ranked: &Ranked) -> Vec<(&'static str, usize)> {
        ranked.chosen.iter().map(|chosen| (chosen.reason, chosen.query)).collect()
    }

    #[test]
    fn the_lowest_seed_that_has_lists_is_shown_on_the_queries_that_differ() {
        let (fixture, folders) = fixture();
        assert!(found(&fixture).0[0].run.contains("seed 3"), "older runs have none");
        fixture.ranked(&folders[0], &[0.5, 0.25, 0.75, 0.5]);
        fixture.ranked(&folders[1], &[0.5, 0.75, 0.25, 0.625]);
        let (ranked, warnings) = found(&fixture);
        assert!(warnings.is_empty(), "{warnings:?}");
        assert_eq!(ranked[0].run, "network-1, domain seed 2, seed 2, epoch 1");
        let labels: Vec<&str> = ranked[0].lists.iter().map(|lists| lists.label.as_str()).collect();
        assert_eq!(labels, ["Baseline", "MMT-100"]);
        // Gains of 0, 50, −50 and 12.5 points.
        assert_eq!(shown(&ranked[0]), [("largest gain", 10), ("median", 30), ("largest loss", 20)]);
        let list = &ranked[0].lists[1].lists[&10];
        assert_eq!((list.ap, list.row, list.entries[0].right, list.entries[1].right), (75.0, 1, false, true));
        assert_eq!(
            (list.entries[2].distance, list.entries[2].camera, list.entries[2].same_camera),
            (0.375, 0, false)
        );
    }

    #[test]
    fn lists_of_one_method_are_chosen_by_their_precision() {
        let fixture = Fixture::new();
        let folder = fixture.run(TASK, "mmt-k", "mmt", 1, &[0.2, 0.3]);
        fixture.ranked(&folder, &[0.25, 1.0]);
        let (ranked, _) = found(&fixture);
        assert_eq!(shown(&ranked[0]), [("best query", 10), ("worst query", 0)]);
    }

    #[test]
    fn what_cannot_be_read_is_named_and_not_shown() {
        let (fixture, folders) = fixture();
        folders.iter().for_each(|folder| fixture.ranked(folder, &[0.5; 3]));
        std::fs::write(folders[0].join(RANKED_IMAGES), "no picture").unwrap();
        let (ranked, warnings) = found(&fixture);
        assert_eq!(ranked[0].lists.len(), 1, "the other stays");
        assert!(
            warnings[0].contains("baseline/domain-2/seed-2") && warnings[0].contains(RANKED_IMAGES),
            "{warnings:?}"
        );
        RgbImage::new(10, 12).save(folders[1].join(RANKED_IMAGES)).unwrap();
        let (ranked, warnings) = found(&fixture);
        let size = "10 x 12 pixels are not 3 rows of 11";
        assert!(ranked.is_empty() && warnings.iter().any(|warning| warning.contains(size)), "{warnings:?}");
        fixture.ranked(&folders[1], &[0.5; 3]);
        let csv = folders[1].join(RANKED_LISTS);
        let text = std::fs::read_to_string(&csv).unwrap();
        std::fs::write(&csv, text.replace(",20,4,", ",20,3,")).unwrap();
        assert!(found(&fixture).1.iter().any(|warning| warning.contains("no whole list of query 20")));
    }
}
