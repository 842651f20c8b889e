//! The report room: reads records, and nothing else, and makes tables (Polars), figures (plotters) and a summary of them.
//! It needs no network, no image and no libtorch.
//!
//! ```text
//! runs/<profile>/ ──runs──▶ RunRecords ──results, labels, timings──▶ Table ──▶ text, Markdown, CSV
//!                                                        └──figures──▶ SVG, PNG
//! ```
//!
//! A run that is not finished, is broken, or does not belong to the others is named and left out; it is never averaged in
//! silence. Synthetic domains and real data never stand in one report, and published numbers only beside real data.

pub mod agreement;
mod checks;
mod claims;
mod figures;
mod frames;
mod labels;
mod names;
mod published;
mod results;
mod runs;
mod summary;
mod table;
mod timings;

#[cfg(test)]
mod fixture;

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::record::files::write_whole;

/// What [`build`] made.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The main tables, the tasks and runs left out: text for a terminal.
    pub text: String,
    /// Every file that was written, the summary first.
    pub files: Vec<PathBuf>,
    /// Runs that were left out, each with its folder and the reason.
    pub warnings: Vec<String>,
}

/// Makes the report of the runs below `runs` (`runs/<profile>`) and writes it below `out`: `summary.md`, `tables/*.csv`,
/// `figures/*.svg` and `*.png`. `left_out` are tasks that were not run, each with the reason; the tables list them.
///
/// # Errors
/// No finished run of a task, runs of several profiles or of both synthetic and real domains, or a folder that cannot be written.
pub fn build(runs: &Path, out: &Path, left_out: &[(String, String)]) -> Result<Report> {
    let loaded = checks::checked(runs, runs::load(runs)?)?;
    let context = summary::Context::new(&loaded, left_out);
    let results = results::Results::new(&loaded.runs)?;
    let tables = tables(&context, &loaded, &results)?;
    let claims = claims::judge(&results)?;
    let order = claims::whole_order(&results, &claims).unwrap_or_default();
    let mut files = vec![out.join("summary.md")];
    for table in &tables {
        files.push(write(out, &format!("tables/{}.csv", table.name), &table.csv()?)?);
    }
    let figures = figures::draw(&results, &context)?;
    for file in figures.iter().flat_map(|figure| &figure.files) {
        files.push(write(out, &format!("figures/{}", file.name), &file.bytes)?);
    }
    let summary = summary::markdown(&context, &tables, &figures, (&order, &claims));
    write(out, "summary.md", summary.as_bytes())?;
    Ok(Report { text: summary::text(&context, &tables, &order), files, warnings: loaded.warnings })
}

fn tables(
    context: &summary::Context,
    loaded: &runs::Loaded,
    results: &results::Results,
) -> Result<Vec<table::Table>> {
    let mut tables = results.tables(context)?;
    if let Some(re_ranked) = results::Results::re_ranked(&loaded.runs)? {
        tables.push(re_ranked.re_ranked_table(context)?);
    }
    tables.extend(labels::table(&loaded.runs, results, context)?);
    tables.extend(timings::table(&loaded.runs, context)?);
    tables.extend(published::table(results, context)?);
    Ok(tables)
}

