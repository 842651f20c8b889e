//! A figure: panels, each alone for the page, and all on one plate for print as SVG, PDF and PNG.

use std::sync::{Arc, OnceLock};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use mmt_vocabulary::error::{Error, Result};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, WriteOptions, fontdb::Database};

use super::super::context::Context;
use super::super::notation::{self, Piece};
use super::figure::{Figure, File};
use super::pen::{Anchor, Drawn, FONT, Pen, Words};
use super::style::dark_rules;

/// Width of a page of a conference paper, in points.
pub(super) const WIDTH: f64 = 397.0;
/// Width of one of two panels beside each other.
pub(super) const COLUMN: f64 = 192.0;
/// Between panels below each other.
const GAP: f64 = 10.0;
/// Height of the line that says what the numbers are of.
const FOOT: f64 = 12.0;
/// Pixels of the PNG per point: 3.25 inches have 700.
const PNG_SCALE: f64 = 3.0;
/// Pixels of a canvas per point.
const SCALE: f64 = 10.0;

/// A part of a figure that can stand alone.
pub(super) trait Panel {
    /// Width and height in points.
    fn size(&self) -> (f64, f64);
    /// Draws with the origin at the upper left corner.
    fn draw(&self, pen: Pen<'_, '_>);
}

/// The names of a figure, and its text.
pub(super) struct Caption {
    /// Stem of its files.
    pub name: String,
    pub title: String,
    pub text: String,
}

/// The figure of `panels`, as many beside each other as fit.
pub(super) fn figure(caption: Caption, panels: &[Box<dyn Panel>], context: &Context) -> Result<Figure> {
    let Caption { name, title, text } = caption;
    let titled = format!("{title} ({})", context.label());
    let words =
        |id: &str| Titles { id: id.to_owned(), title: titled.clone(), description: first_sentence(&text) };
    let alone = |(at, panel): (usize, &dyn Panel)| {
        let drawn = Drawn::new(panel.size(), |pen| panel.draw(pen))?;
        svg(&drawn, &words(&format!("{name}-{}", at + 1)), Use::Page)
    };
    let panels_alone = panels.iter().map(AsRef::as_ref).enumerate().map(alone).collect::<Result<Vec<_>>>()?;
    let plate = plate(panels, &context.label())?;
    let file = |kind: &str, bytes: Vec<u8>| File { name: format!("{name}.{kind}"), bytes };
    let plain = svg(&plate, &words(&name), Use::Print)?;
    let mut files = vec![file("svg", svg(&plate, &words(&name), Use::File)?.into_bytes())];
    files.push(file("png", png(&plain, &plate, &name)?));
    // Photographs stay pixels: the PNG is for print as well.
    if plate.tiles.is_empty() {
        files.push(file("pdf", pdf(&plain, &name)?));
    }
    let broad = panels.iter().any(|panel| panel.size().0 > COLUMN);
    Ok(Figure { name, title, caption: text, broad, panels: panels_alone, files })
}

fn first_sentence(text: &str) -> String {
    text.split_inclusive(". ").next().unwrap_or_default().trim_end().to_owned()
}

/// Left upper corners of panels, row by row, and the size of the whole.
fn places(panels: &[Box<dyn Panel>]) -> (Vec<(f64, f64)>, f64) {
    let (mut places, mut left, mut top, mut row) = (Vec::new(), 0.0, 0.0, 0.0_f64);
    for panel in panels {
        let (width, height) = panel.size();
        if left > 0.0 && left + width > WIDTH + 0.5 {
            (left, top, row) = (0.0, top + row + GAP, 0.0);
        }
        places.push((left, top));
        left += width + (WIDTH - 2.0 * COLUMN);
        row = row.max(height);
    }
    (places, top + row)
}

fn plate(panels: &[Box<dyn Panel>], label: &str) -> Result<Drawn> {
    let (places, height) = places(panels);
    Drawn::new((WIDTH, height + FOOT), |pen| {
        for (panel, (left, top)) in panels.iter().zip(&places) {
            panel.draw(pen.moved(*left, *top));
        }
        pen.text(label, (WIDTH - 2.0, height + FOOT / 2.0), Words::new(Anchor::Right).soft());
    })
}

