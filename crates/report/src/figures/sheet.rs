//! The look of the drawn domains: the same persons under the same cameras. Drawn from the configurations alone, as the runs drew them.

use std::collections::BTreeSet;

use image::RgbImage;
use mmt_domains::{DomainSettings, GENERATOR_VERSION};
use mmt_vocabulary::DatasetName;
use mmt_vocabulary::error::Result;

use super::figure::Figure;
use super::pen::{Anchor, Pen, Words};
use super::plate::{COLUMN, Caption, Panel, figure};
use super::source::Source;
use crate::context::Context;
use crate::names::domain_label;

const PERSONS: usize = 3;
const CAMERAS: usize = 8;
const TITLE: f64 = 13.0;

/// The sheet of all domains of the tasks; none on real data, and of domains that another version drew.
pub(super) fn sheet(source: &Source<'_>, context: &Context) -> Result<Option<Figure>> {
    let Some(settings) = source.runs.iter().find_map(|run| settings(&run.config)) else { return Ok(None) };
    let tasks: BTreeSet<&str> = source.results.tasks.iter().flat_map(|task| task.split("-to-")).collect();
    let mut panels: Vec<Box<dyn Panel>> = Vec::new();
    for dataset in DatasetName::ALL.into_iter().filter(|dataset| tasks.contains(dataset.short_name())) {
        let image = mmt_domains::sheet(dataset, &settings, PERSONS, CAMERAS)?;
        panels.push(Box::new(Sheet { title: domain_label(dataset.short_name(), context.domains), image }));
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let caption = Caption {
        name: "domains".to_owned(),
        title: "The drawn domains".to_owned(),
        text: format!(
            "Three persons of each domain, a row each, under its first {CAMERAS} cameras, a column each (domain seed {}). The drawings of {} × {} \
             pixels stand in for Market-1501, DukeMTMC-reID and MSMT17; no real person or place is in them.",
            settings.seed,
            mmt_domains::HEIGHT,
            mmt_domains::WIDTH
        ),
    };
    figure(caption, &panels, context).map(Some)
}

/// How a run's domains were drawn.
fn settings(config: &toml::Table) -> Option<DomainSettings> {
    let domains = config.get("domains")?;
    let version = domains.get("generator_version")?.as_integer()?;
    let same = version == i64::from(GENERATOR_VERSION);
    domains.get("generator").filter(|_| same)?.clone().try_into().ok()
}

/// A domain.
struct Sheet {
    title: String,
    image: RgbImage,
}

impl Sheet {
    fn height(&self) -> f64 {
        let (width, height) = self.image.dimensions();
        // Domains of fewer cameras have tiles of the same size.
        let tile = COLUMN / CAMERAS as f64;
        f64::from(height) * tile / f64::from(width) * (f64::from(width) / mmt_domains::WIDTH as f64)
    }
}

impl Panel for Sheet {
    fn size(&self) -> (f64, f64) {
        (COLUMN, TITLE + self.height())
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        pen.text(&self.title, (1.0, 6.0), Words::new(Anchor::Left).bold());
        let (width, height) = self.image.dimensions();
        let shown = COLUMN * f64::from(width) / (CAMERAS * mmt_domains::WIDTH) as f64;
        pen.tiles(|tiles, (left, top)| {
            let strip = tiles.strip(self.image.clone());
            tiles.show(strip, [0, 0, width, height], [left, top + TITLE, shown, self.height()]);
        });
    }
}
