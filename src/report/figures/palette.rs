//! Colours of rows that people with any colour vision can tell apart: those of Okabe and Ito, with two dark ones of Tol's
//! in place of yellow (too pale for a line) and black (the colour of error bars).

use plotters::prelude::*;

use super::super::results::Row;

/// Text, axes.
pub(super) const INK: RGBColor = RGBColor(40, 44, 52);

const GREY: RGBColor = RGBColor(120, 120, 120);
const ORANGE: RGBColor = RGBColor(230, 159, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
/// For MMT, and for rows beyond the first of a method.
const OTHERS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(51, 34, 136),
    RGBColor(136, 34, 85),
];

/// A frame about what is right, and one about what is wrong.
pub(super) const GOOD: RGBColor = GREEN;
pub(super) const BAD: RGBColor = OTHERS[1];

/// Colours of `n` lines that are no rows.
pub(super) fn series(n: usize) -> Vec<RGBColor> {
    OTHERS.into_iter().cycle().take(n).collect()
}

/// A colour per row: a method keeps its own from figure to figure. What no row claims as its own is given out last.
pub(super) fn colours(rows: &[Row]) -> Vec<RGBColor> {
    let mut own = vec![("pre-trained", GREY), ("baseline", ORANGE), ("oracle", GREEN)];
    let mut claim = |row: &Row| {
        let at = own.iter().position(|(method, _)| *method == row.method)?;
        Some(own.remove(at).1)
    };
    let claimed: Vec<Option<RGBColor>> = rows.iter().map(&mut claim).collect();
    let others: Vec<RGBColor> = OTHERS.into_iter().chain(own.into_iter().map(|(_, colour)| colour)).collect();
    let mut others = others.iter().cycle();
    claimed.into_iter().map(|own| own.or_else(|| others.next().copied()).unwrap_or(INK)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_rows_have_nine_colours() {
        let row = |method: &str| Row {
            name: String::new(),
            method: method.to_owned(),
            settings: Default::default(),
        };
        let rows: Vec<Row> = ["pre-trained", "baseline"].into_iter().chain(["mmt"; 7]).map(row).collect();
        let found = colours(&rows);
        assert_eq!(found[..2], [GREY, ORANGE]);
        assert!((0..9).all(|at| !found[at + 1..].contains(&found[at])));
        assert_eq!(found[8], GREEN);
    }
}
