//! Figures: drawn once, in points of a paper's page, with plotters; each as SVG, and as PNG and PDF made of it.
//!
//! ```text
//! records ──▶ panels ── pen ──▶ SVG ──┬──▶ the page, panel by panel, light and dark
//!                     style           └── plate ──▶ .svg, .png, .pdf for print
//! ```

mod axis;
mod changes;
mod cloud;
mod courses;
mod dots;
mod epochs;
mod figure;
mod gains;
mod lists;
mod pen;
mod plate;
mod queries;
mod scatter;
mod sheet;
mod soft_triplet;
mod source;
mod style;
mod teachers;
#[cfg(test)]
mod tests;
mod tiles;
mod variance;

pub(super) use figure::Figure;
pub(super) use source::Source;
pub(super) use style::dark_rules;
#[cfg(test)]
pub(super) use style::tests::{contrast, parse};

use mmt_vocabulary::error::Result;

use super::context::Context;

/// All figures, as far as their rows are there.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    pub domains: Option<Figure>,
    pub gains: Option<Figure>,
    pub queries: Option<Figure>,
    pub variance: Option<Figure>,
    pub ablations: Option<Figure>,
    pub sensitivity: Option<Figure>,
    pub soft_triplet: Option<Figure>,
    pub map: Option<Figure>,
    pub averaging: Option<Figure>,
    pub labels: Option<Figure>,
    pub teachers: Option<Figure>,
    /// One for each task.
    pub lists: Vec<Figure>,
}

impl Figures {
    /// Draws every figure whose rows are there.
    pub fn draw(source: &Source<'_>, context: &Context) -> Result<Self> {
        Ok(Self {
            domains: sheet::sheet(source, context)?,
            gains: gains::gains(source, context)?,
            queries: queries::queries(source, context)?,
            variance: variance::variance(source, context)?,
            ablations: changes::ablations(source, context)?,
            sensitivity: changes::sensitivity(source, context)?,
            soft_triplet: soft_triplet::soft_triplet(source, context)?,
            map: epochs::map(source, context)?,
            averaging: epochs::averaging(source, context)?,
            labels: epochs::labels(source, context)?,
            teachers: teachers::teachers(source, context)?,
            lists: lists::lists(source, context)?,
        })
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Figure> {
        let Self {
            domains,
            gains,
            queries,
            variance,
            ablations,
            sensitivity,
            soft_triplet,
            map,
            averaging,
            labels,
            teachers,
            lists,
        } = self;
        [
            domains,
            gains,
            queries,
            variance,
            ablations,
            sensitivity,
            soft_triplet,
            map,
            averaging,
            labels,
            teachers,
        ]
        .into_iter()
        .flatten()
        .chain(lists)
    }
}
