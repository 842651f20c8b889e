//! One table for the whole report: what each row looks like, on paper and in the dark, and told apart without colour by mark and dash.

use plotters::style::RGBColor;

use super::super::rows::Row;

/// Text, axes.
pub(super) const INK: RGBColor = RGBColor(0x23, 0x27, 0x2E);
/// Text that matters less.
pub(super) const SOFT: RGBColor = RGBColor(0x59, 0x61, 0x6D);
/// Lines to read values by.
pub(super) const RULE: RGBColor = RGBColor(0xD5, 0xDA, 0xE1);
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);

const GREY: RGBColor = RGBColor(0x6B, 0x72, 0x80);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xB2);
const ORANGE: RGBColor = RGBColor(0xB3, 0x70, 0x00);
const GREEN: RGBColor = RGBColor(0x00, 0x80, 0x5E);
const VERMILION: RGBColor = RGBColor(0xC3, 0x4A, 0x00);
const PURPLE: RGBColor = RGBColor(0x8A, 0x4F, 0x9E);
const INDIGO: RGBColor = RGBColor(0x33, 0x22, 0x88);
const WINE: RGBColor = RGBColor(0x88, 0x22, 0x55);
const TEAL: RGBColor = RGBColor(0x1F, 0x7A, 0x8C);

/// A frame about what is right, and one about what is wrong.
pub(super) const GOOD: RGBColor = GREEN;
pub(super) const BAD: RGBColor = VERMILION;
/// Differences of mutual mean-teaching to something.
pub(super) const DIFFERENCE: Look = Look { colour: BLUE, mark: Mark::Circle, dash: Dash::Solid };

/// Every colour on paper, and what it is in the dark.
pub(super) const DARK: [(RGBColor, RGBColor); 13] = [
    (INK, RGBColor(0xE4, 0xE7, 0xEB)),
    (SOFT, RGBColor(0xA3, 0xAB, 0xB7)),
    (RULE, RGBColor(0x3A, 0x41, 0x4B)),
    (PAPER, RGBColor(0x16, 0x19, 0x1E)),
    (GREY, RGBColor(0x9A, 0xA3, 0xAF)),
    (BLUE, RGBColor(0x5F, 0xB0, 0xEA)),
    (ORANGE, RGBColor(0xE6, 0xA8, 0x3C)),
    (GREEN, RGBColor(0x35, 0xC3, 0x9A)),
    (VERMILION, RGBColor(0xFF, 0x8A, 0x50)),
    (PURPLE, RGBColor(0xC7, 0x9B, 0xDC)),
    (INDIGO, RGBColor(0xA8, 0x9D, 0xF0)),
    (WINE, RGBColor(0xE0, 0x7F, 0xB0)),
    (TEAL, RGBColor(0x5C, 0xC4, 0xD8)),
];

/// Shape of a row's points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    None,
    Circle,
    Square,
    Triangle,
    Diamond,
}

/// Dashes of a row's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dash {
    Solid,
    Dotted,
    Short,
    Long,
}

impl Dash {
    /// Lengths of a dash and of the gap after it, in points; none for a whole line.
    pub fn lengths(self) -> Option<(f64, f64)> {
        match self {
            Self::Solid => None,
            Self::Dotted => Some((1.2, 1.8)),
            Self::Short => Some((3.0, 1.6)),
            Self::Long => Some((6.0, 2.4)),
        }
    }
}

/// The look of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Look {
    pub colour: RGBColor,
    pub mark: Mark,
    pub dash: Dash,
}

/// Of a source network as it is, and of one trained on true labels: levels, not courses.
const START: Look = Look { colour: GREY, mark: Mark::None, dash: Dash::Dotted };
const ORACLE: Look = Look { colour: GREEN, mark: Mark::None, dash: Dash::Long };
pub(super) const BASELINE: Look = Look { colour: ORANGE, mark: Mark::Square, dash: Dash::Solid };
pub(super) const MMT: Look = Look { colour: BLUE, mark: Mark::Circle, dash: Dash::Solid };
/// Of hard labels and of a teacher's soft ones.
pub(super) const HARD: Look = Look { colour: VERMILION, mark: Mark::Triangle, dash: Dash::Short };
pub(super) const TAUGHT: Look = Look { colour: PURPLE, mark: Mark::Diamond, dash: Dash::Solid };
/// Of what is drawn: domains, training, persons.
pub(super) const DRAWN: [Look; 3] = [
    Look { colour: TEAL, mark: Mark::Triangle, dash: Dash::Solid },
    Look { colour: INDIGO, mark: Mark::Square, dash: Dash::Solid },
    Look { colour: WINE, mark: Mark::Circle, dash: Dash::Solid },
];
/// Of rows beyond the first of a method.
const OTHERS: [Look; 5] = [
    Look { colour: VERMILION, mark: Mark::Triangle, dash: Dash::Short },
    Look { colour: PURPLE, mark: Mark::Diamond, dash: Dash::Solid },
    Look { colour: TEAL, mark: Mark::Triangle, dash: Dash::Solid },
    Look { colour: INDIGO, mark: Mark::Square, dash: Dash::Short },
    Look { colour: WINE, mark: Mark::Circle, dash: Dash::Short },
];

