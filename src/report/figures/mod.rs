//! Figures, each as SVG and as PNG.

mod bars;
mod canvas;
mod curves;
mod horizontal;
mod labels;
mod legend;
mod lists;
mod palette;
mod sensitivity;
mod students;

use std::collections::BTreeMap;

use curves::Curves;
use horizontal::Horizontal;
use lists::RankedLists;
use sensitivity::Sensitivity;

use super::claims::Gains;
use super::names::is_ablation;
use super::ranked::{Lists, Ranked};
use super::results::{Pick, Results};
use super::runs::RunRecords;
use super::summary::Context;
use crate::error::Result;

/// A file of a figure.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// A figure and what belongs under it.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    /// What it shows, and on which domains.
    pub title: String,
    /// What one has to know to read it.
    pub caption: String,
    /// SVG first.
    pub files: Vec<File>,
}

impl Figure {
    /// Name of the file that a page shows.
    pub fn link(&self) -> &str {
        self.files.first().map_or("", |file| &file.name)
    }

    /// That file's text.
    pub fn svg(&self) -> String {
        self.files.first().map_or(String::new(), |file| String::from_utf8_lossy(&file.bytes).into_owned())
    }
}

/// What figures are made of.
pub(super) struct Source<'a> {
    pub results: &'a Results,
    pub runs: &'a [RunRecords],
    pub gains: &'a Gains,
    pub ranked: &'a [Ranked],
}

/// Draws every figure whose rows are there.
pub(super) fn draw(source: &Source<'_>, context: &Context) -> Result<Vec<Figure>> {
    let results = source.results;
    let mut figures = Vec::new();
    if let Some(drawing) = Curves::map(results, context)? {
        let caption = "mAP on the target's test set, in percent, after each epoch; epoch 0 is the start. Lines are means over \
                       seeds, bands ± one sample standard deviation (none for a single run); dashed: not adapted.";
        figures.push(figure(["map_over_epochs", "mAP over epochs", caption], &drawing, source, context)?);
    }
    if let Some(drawing) = Curves::students(source.runs, results, context) {
        let caption = "mAP on the target's test set, in percent, after each epoch, of the mean networks and of the networks that they \
                       average, the mean of two each. Lines are means over runs, bands ± one sample standard deviation (none for a \
                       single run).";
        let names = ["mean_networks_over_epochs", "Mean networks and networks over epochs", caption];
        figures.push(figure(names, &drawing, source, context)?);
    }
    let drawing = bars::Bars::new(results, Pick::Last, context)?;
    let caption = "mAP on the target's test set after the last epoch, in percent: mean over runs, ± one sample standard \
                   deviation (none for a single run).";
    figures.push(figure(["map_by_task", "mAP by task", caption], &drawing, source, context)?);
    if let Some(drawing) = Horizontal::gains(source.gains, context) {
        let caption = "Difference of mAP after the last epoch in percentage points, run by run: mean, and the 95 % t interval over units, as \
                       in the table of gains (from three units on).";
        figures.push(figure(
            ["gains", "Gains over the baseline and over no adaptation", caption],
            &drawing,
            source,
            context,
        )?);
    }
    let sensitivity = Sensitivity::new(results, context)?;
    let elsewhere = sensitivity.as_ref().map_or(Vec::new(), on_curves_alone);
    if let Some(drawing) = Horizontal::ablations(results, context, &elsewhere)? {
        let caption = "mAP on the target's test set after the last epoch, in percent: mean over runs, ± one sample standard deviation \
                       (none for a single run). Pale bars: changed rows of experiments.";
        figures.push(figure(["ablations", "Ablations", caption], &drawing, source, context)?);
    }
    if let Some(drawing) = &sensitivity {
        let caption = "mAP on the target's test set after the last epoch, in percent, against one setting, the others as in the row \
                       that is ringed: mean over runs, ± one sample standard deviation (none for a single run). Values stand at \
                       equal distances; k is the number of clusters.";
        figures.push(figure(["sensitivity", "Sensitivity to settings", caption], drawing, source, context)?);
    }
    if let Some(drawing) = Curves::labels(source.runs, results, context) {
        let caption = "The clustering of each epoch against the true identities: adjusted Rand index and normalised mutual \
                       information (1: equal), and, where they are not the same throughout, images that got no label and clusters \
                       found. Means over runs, bands ± one sample standard deviation (none for a single run).";
        figures.push(figure(
            ["labels_over_epochs", "Pseudo labels over epochs", caption],
            &drawing,
            source,
            context,
        )?);
    }
    for (at, ranked) in source.ranked.iter().enumerate() {
        figures.push(lists(at, ranked, context)?);
    }
    Ok(figures)
}

/// Rows that the curves show and the bars need not: all but those of the paper's Table 2.
fn on_curves_alone(sensitivity: &Sensitivity) -> Vec<String> {
    sensitivity.changed.iter().filter(|row| !is_ablation(row)).cloned().collect()
}

fn figure(
    [name, title, caption]: [&str; 3],
    drawing: &impl canvas::Drawing,
    source: &Source<'_>,
    context: &Context,
) -> Result<Figure> {
    let title = format!("{title} ({})", context.label());
    let caption = format!("{caption} {}", run_count(source.runs));
    Ok(Figure { title, caption, files: canvas::files(name, drawing)? })
}

/// `n: 3 runs`, `n: 1 to 3 runs`.
fn run_count(runs: &[RunRecords]) -> String {
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.is_pretraining()) {
        *counts.entry((&run.info.task, &run.info.row)).or_default() += 1;
    }
    let (low, high) =
        (counts.values().min().copied().unwrap_or(0), counts.values().max().copied().unwrap_or(0));
    let number = if low == high { high.to_string() } else { format!("{low} to {high}") };
    format!("n: {number} run{} of each row and task.", if high == 1 { "" } else { "s" })
}

fn lists(at: usize, ranked: &Ranked, context: &Context) -> Result<Figure> {
    let precisions = |lists: &Lists| {
        let of: Vec<String> = lists.lists.iter().map(|list| format!("{:.1} %", list.ap)).collect();
        format!("{}: average precisions {}.", lists.label, of.join(", "))
    };
    let of: Vec<String> = ranked.lists.iter().map(precisions).collect();
    let caption = format!(
        "The queries with the worst, the median and the best average precision of a network, and the ten nearest images of the gallery, \
         those of the query's person under its own camera left out. Green, whole frame: the query's person. Orange, dashed, with a cross: \
         another. {}",
        of.join(" ")
    );
    let drawing = RankedLists::new(ranked, context);
    Ok(Figure {
        title: format!("Ranked lists, {} ({})", ranked.task, context.label()),
        caption,
        files: canvas::pictures(&format!("ranked_lists_{}", at + 1), &drawing)?,
    })
}