/// For those who cannot see it.
struct Titles {
    id: String,
    title: String,
    description: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// In a page, which has the rules for the dark.
    Page,
    /// A file by itself, light or dark as its reader.
    File,
    /// Paper.
    Print,
}

fn svg(drawn: &Drawn, titles: &Titles, wanted: Use) -> Result<String> {
    let (width, height) = drawn.size;
    let Titles { id, title, description } = titles;
    let style =
        if wanted == Use::File { format!("<style>{}</style>\n", dark_rules()) } else { String::new() };
    // The pixels of photographs are painted onto those of the plate.
    let tiles = if wanted == Use::Print { String::new() } else { drawn.tiles.svg(id, SCALE)? };
    // Photographs lie on the ground and under their frames.
    let (ground, elements) = drawn.elements.split_once('\n').unwrap_or_default();
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" \
         aria-labelledby=\"{id}-title {id}-desc\" font-family=\"'DejaVu Sans', Verdana, sans-serif\">\n<title id=\"{id}-title\">{}</title>\n\
         <desc id=\"{id}-desc\">{}</desc>\n{style}{}\n{tiles}{}</svg>\n",
        width * SCALE,
        height * SCALE,
        notation::escaped(title),
        notation::escaped(description),
        ground,
        tidied(elements)
    ))
}

/// Without what says nothing, and with the paper's symbols in place of their plain letters.
fn tidied(elements: &str) -> String {
    let mut text = String::new();
    let mut in_text = false;
    for line in elements.lines() {
        if in_text && !line.starts_with("</text") {
            text += &with_subscripts(line);
        } else {
            let line = line.replace(" opacity=\"1\"", "").replace(&format!(" font-family=\"{FONT}\""), "");
            text += &line;
        }
        in_text = line.starts_with("<text") || (in_text && !line.starts_with("</text"));
        if !in_text {
            text.push('\n');
        }
    }
    text
}

fn with_subscripts(line: &str) -> String {
    let mut text = String::new();
    let mut below = false;
    for piece in notation::pieces(line) {
        match piece {
            Piece::Below(letters) => {
                text += &format!("<tspan dy=\"0.3em\" font-size=\"70%\">{letters}</tspan>")
            }
            Piece::Line(letters) if below => text += &format!("<tspan dy=\"-0.21em\">{letters}</tspan>"),
            Piece::Line(letters) => text += letters,
        }
        below = matches!(piece, Piece::Below(_));
    }
    text
}

/// A drawing whose lines of some opacity have the colours that they have on paper.
fn opaque(svg: &str) -> String {
    let line = |line: &str| {
        let opacity =
            line.split_once(" opacity=\"").and_then(|(_, rest)| rest.split_once('"')?.0.parse::<f64>().ok());
        let Some(opacity) = opacity else { return format!("{line}\n") };
        let mut parts = line.split('#');
        let mut text = parts.next().unwrap_or_default().replace(&format!(" opacity=\"{opacity}\""), "");
        text.extend(parts.map(|part| {
            format!("#{}", on_paper(part, opacity).replace(&format!(" opacity=\"{opacity}\""), ""))
        }));
        text + "\n"
    };
    svg.lines().map(line).collect()
}

/// `text`, which begins with six digits of a colour, with those of the colour laid on white.
fn on_paper(text: &str, opacity: f64) -> String {
    let Some((digits, rest)) = text.split_at_checked(6) else { return text.to_owned() };
    let value = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let laid =
        |at: usize| value(at).map(|value| (255.0 + opacity * (f64::from(value) - 255.0)).round() as u8);
    match (laid(0), laid(2), laid(4)) {
        (Some(red), Some(green), Some(blue)) => format!("{red:02X}{green:02X}{blue:02X}{rest}"),
        _ => text.to_owned(),
    }
}

fn failed(name: &str, reason: impl ToString) -> Error {
    Error::Report { what: format!("figure {name}"), reason: reason.to_string() }
}