/// The look of each of `rows`: the first row of a method has the method's own in every figure.
pub(super) fn looks(rows: &[Row]) -> Vec<Look> {
    let mut given: Vec<Look> = Vec::new();
    let mut others = OTHERS.iter().cycle();
    let mut look = |row: &Row| {
        let own = match row {
            row if row.is_start() => START,
            row if row.is_baseline() => BASELINE,
            row if row.is_oracle() => ORACLE,
            _ => MMT,
        };
        let found = if given.contains(&own) { others.next().copied().unwrap_or(own) } else { own };
        given.push(own);
        found
    };
    rows.iter().map(&mut look).collect()
}

/// A colour as SVG writes it.
pub(super) fn hex(RGBColor(red, green, blue): RGBColor) -> String {
    format!("#{red:02X}{green:02X}{blue:02X}")
}

/// Rules that turn a drawing dark where the reader's screen is.
pub(crate) fn dark_rules() -> String {
    let rule = |(light, dark): &(RGBColor, RGBColor)| {
        let (light, dark) = (hex(*light), hex(*dark));
        format!("svg [fill=\"{light}\"]{{fill:{dark}}}svg [stroke=\"{light}\"]{{stroke:{dark}}}")
    };
    format!("@media screen and (prefers-color-scheme:dark){{{}}}", DARK.iter().map(rule).collect::<String>())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Relative luminance and contrast of WCAG 2.
    fn luminance(RGBColor(red, green, blue): RGBColor) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    pub fn contrast(one: RGBColor, other: RGBColor) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// A colour as style sheets write it, `#fff` or `#23272e`.
    pub fn parse(text: &str) -> RGBColor {
        let digits: Vec<u8> =
            text.trim_start_matches('#').chars().map(|digit| digit.to_digit(16).unwrap() as u8).collect();
        match digits[..] {
            [red, green, blue] => RGBColor(17 * red, 17 * green, 17 * blue),
            [a, b, c, d, e, f] => RGBColor(16 * a + b, 16 * c + d, 16 * e + f),
            _ => panic!("{text} is no colour"),
        }
    }

    #[test]
    fn black_on_white_has_the_contrast_of_the_standard() {
        assert!((contrast(RGBColor(0, 0, 0), PAPER) - 21.0).abs() < 1e-9);
        // #777777 on white is 4.48: the standard's own example of what just fails.
        assert!((contrast(RGBColor(0x77, 0x77, 0x77), PAPER) - 4.48).abs() < 0.005);
    }

    #[test]
    fn graphics_have_three_to_one_and_text_four_and_a_half() {
        let dark = |colour| DARK.iter().find(|(light, _)| *light == colour).unwrap().1;
        for (light, _) in DARK.iter().filter(|(light, _)| ![RULE, PAPER].contains(light)) {
            let needed = if [INK, SOFT].contains(light) { 4.5 } else { 3.0 };
            assert!(contrast(*light, PAPER) >= needed, "{}: {}", hex(*light), contrast(*light, PAPER));
            let found = contrast(dark(*light), dark(PAPER));
            assert!(found >= needed, "{} in the dark: {found}", hex(*light));
        }
    }

    fn row(method: &str) -> Row {
        Row { name: String::new(), method: method.parse().ok(), settings: Default::default() }
    }

    #[test]
    fn no_two_rows_look_alike_and_none_by_colour_alone() {
        let methods = ["pre-trained", "baseline", "baseline", "mmt", "mmt", "mmt", "oracle"];
        let found = looks(&methods.map(row));
        assert_eq!([found[0], found[1], found[3], found[6]], [START, BASELINE, MMT, ORACLE]);
        for (at, one) in found.iter().enumerate() {
            for other in &found[at + 1..] {
                assert!(
                    one.colour != other.colour && (one.mark, one.dash) != (other.mark, other.dash),
                    "{one:?} {other:?}"
                );
            }
        }
    }

    #[test]
    fn a_method_keeps_its_look_whatever_else_was_run() {
        assert_eq!(looks(&[row("mmt")]), [MMT]);
        assert_eq!(looks(&[row("oracle"), row("mmt")]), [ORACLE, MMT]);
    }
}
