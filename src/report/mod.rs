//! The report room: reads records, and nothing else, and makes tables (Polars), figures (plotters), verdicts on the paper's
//! claims, and two pages of them. It needs no network, no image and no libtorch.
//!
//! ```text
//! runs/<profile>/ … ──runs──▶ RunRecords ──checks──▶ results, claims, labels … ──▶ Table ──▶ text, Markdown, CSV, LaTeX
//!                                                               └──figures──▶ SVG, PNG        └──▶ report.md, report.html
//! ```
//!
//! A run that is not finished, is broken, or does not belong to the others is named and left out; it is never averaged in
//! silence. Synthetic domains and real data never stand in one report, and published numbers only beside real data.

pub mod agreement;
mod by_seed;
mod checks;
mod claims;
mod environment;
mod faults;
mod figures;
mod frames;
mod labels;
mod latex;
mod losses;
mod names;
mod page;
mod published;
mod queries;
mod ranked;
mod readme;
mod results;
mod runs;
mod settings;
mod statistics;
mod summary;
mod table;
mod timings;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

pub use readme::write as write_readme;

use crate::error::{Error, Result};
use crate::record::files::write_whole;

/// What [`build`] made.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The results, a sentence for each claim, the tasks and runs left out: text for a terminal.
    pub text: String,
    /// Tables for a README, in Markdown: [`write_readme`] puts them there.
    pub readme: String,
    /// Every file that was written, the pages first: `report.md`, `report.html`.
    pub files: Vec<PathBuf>,
    /// Runs that were left out, each with its folder and the reason.
    pub warnings: Vec<String>,
}

/// Makes the report of the runs below `runs` (folders `runs/<profile>`, of one profile but perhaps of several machines) and writes
/// it below `out`: `report.md`, `report.html` (the same, in one file), `tables/*.csv` and `*.tex`, `figures/*.svg` and `*.png`,
/// every number of every run in `tables/by_seed.csv`, and what the runs ran on in `environment.json`.
/// `left_out` are tasks that were not run, each with the reason; the pages list them.
///
/// # Errors
/// No finished run of a task, runs of several profiles or of both synthetic and real domains, two different runs of one name, or
/// a folder that cannot be written.
pub fn build(runs: &[PathBuf], out: &Path, left_out: &[(String, String)]) -> Result<Report> {
    let mut loaded = checks::checked(runs, runs::load(runs)?)?;
    let results = results::Results::new(&loaded.runs)?;
    let ranked = ranked::find(&loaded.runs, &results, &mut loaded.warnings);
    let context = summary::Context::new(&loaded, left_out);
    let claims = claims::judge(&results, &loaded.runs)?;
    let order = claims::Order::new(&results)?;
    let gains = claims::Gains::new(&results)?;
    let tables = tables(&context, &loaded, &results, (&claims, &order, &gains))?;
    let source = figures::Source { results: &results, runs: &loaded.runs, gains: &gains, ranked: &ranked };
    let figures = figures::draw(&source, &context)?;
    let sections = summary::sections(&tables, &figures);
    let mut files = vec![
        write(out, "report.md", summary::markdown(&context, &sections).as_bytes())?,
        write(out, "report.html", page::html(&context, &sections)?.as_bytes())?,
        write(out, environment::FILE, &environment::json(&loaded.runs)?)?,
        write(out, by_seed::FILE, &by_seed::csv(&loaded.runs)?)?,
    ];
    for table in &tables {
        files.push(write(out, &format!("tables/{}.csv", table.name), &table.csv()?)?);
        files.push(write(
            out,
            &format!("tables/{}.tex", table.name),
            table.latex(context.remark()).as_bytes(),
        )?);
    }
    for file in figures.iter().flat_map(|figure| &figure.files) {
        files.push(write(out, &format!("figures/{}", file.name), &file.bytes)?);
    }
    let verdicts: Vec<String> =
        order.line().into_iter().chain(claims::sentences(&claims, results.domains)).collect();
    Ok(Report {
        text: summary::text(&context, &tables, &verdicts),
        readme: readme::section(&context, &results, &gains, &order)?,
        files,
        warnings: loaded.warnings,
    })
}

fn tables(
    context: &summary::Context,
    loaded: &runs::Loaded,
    results: &results::Results,
    (claims, order, gains): (&[claims::Claim], &claims::Order, &claims::Gains),
) -> Result<Vec<table::Table>> {
    let mut tables = results.tables(context)?;
    if let Some(re_ranked) = results::Results::re_ranked(&loaded.runs)? {
        tables.push(re_ranked.re_ranked_table(context)?);
    }
    tables.extend(claims::gains_table(gains, context)?);
    tables.push(claims::claims_table(claims, context)?);
    tables.extend(claims::order_table(order, context)?);
    tables.extend(losses::table(&loaded.runs, results, context)?);
    tables.extend(labels::table(&loaded.runs, results, context)?);
    tables.extend(timings::table(&loaded.runs, context)?);
    tables.extend(published::table(results, context)?);
    tables.extend(environment::table(&loaded.runs, context)?);
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
