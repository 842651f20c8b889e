//! Colours of rows: those of Okabe and Ito, which people with any colour vision can tell apart.

use plotters::prelude::*;

use super::super::results::Row;

/// Text, axes.
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);

const GREY: RGBColor = RGBColor(120, 120, 120);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
/// For rows beyond the first of a method, and for MMT.
const OTHERS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(240, 228, 66),
    RGBColor(0, 0, 0),
];

/// A colour per row: a method keeps its own from figure to figure.
pub(super) fn colours(rows: &[Row]) -> Vec<RGBColor> {
    let mut own = vec![("pre-trained", GREY), ("baseline", ORANGE), ("oracle", GREEN)];
    let mut others = OTHERS.into_iter().cycle();
    let mut colour = |row: &Row| match own.iter().position(|(method, _)| *method == row.method) {
        Some(at) => Some(own.remove(at).1),
        None => others.next(),
    };
    rows.iter().map(|row| colour(row).unwrap_or(INK)).collect()
}
