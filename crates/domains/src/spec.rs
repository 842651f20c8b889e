//! The traits of a domain: how people dress there, and what its cameras are like.

use mmt_vocabulary::DatasetName;

/// A colour, RGB in 0..1.
pub(super) type Colour = [f32; 3];

/// Named colours with weights.
pub(super) type Weighted = &'static [(Colour, f64)];

const BLACK: Colour = [0.08, 0.08, 0.09];
const DARK_GREY: Colour = [0.24, 0.24, 0.26];
const GREY: Colour = [0.50, 0.50, 0.52];
const WHITE: Colour = [0.92, 0.92, 0.90];
const NAVY: Colour = [0.10, 0.13, 0.34];
const BLUE: Colour = [0.18, 0.34, 0.72];
const SKY: Colour = [0.52, 0.72, 0.90];
const RED: Colour = [0.78, 0.14, 0.16];
const MAROON: Colour = [0.42, 0.10, 0.16];
const PINK: Colour = [0.92, 0.56, 0.66];
const ORANGE: Colour = [0.90, 0.48, 0.14];
const YELLOW: Colour = [0.90, 0.80, 0.24];
const GREEN: Colour = [0.18, 0.52, 0.26];
const OLIVE: Colour = [0.36, 0.36, 0.18];
const BROWN: Colour = [0.38, 0.24, 0.14];
const BEIGE: Colour = [0.80, 0.70, 0.54];
const PURPLE: Colour = [0.44, 0.22, 0.56];
const TEAL: Colour = [0.10, 0.50, 0.52];
const DENIM: Colour = [0.28, 0.36, 0.52];

/// Skin tones.
pub(super) const SKIN: Weighted = &[
    ([0.93, 0.76, 0.65], 0.40),
    ([0.80, 0.60, 0.46], 0.35),
    ([0.58, 0.40, 0.28], 0.15),
    ([0.36, 0.24, 0.17], 0.10),
];
/// Hair colours.
pub(super) const HAIR: Weighted = &[
    ([0.06, 0.05, 0.05], 0.45),
    ([0.20, 0.13, 0.09], 0.25),
    ([0.42, 0.28, 0.16], 0.15),
    ([0.74, 0.60, 0.36], 0.08),
    ([0.60, 0.60, 0.60], 0.07),
];
/// Shoe colours.
pub(super) const SHOES: Weighted =
    &[(BLACK, 3.0), (WHITE, 2.5), (BROWN, 1.5), (RED, 0.6), (GREY, 1.0), (BLUE, 0.5)];
/// Bag colours.
pub(super) const BAGS: Weighted = &[
    (BLACK, 3.0),
    (NAVY, 1.0),
    (RED, 1.0),
    (BROWN, 1.5),
    (GREY, 1.0),
    (BLUE, 1.0),
    (PINK, 0.7),
    (GREEN, 0.7),
    (YELLOW, 0.4),
    (BEIGE, 0.8),
];

/// The look of the ground and walls behind a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Background {
    Plaza,
    Grass,
    Brick,
    Indoor,
}

/// Bounds of a uniform draw.
pub(super) type Range = (f64, f64);

/// A domain.
#[derive(Debug, Clone)]
pub(super) struct DomainSpec {
    /// Cameras.
    pub cameras: usize,
    /// Cameras that see one person, both ends included.
    pub cameras_per_identity: (usize, usize),
    pub torso: Weighted,
    pub legs: Weighted,
    /// Weights of the patterns, in the order of `Pattern::ALL`.
    pub patterns: [f64; 8],
    pub sleeve: Range,
    pub hem: Range,
    pub shorts: f64,
    pub skirt: f64,
    /// Weights of no bag, backpack, shoulder bag, hand bag.
    pub bags: [f64; 4],
    pub backgrounds: &'static [(Colour, Background)],
    pub background_variation: f64,
    pub tint: Colour,
    pub log_exposure: f64,
    pub contrast: f64,
    pub saturation: f64,
    /// Log standard deviations over cameras: cast, exposure, gamma, contrast, saturation.
    pub spread: [f64; 5],
    /// Standard deviation of the haze.
    pub haze: f64,
    pub blur: Range,
    pub noise: Range,
    pub resolution: Range,
    pub scale: Range,
    pub occlusion: f64,
}

impl DomainSpec {
    /// The domain that stands for a dataset, if one of [`DATASETS`](super::DATASETS).
    pub fn of(dataset: DatasetName) -> Option<Self> {
        match dataset {
            DatasetName::Market1501 => Some(market()),
            DatasetName::DukeMtmc => Some(duke()),
            DatasetName::Msmt17 => Some(msmt()),
            _ => None,
        }
    }
}