/// A drawing, its text set in the font that comes with the program.
pub(super) fn tree(svg: &str, name: &str) -> Result<Tree> {
    static FONTS: OnceLock<Arc<Database>> = OnceLock::new();
    let load = || {
        let mut fonts = Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        Arc::new(fonts)
    };
    let options = Options { fontdb: FONTS.get_or_init(load).clone(), ..Options::default() };
    Tree::from_str(svg, &options).map_err(|error| failed(name, error))
}

fn png(svg: &str, drawn: &Drawn, name: &str) -> Result<Vec<u8>> {
    let tree = tree(svg, name)?;
    let pixels = |points: f64| (points * PNG_SCALE).ceil() as u32;
    let (width, height) = (pixels(drawn.size.0), pixels(drawn.size.1));
    let mut pixmap = Pixmap::new(width, height).ok_or_else(|| failed(name, "no pixels"))?;
    resvg::render(&tree, Transform::from_scale(PNG_SCALE as f32, PNG_SCALE as f32), &mut pixmap.as_mut());
    let image = image::RgbaImage::from_raw(width, height, pixmap.take());
    let mut image = image.ok_or_else(|| failed(name, "too few pixels"))?;
    drawn.tiles.paint(&mut image, PNG_SCALE);
    let mut bytes = Vec::new();
    // Figures are kept in repositories.
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, FilterType::Adaptive);
    let image = image::DynamicImage::ImageRgba8(image).into_rgb8();
    image.write_with_encoder(encoder).map_err(|error| failed(name, error))?;
    Ok(bytes)
}

/// Letters become outlines, so that no reader needs the font, and nothing shines through: printers refuse that, and svg2pdf writes what it
/// needs for it in an order of chance.
fn pdf(svg: &str, name: &str) -> Result<Vec<u8>> {
    let outlines = tree(&opaque(svg), name)?.to_string(&WriteOptions::default());
    let tree =
        svg2pdf::usvg::Tree::from_str(&outlines, &Options::default()).map_err(|error| failed(name, error))?;
    let page = svg2pdf::PageOptions { dpi: 72.0 };
    svg2pdf::to_pdf(&tree, svg2pdf::ConversionOptions::default(), page)
        .map_err(|error| failed(name, format!("{error:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half of black on white is grey; a line without opacity stays.
    #[test]
    fn what_shines_through_has_its_colour_on_paper() {
        let svg = "<circle opacity=\"0.5\" fill=\"#000000\"/>\n<line stroke=\"#0072B2\"/>\n";
        assert_eq!(opaque(svg), "<circle fill=\"#808080\"/>\n<line stroke=\"#0072B2\"/>\n");
    }

    struct Block(f64, f64);

    impl Panel for Block {
        fn size(&self) -> (f64, f64) {
            (self.0, self.1)
        }

        fn draw(&self, _: Pen<'_, '_>) {}
    }

    #[test]
    fn two_panels_stand_beside_each_other_and_broad_ones_alone() {
        let panels: Vec<Box<dyn Panel>> = vec![
            Box::new(Block(COLUMN, 50.0)),
            Box::new(Block(COLUMN, 70.0)),
            Box::new(Block(WIDTH, 20.0)),
            Box::new(Block(COLUMN, 30.0)),
        ];
        let (found, height) = places(&panels);
        assert_eq!(found, [(0.0, 0.0), (205.0, 0.0), (0.0, 80.0), (0.0, 110.0)]);
        assert_eq!(height, 140.0);
    }

    #[test]
    fn subscripts_of_text_are_lowered_and_raised_again() {
        let drawn = "<text x=\"1\" y=\"2\" opacity=\"1\" font-family=\"sans-serif\">\nw/o L_sid, L_stri\n</text>\n<rect opacity=\"1\"/>\n";
        let low = |letters: &str| format!("<tspan dy=\"0.3em\" font-size=\"70%\">{letters}</tspan>");
        let expected = format!(
            "<text x=\"1\" y=\"2\">w/o L{}<tspan dy=\"-0.21em\">, L</tspan>{}</text>\n<rect/>\n",
            low("sid"),
            low("stri")
        );
        assert_eq!(tidied(drawn), expected);
    }
}
