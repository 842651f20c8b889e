//! One image: background, person, occluder, camera.

use std::f32::consts::PI;

use rand::Rng;

use super::camera::Camera;
use super::canvas::{Canvas, edge};
use super::figure::{Figure, Pose};
use super::optics::expose;
use super::person::{Person, normal, uniform};
use super::spec::{Background, Colour, DomainSpec};
use super::{HEIGHT, WIDTH};

/// How a person walks by a camera: what the images of one person under one camera have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Angle to the camera's usual view, in radians.
    pub angle: f32,
}

impl Walk {
    /// Draws one.
    pub fn draw(rng: &mut impl Rng) -> Self {
        let turned = if rng.random_bool(0.25) { PI } else { 0.0 };
        Self { angle: turned + normal(0.4, rng) }
    }
}

/// Draws `person` as `camera` sees him or her this time: u8 RGB `[H, W, 3]`.
pub(super) fn render(
    spec: &DomainSpec,
    (person, camera, walk): (&Person, &Camera, Walk),
    rng: &mut impl Rng,
) -> Vec<u8> {
    let mut canvas = background(camera, rng);
    clutter(&mut canvas, rng);
    let pose = pose(person, camera, walk, rng);
    Figure::new(&mut canvas, person, pose).draw();
    if rng.random_bool(spec.occlusion) {
        occlude(&mut canvas, rng);
    }
    expose(canvas, camera, rng)
}

fn background(camera: &Camera, rng: &mut impl Rng) -> Canvas {
    let [below, above] = camera.background_colours;
    let mut canvas = Canvas::new(below);
    let horizon = camera.horizon + normal(0.04, rng);
    canvas.put(above, |_, y| edge(horizon - y));
    let (phase, phase_across) = (rng.random::<f32>(), rng.random::<f32>());
    let covers = |holds: bool| if holds { 1.0 } else { 0.0 };
    match camera.background {
        Background::Brick => canvas.put(below.map(|value| value * 0.7), |x, y| {
            let joint =
                (y * 10.0 + phase).rem_euclid(1.0) < 0.12 || (x * 6.0 + phase_across).rem_euclid(1.0) < 0.08;
            covers(joint && y < horizon + 0.25)
        }),
        Background::Indoor => canvas.put(above.map(|value| value * 1.25), |x, y| {
            covers((x * 5.0 + phase).rem_euclid(1.0) < 0.18 && y < horizon + 0.1)
        }),
        Background::Plaza | Background::Grass => {}
    }
    texture(&mut canvas, camera.background, rng);
    canvas
}

/// Coarse blotches, 8 pixels wide.
fn texture(canvas: &mut Canvas, background: Background, rng: &mut impl Rng) {
    const SIDE: usize = 8;
    let strength = if background == Background::Grass { 0.07 } else { 0.02 };
    let blotches: Vec<f32> = (0..HEIGHT / SIDE * WIDTH / SIDE).map(|_| normal(1.0, rng)).collect();
    for (at, pixel) in canvas.pixels.iter_mut().enumerate() {
        let (row, column) = (at / WIDTH / SIDE, at % WIDTH / SIDE);
        let blotch = strength * blotches[row * (WIDTH / SIDE) + column];
        for (value, weight) in pixel.iter_mut().zip([0.6, 1.2, 0.4]) {
            *value += blotch * weight;
        }
    }
}

/// In every second image, a pole or something like a person far off.
fn clutter(canvas: &mut Canvas, rng: &mut impl Rng) {
    let (centre, half) = (uniform((-0.25, 0.25), rng), uniform((0.015, 0.06), rng));
    let (height, colour) = (uniform((0.2, 0.9), rng), any_colour((0.1, 0.85), rng));
    if rng.random_bool(0.5) {
        canvas
            .put(colour, |x, y| edge(half - (x - centre).abs()) * edge(y - (0.75 - height)) * edge(0.95 - y));
    }
}

fn pose(person: &Person, camera: &Camera, walk: Walk, rng: &mut impl Rng) -> Pose {
    let mut height = camera.scale * person.height * normal(0.05, rng).exp();
    let mut centre = camera.shift[0] + normal(0.025, rng);
    let mut middle = 0.5 + camera.shift[1] + normal(0.025, rng);
    // A badly cut-out figure.
    if rng.random_bool(0.08) {
        height *= uniform((0.75, 1.35), rng);
        centre += normal(0.05, rng);
        middle += normal(0.08, rng);
    }
    Pose {
        centre,
        top: middle - height / 2.0,
        height,
        angle: camera.view + walk.angle + normal(0.15, rng),
        stride: uniform((-0.10, 0.10), rng),
        swing: uniform((-0.06, 0.06), rng),
    }
}

/// Something in front: from below, from one side, or a pole.
fn occlude(canvas: &mut Canvas, rng: &mut impl Rng) {
    let colour = any_colour((0.08, 0.8), rng);
    let kind: f64 = rng.random();
    if kind < 0.4 {
        let level = uniform((0.62, 0.85), rng);
        canvas.put(colour, |_, y| edge(y - level));
    } else if kind < 0.75 {
        let (from, top) = (uniform((0.02, 0.14), rng), uniform((0.0, 0.4), rng));
        let side = if rng.random() { 1.0 } else { -1.0 };
        canvas.put(colour, |x, y| edge(x * side - from) * edge(y - top));
    } else {
        let (centre, half) = (uniform((-0.12, 0.12), rng), uniform((0.02, 0.04), rng));
        canvas.put(colour, |x, _| edge(half - (x - centre).abs()));
    }
}

fn any_colour(range: (f64, f64), rng: &mut impl Rng) -> Colour {
    [(); 3].map(|()| uniform(range, rng))
}