fn write(out: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = out.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    write_whole(&path, bytes)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::fixture::Fixture;
    use super::*;
    use crate::record::{DomainKind, EVALUATIONS, EvaluationRecord, Split, read_csv, write_csv};

    /// Two tasks; on one of them the oracle is missing.
    fn fixture(domains: DomainKind) -> Fixture {
        let fixture = Fixture::new();
        let run = |task, row, method, seed, map: &[f64]| {
            let mut info = Fixture::info(task, row, method, seed);
            info.domains = domains;
            fixture.write(&info, map);
        };
        for (task, gain) in [("market-to-duke", 0.0), ("duke-to-market", 0.1)] {
            for seed in [1, 2] {
                let noise = 0.02 * seed as f64;
                run(task, "pre-trained", "pre-trained", seed, &[0.18 + gain + noise]);
                run(task, "baseline", "baseline", seed, &[0.2, 0.3 + gain, 0.35 + gain + noise]);
                run(task, "mmt-k", "mmt", seed, &[0.2, 0.35 + gain, 0.5 + gain + noise, 0.45 + gain + noise]);
            }
        }
        run("market-to-duke", "oracle", "oracle", 1, &[0.7]);
        run("market", "pretrain", "pretrain", 1, &[0.3]);
        fixture
    }

    fn read(folder: &Path, name: &str) -> String {
        fs::read_to_string(folder.join(name)).unwrap()
    }

    #[test]
    fn a_report_has_tables_figures_and_a_summary() {
        let fixture = fixture(DomainKind::Synthetic);
        let left_out = [("market-to-msmt".to_owned(), "MSMT17 is not below data".to_owned())];
        let report = build(fixture.runs(), &fixture.out(), &left_out).unwrap();
        assert!(report.warnings.is_empty());
        assert!(report.files.iter().all(|file| file.exists()), "{:?}", report.files);
        let last = read(&fixture.out(), "tables/results_last_epoch.csv");
        let line = last.lines().find(|line| line.contains("market-to-duke,mmt-k")).unwrap();
        assert!(
            line.starts_with("synthetic domains,quick,small,market-to-duke,mmt-k,48.0000,1.4142,58.0000"),
            "{line}"
        );
        let best = read(&fixture.out(), "tables/results_best_epoch.csv");
        assert!(best.contains("market-to-duke,mmt-k,53.0000,1.4142"), "{best}");
        assert!(last.contains("duke-to-market,oracle,,,,,,,,,,"), "missing cells stay empty: {last}");
        assert!(report.text.contains("MMT-k") && report.text.contains("48.0 ± 1.4"), "{}", report.text);
        assert!(report.text.contains("synthetic domains") && report.text.contains("Market → MSMT: MSMT17"));
        let summary = read(&fixture.out(), "summary.md");
        assert!(
            summary.contains("| Market → Duke: Baseline < MMT-k | held | +10.0 ± 0.0 | 2 |"),
            "{summary}"
        );
        assert!(!summary.contains("Published results") && !summary.contains("real data"), "{summary}");
        assert!(
            report.text.contains("Pre-trained < Baseline < MMT < Oracle held on 1 of 2 tasks"),
            "{}",
            report.text
        );
        for name in ["map_over_epochs", "map_by_task"] {
            assert!(read(&fixture.out(), &format!("figures/{name}.svg")).contains("Market → Duke"));
            image::open(fixture.out().join(format!("figures/{name}.png"))).unwrap();
        }
    }

    #[test]
    fn re_ranked_evaluations_get_a_table_of_their_own() {
        let fixture = fixture(DomainKind::Synthetic);
        let report = build(fixture.runs(), &fixture.out(), &[]).unwrap();
        assert!(!report.text.contains("re-ranking"));
        let records = fixture.runs().join("adapt/market-to-duke/mmt-k/seed-1").join(EVALUATIONS);
        let mut evaluations: Vec<EvaluationRecord> = read_csv(&records).unwrap();
        let last = evaluations.iter().filter(|record| record.epoch == 3).cloned();
        let re_ranked: Vec<_> = last
            .map(|record| EvaluationRecord { split: Split::TargetTestReRanked, map: 0.625, ..record })
            .collect();
        evaluations.extend(re_ranked);
        write_csv(&records, &evaluations).unwrap();
        let again = build(fixture.runs(), &fixture.out(), &[]).unwrap();
        let table = read(&fixture.out(), "tables/results_re_ranked_last_epoch.csv");
        assert!(
            table.contains("market-to-duke,mmt-k,62.5000,,") && table.contains("duke-to-market,mmt-k,,,"),
            "{table}"
        );
        // The other tables stay as they are.
        assert!(again.text.starts_with(report.text.split("Pre-trained <").next().unwrap()), "{}", again.text);
        assert!(again.text.contains("Results with re-ranking"));
    }

    #[test]
    fn equal_records_make_equal_files_and_other_records_other_ones() {
        let fixture = fixture(DomainKind::Synthetic);
        let all =
            |report: &Report| report.files.iter().map(|file| fs::read(file).unwrap()).collect::<Vec<_>>();
        let first = all(&build(fixture.runs(), &fixture.out(), &[]).unwrap());
        assert!(first == all(&build(fixture.runs(), &fixture.out(), &[]).unwrap()));
        let records = fixture.runs().join("adapt/market-to-duke/mmt-k/seed-1").join(EVALUATIONS);
        let text = fs::read_to_string(&records).unwrap();
        fs::write(&records, text.replace("0.48000000000000004", "0.58")).unwrap();
        let changed = build(fixture.runs(), &fixture.out(), &[]).unwrap();
        assert!(changed.text.contains("50.5 ± 2.1"), "{}", changed.text);
    }

    #[test]
    fn published_numbers_stand_beside_real_data() {
        let fixture = fixture(DomainKind::Real);
        build(fixture.runs(), &fixture.out(), &[]).unwrap();
        let summary = read(&fixture.out(), "summary.md");
        assert!(
            summary.contains("Published results (real data")
                && summary.contains("| MMT-500 | ResNet-50 | 71.2 |")
        );
        assert!(!summary.contains("synthetic"));
    }

    #[test]
    fn no_runs_and_an_unwritable_folder_are_errors() {
        let empty = Fixture::new();
        assert!(build(empty.runs(), &empty.out(), &[]).unwrap_err().to_string().contains("no finished run"));
        let fixture = fixture(DomainKind::Synthetic);
        let file = fixture.runs().join("file");
        fs::write(&file, "").unwrap();
        assert!(build(fixture.runs(), &file, &[]).unwrap_err().to_string().contains("create"));
    }
}
