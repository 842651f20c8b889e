//! The effects of a camera on the scene: light, colour response, haze, vignette, blur and noise.

use rand::Rng;

use super::camera::Camera;
use super::canvas::Canvas;
use super::person::normal;
use super::spec::Colour;
use super::{HEIGHT, WIDTH};

/// Half of the blur's kernel.
const REACH: usize = 4;

/// u8 RGB `[H, W, 3]`.
pub(super) fn expose(mut canvas: Canvas, camera: &Camera, rng: &mut impl Rng) -> Vec<u8> {
    respond(&mut canvas, camera, rng);
    let deviation = (camera.blur.powi(2) + (camera.resolution.powi(-2) - 1.0) * 0.5).sqrt();
    blur(&mut canvas, deviation * normal(0.2, rng).exp());
    let noise = f64::from(camera.noise);
    let mut bytes = Vec::with_capacity(HEIGHT * WIDTH * 3);
    for value in canvas.pixels.iter().flatten() {
        let value = (value + normal(noise, rng)).clamp(0.0, 1.0);
        bytes.push((value * 255.0 + 0.5) as u8);
    }
    bytes
}

fn respond(canvas: &mut Canvas, camera: &Camera, rng: &mut impl Rng) {
    let slope = camera.light + normal(0.08, rng);
    let exposure = camera.exposure * normal(0.08, rng).exp();
    let gain: Colour = camera.gain.map(|gain| gain * normal(0.03, rng).exp() * exposure);
    canvas.change(|x, y, pixel| {
        let lit = pixel.map(|value| (value * (1.0 + slope * x * 4.0)).clamp(0.0, 1.5));
        let luminance = lit.iter().sum::<f32>() / 3.0;
        let vignette = 1.0 - camera.vignette * ((x / 0.25).powi(2) + ((y - 0.5) / 0.5).powi(2)) / 2.0;
        for (channel, value) in pixel.iter_mut().enumerate() {
            let saturated = (luminance + (lit[channel] - luminance) * camera.saturation).max(0.0);
            let exposed = saturated.powf(camera.gamma) * gain[channel];
            let contrasted = (exposed - 0.45) * camera.contrast + 0.45;
            *value = (contrasted * (1.0 - camera.haze) + camera.haze * 0.8) * vignette;
        }
    });
}

/// Separable Gaussian, edges repeated.
fn blur(canvas: &mut Canvas, deviation: f32) {
    let spread = 2.0 * deviation.max(0.15).powi(2);
    let mut kernel: [f32; 2 * REACH + 1] =
        std::array::from_fn(|at| (-(at as f32 - REACH as f32).powi(2) / spread).exp());
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|weight| *weight /= sum);
    pass(canvas, &kernel, |row, column, offset| (shifted(row, offset, HEIGHT), column));
    pass(canvas, &kernel, |row, column, offset| (row, shifted(column, offset, WIDTH)));
}

fn pass(canvas: &mut Canvas, kernel: &[f32], from: impl Fn(usize, usize, usize) -> (usize, usize)) {
    let source = canvas.pixels.clone();
    for (at, pixel) in canvas.pixels.iter_mut().enumerate() {
        *pixel = [0.0; 3];
        for (offset, weight) in kernel.iter().enumerate() {
            let (row, column) = from(at / WIDTH, at % WIDTH, offset);
            for (value, other) in pixel.iter_mut().zip(source[row * WIDTH + column]) {
                *value += weight * other;
            }
        }
    }
}

fn shifted(at: usize, offset: usize, size: usize) -> usize {
    (at + offset).saturating_sub(REACH).min(size - 1)
}
