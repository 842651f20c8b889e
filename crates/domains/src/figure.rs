//! A person on the canvas, from back to front. u runs across the figure and v down it, in figure heights.

use std::f32::consts::TAU;

use super::canvas::{Canvas, figure_edge as edge};
use super::person::{Bag, Head, Legs, Pattern, Person};
use super::spec::Colour;

/// Where a figure stands and how it is turned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pose {
    /// Horizontal centre, in image heights.
    pub centre: f32,
    /// Top of the head, in image heights.
    pub top: f32,
    /// Height, in image heights.
    pub height: f32,
    /// Angle of view: 0 from the front.
    pub angle: f32,
    /// Step of the legs.
    pub stride: f32,
    /// Swing of the arms.
    pub swing: f32,
}

/// Draws one figure.
pub(super) struct Figure<'a> {
    canvas: &'a mut Canvas,
    person: &'a Person,
    pose: Pose,
    cos: f32,
    sin: f32,
    /// Width factor: narrower from the side.
    width: f32,
    side: f32,
    front: f32,
    back: f32,
}

impl<'a> Figure<'a> {
    pub fn new(canvas: &'a mut Canvas, person: &'a Person, pose: Pose) -> Self {
        let (sin, cos) = pose.angle.sin_cos();
        Self {
            canvas,
            person,
            pose,
            cos,
            sin,
            width: person.build * (0.66 + 0.34 * cos.abs()),
            side: sin.abs(),
            front: (0.5 + cos * 2.0).clamp(0.0, 1.0),
            back: (0.5 - cos * 2.0).clamp(0.0, 1.0),
        }
    }

    pub fn draw(mut self) {
        self.long_hair();
        for side in [-1.0, 1.0] {
            self.leg(side);
        }
        self.hips();
        self.torso();
        for side in [-1.0, 1.0] {
            self.arm(side);
        }
        match self.person.bag {
            Bag::None => {}
            Bag::Backpack => self.backpack(),
            Bag::Shoulder => self.shoulder_bag(),
            Bag::Hand => self.hand_bag(),
        }
        self.head();
    }

    /// Lays `colour` on with the opacity `mask(u, v)`.
    fn put(&mut self, colour: Colour, mask: impl Fn(f32, f32) -> f32) {
        let Pose { centre, top, height, .. } = self.pose;
        self.canvas.put(colour, |x, y| mask((x - centre) / height, (y - top) / height));
    }

    fn long_hair(&mut self) {
        if self.person.head == Head::LongHair {
            let half = 0.06 * self.person.build.sqrt();
            self.put(self.person.hair, |u, v| edge(half - u.abs()) * edge(v - 0.05) * edge(0.215 - v));
        }
    }

    fn leg(&mut self, side: f32) {
        let Person { build, skin, leg_colour, shoes, legs, leg_length, .. } = *self.person;
        let separation = 0.048 * self.width * (1.0 - 0.6 * self.side);
        let stride = self.pose.stride * (0.4 + 0.6 * self.side);
        let centre = move |v: f32| side * separation + side * stride * ((v - 0.48) / 0.45).clamp(0.0, 1.0);
        let mask = move |u: f32, v: f32| edge(0.040 * build - (u - centre(v)).abs()) * edge(v - 0.46);
        let covered = match legs {
            Legs::Trousers => 0.95,
            Legs::Shorts => leg_length,
            Legs::Skirt => 0.47,
        };
        self.put(skin, |u, v| mask(u, v) * edge(0.95 - v));
        self.put(leg_colour, |u, v| mask(u, v) * edge(covered - v));
        let toe = 0.012 * self.sin;
        self.put(shoes, |u, v| {
            edge(0.046 * build - (u - centre(v) - toe).abs()) * edge(v - 0.93) * edge(1.0 - v)
        });
    }

    fn hips(&mut self) {
        let Person { leg_colour, leg_length, legs, .. } = *self.person;
        let width = self.width;
        if legs == Legs::Skirt {
            self.put(leg_colour, |u, v| {
                edge(0.075 * width + (v - 0.46) * 0.22 - u.abs()) * edge(v - 0.45) * edge(leg_length - v)
            });
        }
        self.put(leg_colour, |u, v| edge(0.088 * width - u.abs()) * edge(v - 0.44) * edge(0.53 - v));
    }

    /// Coverage by the torso.
    fn torso_mask(&self) -> impl Fn(f32, f32) -> f32 + use<> {
        let (width, hem) = (self.width, self.person.hem);
        move |u, v| {
            let half = (0.098 + 0.012 * (1.0 - (v - 0.17) / 0.1).clamp(0.0, 1.0)) * width;
            edge(half - u.abs()) * edge(v - 0.165) * edge(hem - v)
        }
    }

