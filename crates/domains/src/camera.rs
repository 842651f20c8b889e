//! A camera: where it stands and what it does to colours.

use std::f64::consts::TAU;

use rand::Rng;

use super::person::{normal, uniform};
use super::spec::{Background, Colour, DomainSpec};

/// A camera with its place.
#[derive(Debug, Clone)]
pub(super) struct Camera {
    /// Factor of each colour channel.
    pub gain: Colour,
    pub exposure: f32,
    pub gamma: f32,
    pub contrast: f32,
    pub saturation: f32,
    pub haze: f32,
    pub vignette: f32,
    /// Standard deviation of the blur, in pixels.
    pub blur: f32,
    pub noise: f32,
    pub resolution: f32,
    /// Height of a figure as a share of the image.
    pub scale: f32,
    pub shift: [f32; 2],
    /// Angle from which people are seen, in radians.
    pub view: f32,
    pub background: Background,
    /// Below and above the horizon.
    pub background_colours: [Colour; 2],
    pub horizon: f32,
    /// Slope of the light from left to right.
    pub light: f32,
}

impl Camera {
    /// Draws one of the domain's cameras.
    pub fn draw(spec: &DomainSpec, rng: &mut impl Rng) -> Self {
        let [cast, exposure, gamma, contrast, saturation] = spec.spread;
        let cast = [(); 3].map(|()| normal(cast, rng).exp());
        let brightness = (cast[0] * cast[1] * cast[2]).cbrt();
        let (base, background) = spec.backgrounds[rng.random_range(0..spec.backgrounds.len())];
        let below = base.map(|value| (value + normal(spec.background_variation, rng)).clamp(0.05, 0.95));
        let shade = uniform((0.55, 1.35), rng);
        let above = below.map(|value| (value * shade + normal(0.04, rng)).clamp(0.03, 0.97));
        Self {
            gain: std::array::from_fn(|at| cast[at] / brightness * spec.tint[at]),
            exposure: (spec.log_exposure as f32 + normal(exposure, rng)).exp(),
            gamma: normal(gamma, rng).exp(),
            contrast: spec.contrast as f32 * normal(contrast, rng).exp(),
            saturation: spec.saturation as f32 * normal(saturation, rng).exp(),
            haze: normal(spec.haze, rng).abs(),
            vignette: uniform((0.0, 0.20), rng),
            blur: uniform(spec.blur, rng),
            noise: uniform(spec.noise, rng),
            resolution: uniform(spec.resolution, rng),
            scale: uniform(spec.scale, rng),
            shift: [normal(0.02, rng), normal(0.02, rng)],
            view: uniform((0.0, TAU), rng),
            background,
            background_colours: [below, above],
            horizon: uniform((0.15, 0.5), rng),
            light: normal(0.20, rng),
        }
    }
}