/// Bright and summery.
fn market() -> DomainSpec {
    use Background::{Grass, Plaza};
    DomainSpec {
        cameras: 6,
        cameras_per_identity: (3, 6),
        torso: &[
            (WHITE, 4.0),
            (RED, 2.0),
            (PINK, 2.0),
            (SKY, 2.0),
            (YELLOW, 1.5),
            (BLUE, 2.0),
            (GREEN, 1.5),
            (BLACK, 2.0),
            (GREY, 1.5),
            (ORANGE, 1.0),
            (PURPLE, 1.0),
            (TEAL, 1.0),
            (BEIGE, 1.0),
        ],
        legs: &[
            (DENIM, 3.0),
            (BLUE, 1.5),
            (BLACK, 2.5),
            (BEIGE, 1.5),
            (GREY, 1.5),
            (WHITE, 1.0),
            (NAVY, 1.5),
            (RED, 0.5),
            (PINK, 0.5),
            (BROWN, 0.5),
        ],
        patterns: [0.42, 0.10, 0.06, 0.06, 0.10, 0.04, 0.16, 0.06],
        sleeve: (0.2, 0.55),
        hem: (0.46, 0.52),
        shorts: 0.35,
        skirt: 0.20,
        bags: [0.45, 0.22, 0.16, 0.17],
        backgrounds: &[
            ([0.66, 0.66, 0.60], Plaza),
            ([0.56, 0.60, 0.48], Grass),
            ([0.72, 0.68, 0.62], Plaza),
            ([0.52, 0.55, 0.55], Plaza),
        ],
        background_variation: 0.08,
        tint: [1.05, 1.0, 0.94],
        log_exposure: 0.08,
        contrast: 1.05,
        saturation: 1.05,
        spread: [0.06, 0.08, 0.06, 0.06, 0.07],
        haze: 0.02,
        blur: (0.3, 0.8),
        noise: (0.005, 0.02),
        resolution: (0.7, 1.0),
        scale: (0.78, 0.92),
        occlusion: 0.18,
    }
}

/// Dark, with jackets and backpacks.
fn duke() -> DomainSpec {
    use Background::{Brick, Grass, Plaza};
    DomainSpec {
        cameras: 8,
        cameras_per_identity: (3, 5),
        torso: &[
            (BLACK, 2.5),
            (DARK_GREY, 2.0),
            (NAVY, 2.0),
            (GREY, 2.0),
            (BROWN, 1.5),
            (OLIVE, 1.5),
            (MAROON, 1.5),
            (WHITE, 1.5),
            (BLUE, 1.5),
            (GREEN, 1.0),
            (BEIGE, 1.5),
            (PURPLE, 1.0),
            (RED, 1.0),
            (TEAL, 1.0),
        ],
        legs: &[
            (DENIM, 4.0),
            (BLACK, 3.0),
            (NAVY, 2.0),
            (DARK_GREY, 2.0),
            (BEIGE, 1.5),
            (BROWN, 1.0),
            (OLIVE, 1.0),
            (GREY, 1.0),
        ],
        patterns: [0.28, 0.08, 0.06, 0.12, 0.14, 0.20, 0.08, 0.04],
        sleeve: (0.8, 1.0),
        hem: (0.48, 0.62),
        shorts: 0.08,
        skirt: 0.05,
        bags: [0.25, 0.45, 0.20, 0.10],
        backgrounds: &[
            ([0.46, 0.40, 0.36], Brick),
            ([0.38, 0.42, 0.34], Grass),
            ([0.50, 0.50, 0.52], Plaza),
            ([0.58, 0.52, 0.46], Brick),
        ],
        background_variation: 0.10,
        tint: [0.94, 0.98, 1.08],
        log_exposure: 0.0,
        contrast: 0.95,
        saturation: 0.85,
        noise: (0.01, 0.03),
        scale: (0.76, 0.90),
        occlusion: 0.22,
        ..market()
    }
}

/// Mixed clothes, many and very different cameras.
fn msmt() -> DomainSpec {
    use Background::{Brick, Grass, Indoor, Plaza};
    DomainSpec {
        cameras: 15,
        cameras_per_identity: (3, 6),
        torso: &[
            (BLACK, 3.0),
            (DARK_GREY, 2.0),
            (WHITE, 2.5),
            (NAVY, 2.0),
            (GREY, 2.0),
            (RED, 1.2),
            (BLUE, 1.2),
            (SKY, 1.0),
            (PINK, 1.0),
            (MAROON, 0.8),
            (BROWN, 0.8),
            (GREEN, 0.8),
            (OLIVE, 0.8),
            (YELLOW, 0.6),
            (ORANGE, 0.6),
            (PURPLE, 0.6),
            (BEIGE, 1.0),
            (TEAL, 0.6),
        ],
        legs: &[
            (DENIM, 3.0),
            (BLACK, 3.0),
            (NAVY, 2.0),
            (DARK_GREY, 1.5),
            (BEIGE, 1.0),
            (BROWN, 0.8),
            (GREY, 1.0),
            (WHITE, 0.5),
            (OLIVE, 0.5),
            (RED, 0.3),
        ],
        patterns: [0.38, 0.08, 0.05, 0.08, 0.12, 0.15, 0.10, 0.04],
        sleeve: (0.3, 1.0),
        hem: (0.46, 0.60),
        shorts: 0.15,
        skirt: 0.12,
        bags: [0.35, 0.33, 0.18, 0.14],
        backgrounds: &[
            ([0.70, 0.70, 0.72], Indoor),
            ([0.30, 0.30, 0.32], Indoor),
            ([0.50, 0.46, 0.40], Brick),
            ([0.42, 0.48, 0.44], Grass),
            ([0.60, 0.56, 0.48], Plaza),
        ],
        background_variation: 0.10,
        tint: [1.0, 1.0, 1.0],
        log_exposure: 0.0,
        contrast: 1.0,
        saturation: 0.95,
        spread: [0.09, 0.12, 0.09, 0.08, 0.11],
        haze: 0.03,
        blur: (0.3, 1.0),
        noise: (0.005, 0.03),
        resolution: (0.6, 1.0),
        scale: (0.74, 0.92),
        occlusion: 0.22,
    }
}