    /// Share of the second colour in the torso's pattern.
    fn pattern_mask(&self) -> impl Fn(f32, f32) -> f32 + use<> {
        let Person { pattern, period, split, .. } = *self.person;
        let (width, sin, front) = (self.width, self.sin, self.front);
        move |u, v| {
            let across = u / width;
            match pattern {
                Pattern::Plain => 0.0,
                Pattern::HorizontalStripes => stripes(v / period),
                Pattern::VerticalStripes => stripes(across / period * 1.3),
                Pattern::Check => stripes(v / period) * 0.6 + stripes(across / period) * 0.4,
                Pattern::Block => edge(v - split),
                Pattern::OpenJacket => edge(0.032 - (across - 0.03 * sin).abs()) * front,
                Pattern::Logo => {
                    edge(0.045 - (across - 0.03 * sin).abs()) * edge(v - 0.23) * edge(0.33 - v) * front
                }
                Pattern::Diagonal => stripes((v + across) / period),
            }
        }
    }

    fn torso(&mut self) {
        let [first, second] = self.person.torso;
        let (torso, pattern) = (self.torso_mask(), self.pattern_mask());
        self.put(first, &torso);
        self.put(second, |u, v| torso(u, v) * pattern(u, v));
    }

    fn arm(&mut self, side: f32) {
        let Person { build, skin, torso: [first, second], pattern, sleeve, .. } = *self.person;
        let out = 0.118 * self.width * (1.0 - 0.75 * self.side);
        let swing = self.pose.swing * self.side * 2.0;
        let end = (0.19 + sleeve * 0.33).min(0.52);
        let mask = move |u: f32, v: f32| {
            let centre = side * out + side * swing * ((v - 0.2) / 0.3).clamp(0.0, 1.0);
            edge(0.027 * build - (u - centre).abs()) * edge(v - 0.185)
        };
        self.put(skin, |u, v| mask(u, v) * edge(0.54 - v));
        self.put(first.map(|value| value * 0.93), |u, v| mask(u, v) * edge(end - v));
        if pattern.is_woven() {
            let woven = self.pattern_mask();
            self.put(second.map(|value| value * 0.93), |u, v| mask(u, v) * edge(end - v) * woven(u, v));
        }
    }

    fn backpack(&mut self) {
        let Person { build, bag_colour, bag_size, .. } = *self.person;
        let (width, back, front, side) = (self.width, self.back, self.front, self.side);
        self.put(bag_colour, |u, v| {
            edge(0.078 * bag_size * build - u.abs())
                * edge(v - 0.20)
                * edge(0.20 + 0.22 * bag_size - v)
                * back
        });
        if side > 0.5 {
            let behind = self.sin.signum() * 0.12 * width;
            self.put(bag_colour, |u, v| {
                edge(0.05 * bag_size - (u + behind).abs()) * edge(v - 0.20) * edge(0.20 + 0.21 * bag_size - v)
            });
        }
        if side < 0.8 {
            self.put(bag_colour, |u, v| {
                edge(0.013 - ((u / width).abs() - 0.06).abs()) * edge(v - 0.17) * edge(0.36 - v) * front
            });
        }
    }

    fn shoulder_bag(&mut self) {
        let Person { bag_colour, bag_size, .. } = *self.person;
        let (width, bag_side) = (self.width, self.bag_side());
        let torso = self.torso_mask();
        self.put(bag_colour.map(|value| value * 0.8), |u, v| {
            edge(0.014 - (u / width * bag_side + 0.10 - (v - 0.17) * 0.7).abs()) * torso(u, v)
        });
        self.put(bag_colour, |u, v| {
            edge(0.055 * bag_size - (u - bag_side * 0.10 * width).abs())
                * edge(v - 0.42)
                * edge(0.42 + 0.13 * bag_size - v)
        });
    }

    fn hand_bag(&mut self) {
        let Person { bag_colour, bag_size, .. } = *self.person;
        let centre = self.bag_side() * 0.135 * self.width;
        self.put(bag_colour, |u, v| {
            edge(0.048 * bag_size - (u - centre).abs()) * edge(v - 0.50) * edge(0.50 + 0.12 * bag_size - v)
        });
    }

    /// The side of the image on which the bag hangs.
    fn bag_side(&self) -> f32 {
        self.person.bag_side * self.cos.signum()
    }

    fn head(&mut self) {
        let Person { build, skin, hair, hat, head, .. } = *self.person;
        let half = 0.052 * build.powf(0.3);
        let radius = move |u: f32, v: f32| (u / half).powi(2) + ((v - 0.085) / 0.082).powi(2);
        let face = move |u: f32, v: f32| ((1.0 - radius(u, v)) * 6.0 + 0.5).clamp(0.0, 1.0);
        self.put(skin, |u, v| edge(0.025 - u.abs()) * edge(v - 0.13) * edge(0.19 - v));
        self.put(skin, face);
        let (from_front, turned, towards) = (self.cos > 0.0, self.side > 0.4, self.sin.signum());
        self.put(hair, |u, v| {
            let top = if from_front { edge(0.055 - v) } else { 1.0 };
            let behind = if turned { edge(-u * towards) } else { 0.0 };
            face(u, v) * top.max(behind)
        });
        if head == Head::Hat {
            self.put(hat, |u, v| ((1.15 - radius(u, v)) * 6.0 + 0.5).clamp(0.0, 1.0) * edge(0.06 - v));
        }
    }
}

/// Stripes of period 1, with soft edges.
fn stripes(t: f32) -> f32 {
    (0.5 + 4.0 * (TAU * t).sin()).clamp(0.0, 1.0)
}
