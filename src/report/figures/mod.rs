//! Figures, each as SVG and as PNG.

mod bars;
mod canvas;
mod curves;
mod legend;
mod palette;

use super::results::{Pick, Results};
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

/// Draws mAP over epochs (where something was adapted) and the bars of all tasks.
pub(super) fn draw(results: &Results, context: &Context) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    if let Some(drawing) = curves::Curves::new(results, context)? {
        let caption = "mAP on the target's test set, in percent, after each epoch; epoch 0 is the start. Lines are means over \
                       seeds, bands ± one sample standard deviation (none for a single seed); dashed: not adapted.";
        figures.push(figure("map_over_epochs", "mAP over epochs", caption, &drawing, context)?);
    }
    let drawing = bars::Bars::new(results, Pick::Last, context)?;
    let caption = "mAP on the target's test set after the last epoch, in percent: mean over seeds, ± one sample standard \
                   deviation (none for a single seed).";
    figures.push(figure("map_by_task", "mAP by task", caption, &drawing, context)?);
    Ok(figures)
}

fn figure(
    name: &str,
    title: &str,
    caption: &str,
    drawing: &impl canvas::Drawing,
    context: &Context,
) -> Result<Figure> {
    let title = format!("{title} ({})", context.label());
    Ok(Figure { title, caption: caption.to_owned(), files: canvas::files(name, drawing)? })
}
