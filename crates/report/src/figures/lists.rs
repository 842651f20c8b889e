//! Ranked lists: for each query its image, and the gallery's nearest by both methods, framed by whether they are right.

use mmt_vocabulary::error::Result;
use mmt_vocabulary::record::RANKED_TILES;

use super::super::ranked::{Chosen, List, Lists, Ranked};
use super::figure::Figure;
use super::pen::{Anchor, Pen, Stroke, Words};
use super::plate::{Caption, Panel, WIDTH, figure};
use super::source::Source;
use super::style::{BAD, Dash, GOOD, INK};
use crate::context::Context;
use crate::names::minus;

/// Height of a tile; its width follows from its image.
const TILE: f64 = 50.0;
const GAP: f64 = 5.0;
/// Before the lists: the query, and the names of methods.
const QUERY: f64 = 5.0;
const NAMES: f64 = 44.0;
const HEADING: f64 = 14.0;
/// Below a tile: camera and distance.
const WORDS: f64 = 23.0;
const FRAME: f64 = 1.6;

/// A figure for each task that has lists.
pub(super) fn lists(source: &Source<'_>, context: &Context) -> Result<Vec<Figure>> {
    let one = |(at, ranked): (usize, &Ranked)| {
        let names: Vec<&str> = ranked.lists.iter().map(|lists| lists.label.as_str()).collect();
        let caption = Caption {
            name: format!("ranked_lists_{}", at + 1),
            title: format!("Ranked lists, {}", context.task(&ranked.task)),
            text: format!(
                "The ten nearest images of the gallery, those of the query's person under its own camera left out, for the same queries by {} \
                 ({}). Of 16 queries that were chosen before any result, those are shown whose average precision (AP) gains most, is the \
                 median, and loses most. Green, whole frame: the query's person. Orange, dashed: another. Below: camera (bold where it is \
                 the query's) and distance.",
                names.join(" and "),
                ranked.run
            ),
        };
        let panels: Vec<Box<dyn Panel>> = ranked
            .chosen
            .iter()
            .map(|chosen| {
                Box::new(Query { ranked: ranked.clone(), chosen: chosen.clone() }) as Box<dyn Panel>
            })
            .collect();
        figure(caption, &panels, context)
    };
    source.ranked.iter().enumerate().map(one).collect()
}

/// One query by every method.
struct Query {
    ranked: Ranked,
    chosen: Chosen,
}

impl Query {
    fn lists(&self) -> impl Iterator<Item = (&Lists, &List)> {
        let query = self.chosen.query;
        self.ranked.lists.iter().filter_map(move |lists| Some((lists, lists.lists.get(&query)?)))
    }

    /// `largest gain: AP 12 % → 64 %`.
    fn heading(&self) -> String {
        let precisions: Vec<String> =
            self.lists().map(|(_, list)| minus(&format!("{:.0} %", list.ap))).collect();
        format!("{}: AP {}", self.chosen.reason, precisions.join(" → "))
    }
}

/// Width and height of the tiles of a picture, in pixels.
fn pixels(lists: &Lists) -> (u32, u32) {
    let (width, height) = lists.image.dimensions();
    (width / RANKED_TILES as u32, height / lists.lists.len().max(1) as u32)
}

/// Width of a tile in points; as many as there are fit beside each other.
fn width(lists: &Lists) -> f64 {
    let (width, height) = pixels(lists);
    let room = (WIDTH - QUERY - NAMES) / RANKED_TILES as f64 - GAP;
    (TILE * f64::from(width) / f64::from(height)).min(room)
}

fn draw_list(pen: Pen<'_, '_>, (lists, list): (&Lists, &List), first: bool) {
    let (tile, (pixel_width, pixel_height)) = (width(lists), pixels(lists));
    let left = |column: usize| match column {
        0 => QUERY,
        column => QUERY + NAMES + column as f64 * (tile + GAP),
    };
    let row = list.row as u32 * pixel_height;
    pen.tiles(|tiles, (dx, dy)| {
        let strip =
            image::imageops::crop_imm(&lists.image, 0, row, RANKED_TILES as u32 * pixel_width, pixel_height);
        let strip = tiles.strip(strip.to_image());
        for column in usize::from(!first)..=list.entries.len() {
            let from = [column as u32 * pixel_width, 0, pixel_width, pixel_height];
            tiles.show(strip, from, [dx + left(column), dy, tile, TILE]);
        }
    });
    if first {
        frame(pen, (left(0), tile), Stroke::new(INK, FRAME));
        pen.text("query", (left(0) + tile / 2.0, TILE + 6.0), Words::new(Anchor::Middle));
        pen.text(
            &camera(list.camera),
            (left(0) + tile / 2.0, TILE + 15.0),
            Words::new(Anchor::Middle).bold(),
        );
    }
    pen.text(&lists.label, (left(1) - GAP - 1.0, TILE / 2.0), Words::new(Anchor::Right));
    for (column, entry) in (1..).zip(&list.entries) {
        let (colour, dash) = if entry.right { (GOOD, Dash::Solid) } else { (BAD, Dash::Short) };
        frame(pen, (left(column), tile), Stroke { colour, width: FRAME, dash, alpha: 1.0 });
        let words = Words::new(Anchor::Middle);
        let words = if entry.same_camera { words.bold() } else { words };
        let middle = left(column) + tile / 2.0;
        pen.text(&camera(entry.camera), (middle, TILE + 6.0), words);
        pen.text(&format!("{:.2}", entry.distance), (middle, TILE + 15.0), Words::new(Anchor::Middle).soft());
    }
}

/// Cameras are counted from 1, as in the names of files.
fn camera(number: i64) -> String {
    format!("c{}", number + 1)
}

/// A frame about a tile whose upper edge is at zero.
fn frame(pen: Pen<'_, '_>, (left, width): (f64, f64), stroke: Stroke) {
    let out = FRAME / 2.0;
    let (right, bottom) = (left + width + out, TILE + out);
    let left = left - out;
    pen.line(&[(left, -out), (right, -out), (right, bottom), (left, bottom), (left, -out)], stroke);
}

impl Panel for Query {
    fn size(&self) -> (f64, f64) {
        (WIDTH, HEADING + self.lists().count() as f64 * (TILE + WORDS) + 2.0)
    }

    fn draw(&self, pen: Pen<'_, '_>) {
        pen.text(&self.heading(), (QUERY, 5.0), Words::new(Anchor::Left).bold());
        for (at, found) in self.lists().enumerate() {
            draw_list(pen.moved(0.0, HEADING + at as f64 * (TILE + WORDS)), found, at == 0);
        }
    }
}
