//! A person: body, clothes, bag.

use rand::Rng;
use rand::distr::weighted::WeightedIndex;
use rand_distr::{Distribution, Normal};

use super::spec::{BAGS, Colour, DomainSpec, HAIR, Range, SHOES, SKIN, Weighted};

/// Standard deviation by which every garment's colour differs from the named one.
const COLOUR_JITTER: f64 = 0.035;
/// L1 difference that the two colours of a torso must have.
const CONTRASTING: f32 = 0.5;
/// Draws of a second colour before the last one is taken as it is.
const ATTEMPTS: usize = 20;

/// Pattern of the torso.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pattern {
    Plain,
    HorizontalStripes,
    VerticalStripes,
    Check,
    Block,
    OpenJacket,
    Logo,
    Diagonal,
}

impl Pattern {
    const ALL: [Self; 8] = [
        Self::Plain,
        Self::HorizontalStripes,
        Self::VerticalStripes,
        Self::Check,
        Self::Block,
        Self::OpenJacket,
        Self::Logo,
        Self::Diagonal,
    ];

    /// Sleeves show it, too.
    pub fn is_woven(self) -> bool {
        matches!(self, Self::HorizontalStripes | Self::Check | Self::Diagonal)
    }
}

/// The covering of the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    ShortHair,
    LongHair,
    Hat,
}

/// The covering of the legs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Legs {
    Trousers,
    Shorts,
    Skirt,
}

/// The bag that is carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bag {
    None,
    Backpack,
    Shoulder,
    Hand,
}

/// A person. Lengths are shares of the figure's height.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub skin: Colour,
    pub hair: Colour,
    pub head: Head,
    pub hat: Colour,
    pub build: f32,
    pub height: f32,
    pub torso: [Colour; 2],
    pub pattern: Pattern,
    pub period: f32,
    pub split: f32,
    pub sleeve: f32,
    pub hem: f32,
    pub legs: Legs,
    pub leg_length: f32,
    pub leg_colour: Colour,
    pub shoes: Colour,
    pub bag: Bag,
    pub bag_colour: Colour,
    /// 1 or −1.
    pub bag_side: f32,
    pub bag_size: f32,
}

impl Person {
    /// Draws somebody who dresses as people do in this domain.
    pub fn draw(spec: &DomainSpec, rng: &mut impl Rng) -> Self {
        let torso = contrasting(spec.torso, rng);
        let r: f64 = rng.random();
        let legs = if r < spec.shorts {
            Legs::Shorts
        } else if r < spec.shorts + spec.skirt {
            Legs::Skirt
        } else {
            Legs::Trousers
        };
        Self {
            skin: plain(SKIN, rng),
            hair: plain(HAIR, rng),
            head: [Head::ShortHair, Head::LongHair, Head::Hat][weighted(&[0.5, 0.35, 0.15], rng)],
            hat: pick(spec.torso, rng),
            build: uniform((0.82, 1.22), rng),
            height: uniform((0.92, 1.04), rng),
            torso,
            pattern: Pattern::ALL[weighted(&spec.patterns, rng)],
            period: uniform((0.07, 0.14), rng),
            split: uniform((0.28, 0.38), rng),
            sleeve: uniform(spec.sleeve, rng),
            hem: uniform(spec.hem, rng),
            legs,
            leg_length: uniform((0.60, 0.74), rng),
            leg_colour: pick(spec.legs, rng),
            shoes: pick(SHOES, rng),
            bag: [Bag::None, Bag::Backpack, Bag::Shoulder, Bag::Hand][weighted(&spec.bags, rng)],
            bag_colour: pick(BAGS, rng),
            bag_side: if rng.random() { 1.0 } else { -1.0 },
            bag_size: uniform((0.8, 1.2), rng),
        }
    }
}

fn contrasting(colours: Weighted, rng: &mut impl Rng) -> [Colour; 2] {
    let first = pick(colours, rng);
    let mut second = pick(colours, rng);
    for _ in 1..ATTEMPTS {
        let difference: f32 = first.iter().zip(second).map(|(a, b)| (a - b).abs()).sum();
        if difference > CONTRASTING {
            break;
        }
        second = pick(colours, rng);
    }
    [first, second]
}

/// One of the colours as it is.
fn plain(colours: Weighted, rng: &mut impl Rng) -> Colour {
    let weights: Vec<f64> = colours.iter().map(|(_, weight)| *weight).collect();
    colours[weighted(&weights, rng)].0
}

/// One of the colours, slightly off.
fn pick(colours: Weighted, rng: &mut impl Rng) -> Colour {
    plain(colours, rng).map(|value| (value + normal(COLOUR_JITTER, rng)).clamp(0.02, 0.98))
}

/// An index drawn by weight. Weights are constants of this room: positive and finite.
pub(super) fn weighted(weights: &[f64], rng: &mut impl Rng) -> usize {
    WeightedIndex::new(weights).map_or(0, |distribution| distribution.sample(rng))
}

pub(super) fn uniform((low, high): Range, rng: &mut impl Rng) -> f32 {
    rng.random_range(low..=high) as f32
}

/// A normal draw of mean 0.
pub(super) fn normal(deviation: f64, rng: &mut impl Rng) -> f32 {
    Normal::new(0.0, deviation).map_or(0.0, |distribution| distribution.sample(rng)) as f32
}
