//! D25, D26: tables and images that do not fit are a typed error, of the same variant in both implementations.

use mmt::data::{DecodedImage, GallerySampler, ImageSize};
use mmt_reference::data as slow;
use mmt_testkit::{Trial, strategies};
use proptest::prelude::*;

use crate::side::both_refuse;

fn sampler(expected: &str, labels: &[Option<usize>], cameras: &[usize], instances: usize) -> Trial {
    let reference = slow::sampler::pick(labels, cameras, instances, 0);
    both_refuse(expected, reference, GallerySampler::new(labels, cameras, instances))
}

fn resize(expected: &str, from: ImageSize, to: ImageSize) -> Trial {
    let image = DecodedImage { pixels: vec![7; from.values()], size: from };
    let reference = slow::image::Pixels::new(from.height, from.width, image.pixels.clone())
        .and_then(|pixels| slow::resize::resize(&pixels, to.height, to.width));
    both_refuse(expected, reference, mmt::data::resize::resize(&image, to))
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn a_table_without_one_camera_an_image_is_refused(count in 1..9_usize, more in 1..4_usize) {
        sampler("Shape", &vec![Some(0); count], &vec![0; count + more], 4)?;
    }

    #[test]
    fn an_image_without_height_or_width_cannot_be_resized_or_wanted(side in 1..9_usize, flat: bool) {
        let good = ImageSize { height: side, width: side };
        let none = if flat { ImageSize { height: 0, width: side } } else { ImageSize { height: side, width: 0 } };
        resize("Parameter", good, none)?;
    }
}

#[test]
fn identities_of_no_image_are_refused() -> Trial {
    sampler("Parameter", &[Some(0), Some(0)], &[0, 1], 0)
}
