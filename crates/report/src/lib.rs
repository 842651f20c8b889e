//! The report: reads records, and nothing else, and makes tables (Polars), figures (plotters), verdicts on the paper's
//! claims, and two pages of them. It needs no network, no image and no libtorch.
//!
//! ```text
//! runs/<profile>/ … ──runs──▶ RunRecords ──checks──▶ results, claims, labels … ──▶ Table ──▶ CSV
//!                                                               ├──grid──▶ the paper's tables: text, Markdown, LaTeX, HTML
//!                                                               ├──figures──▶ SVG, PNG, PDF
//!                                                               └──story──▶ report.md, report.html
//! ```
//!
//! A run that is not finished, is broken, or does not belong to the others is named and left out; it is never averaged in
//! silence. Synthetic domains and real data never stand in one report, and published numbers only beside real data.
//!
//! ```
//! use std::path::PathBuf;
//!
//! # let out = std::env::temp_dir();
//! // Where there is no run there is no report, and the error says so.
//! let error = mmt_report::build(&[PathBuf::from("runs/none")], &out, &[]).unwrap_err();
//! assert!(error.to_string().contains("runs/none"));
//! ```

pub mod agreement;
mod by_seed;
mod checks;
mod claims;
mod context;
mod environment;
mod facts;
mod faults;
mod figures;
mod frames;
mod grid;
mod labels;
mod losses;
mod names;
mod notation;
mod page;
mod published;
mod queries;
mod ranked;
mod readme;
mod results;
mod rows;
mod runs;
mod settings;
mod soft_triplet;
mod statistics;
mod story;
mod summary;
mod table;
mod timings;
mod variance;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

pub use readme::write as write_readme;

use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::files::write_whole;

/// The result of [`build`].
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
/// it below `out`: `report.html`, one page; `report.md`, the same in short; `tables/*.csv`, and the paper's tables as `*.tex`;
/// `figures/*.svg`, `*.png` and `*.pdf`; every number of every run in `tables/by_seed.csv`, and what the runs ran on in
/// `environment.json`. `left_out` are tasks that were not run, each with the reason; the pages list them.
///
/// # Errors
/// No finished run of a task, runs of several profiles or of both synthetic and real domains, two different runs of one name, or
/// a folder that cannot be written.
pub fn build(runs: &[PathBuf], out: &Path, left_out: &[(String, String)]) -> Result<Report> {
    let mut loaded = checks::checked(runs, runs::load(runs)?)?;
    let results = results::Results::new(&loaded.runs)?;
    let ranked = ranked::find(&loaded.runs, &results, &mut loaded.warnings);
    let context = context::Context::new(&loaded, left_out);
    let claims = claims::judge(&results, &loaded.runs)?;
    let order = claims::Order::new(&results)?;
    let gains = claims::Gains::new(&results)?;
    let worth = soft_triplet::worth(&loaded.runs, &results)?;
    let variances = variance::variances(&gains, &loaded.runs);
    let tables = tables(&context, &loaded, &results, (&claims, &order, &gains, &worth, &variances))?;
    let source = figures::Source {
        results: &results,
        runs: &loaded.runs,
        gains: &gains,
        ranked: &ranked,
        worth: &worth,
        variances: &variances,
    };
    let figures = figures::Figures::draw(&source, &context)?;
    let sentences: Vec<String> = [claims::counts(&claims)].into_iter().chain(order.line()).collect();
    let matrix = claims::Matrix::new(&claims, &results);
    let content =
        story::Content { tables: &tables, figures: &figures, matrix: &matrix, sentences: &sentences };
    let facts = facts::facts(&loaded.runs, &results, &context);
    let mut files = vec![
        write(out, "report.md", summary::markdown(&context, &facts, &content).as_bytes())?,
        write(out, "report.html", page::html(&context, &facts, &content)?.as_bytes())?,
        write(out, environment::FILE, &environment::json(&loaded.runs)?)?,
        write(out, by_seed::FILE, &by_seed::csv(&loaded.runs)?)?,
    ];
    files.extend(write_parts(out, &tables, &figures, context.remark())?);
    let sentences: Vec<String> =
        order.line().into_iter().chain(claims::sentences(&claims, results.domains)).collect();
    Ok(Report {
        text: summary::text(&context, &tables, &sentences),
        readme: readme::section(&context, &results, (&gains, &claims), &order)?,
        files,
        warnings: loaded.warnings,
    })
}

/// Claims, order, gains, what the soft triplet loss is worth, what gains vary by.
type Judged<'a> = (
    &'a [claims::Claim],
    &'a claims::Order,
    &'a claims::Gains,
    &'a [soft_triplet::Worth],
    &'a [variance::Variance<'a>],
);

fn tables(
    context: &context::Context,
    loaded: &runs::Loaded,
    results: &results::Results,
    (claims, order, gains, worth, variances): Judged<'_>,
) -> Result<story::Tables> {
    let re_ranked = results::Results::re_ranked(&loaded.runs)?;
    Ok(story::Tables {
        methods: grid::methods(results, context)?,
        ablations: grid::ablations(results, context)?,
        last: results.last_table(context)?,
        others: results.other_tables(context)?,
        re_ranked: re_ranked.map(|found| found.re_ranked_table(context)).transpose()?,
        gains: claims::gains_table(gains, context)?,
        claims: claims::claims_table(claims, context)?,
        order: claims::order_table(order, context)?,
        variance: variance::table(variances, context)?,
        soft_triplet: soft_triplet::table(worth, context)?,
        losses: losses::table(&loaded.runs, results, context)?,
        labels: labels::table(&loaded.runs, results, context)?,
        timings: timings::table(&loaded.runs, context)?,
        published: published::table(results, context)?,
        environment: environment::table(&loaded.runs, context)?,
    })
}

/// Tables and figures as files.
fn write_parts(
    out: &Path,
    tables: &story::Tables,
    figures: &figures::Figures,
    remark: &str,
) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for table in tables.all() {
        files.push(write(out, &format!("tables/{}.csv", table.name), &table.csv()?)?);
    }
    for grid in tables.grids() {
        files.push(write(out, &format!("tables/{}.tex", grid.name), grid.latex(remark).as_bytes())?);
    }
    for file in figures.all().flat_map(|figure| &figure.files) {
        files.push(write(out, &format!("figures/{}", file.name), &file.bytes)?);
    }
    Ok(files)
}

fn write(out: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf> {
    let path = out.join(name);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    }
    write_whole(&path, bytes)?;
    Ok(path)
}
