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
    let mut files = vec![out.join("summary.md")];
    for table in &tables {
        files.push(write(out, &format!("tables/{}.csv", table.name), &table.csv()?)?);
    }
    let figures = figures::draw(&results, &context)?;
    for file in figures.iter().flat_map(|figure| &figure.files) {
        files.push(write(out, &format!("figures/{}", file.name), &file.bytes)?);
    }
    let summary = summary::markdown(&context, &tables, &figures, &claims)?;
    write(out, "summary.md", summary.as_bytes())?;
    Ok(Report { text: summary::text(&context, &tables)?, files, warnings: loaded.warnings })
}

fn tables(
    context: &summary::Context,
    loaded: &runs::Loaded,
    results: &results::Results,
) -> Result<Vec<table::Table>> {
    let mut tables = results.tables(context)?;
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
