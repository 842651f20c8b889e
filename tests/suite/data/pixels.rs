//! D26 and D27: resize, flip, pad-and-crop, normalisation.

use mmt::data::resize::resize;
use mmt::data::{
    DecodedImage, DeviceTransform, ImageSize, RandomErasing, TrainDraws, TrainTransform, transforms as fast,
};
use mmt::random::stream;
use mmt_reference::data::image::Pixels;
use mmt_reference::data::{resize as reference_resize, transforms as reference};
use mmt_testkit::tolerance::{Quantity, Width, check, same};
use mmt_testkit::{Failure, Trial, devices, generate, on_each_device, strategies};
use proptest::prelude::*;
use rand::Rng;
use tch::{Kind, Tensor};

/// An image of random pixels, some of its rows black or white.
fn images() -> impl Strategy<Value = DecodedImage> {
    (1..60_usize, 1..40_usize, any::<u64>()).prop_map(|(height, width, seed)| {
        let mut rng = generate::rng(seed);
        let pixels = (0..height * width * 3).map(|i| match i / (width * 3) % 5 {
            3 => 0,
            4 => 255,
            _ => rng.random(),
        });
        DecodedImage { pixels: pixels.collect(), size: ImageSize { height, width } }
    })
}

/// Pixels that are black or white: their weighted sums often lie halfway between two grey levels.
fn black_and_white() -> impl Strategy<Value = DecodedImage> {
    images().prop_map(|image| {
        let pixels = image.pixels.iter().map(|value| if *value < 128 { 0 } else { 255 }).collect();
        DecodedImage { pixels, ..image }
    })
}

fn sizes() -> impl Strategy<Value = ImageSize> {
    (1..70_usize, 1..50_usize).prop_map(|(height, width)| ImageSize { height, width })
}

fn pixels(image: &DecodedImage) -> Trial<Pixels> {
    Ok(Pixels::new(image.size.height, image.size.width, image.pixels.clone())?)
}

/// Grey levels as numbers.
fn levels(values: &[u8]) -> Vec<f64> {
    values.iter().map(|&value| f64::from(value)).collect()
}

proptest! {
    #![proptest_config(strategies::config(48))]

    #[test]
    fn bicubic_resize_is_within_one_grey_level_of_the_reference(image in images(), size in sizes()) {
        let ours = resize(&image, size).map_err(Failure::from)?;
        let expected = reference_resize::resize(&pixels(&image)?, size.height, size.width).map_err(Failure::from)?;
        check("D26", Quantity::Value, Width::Double, 1.0, &levels(&ours), &levels(expected.values()))?;
    }

    #[test]
    fn bicubic_resize_rounds_as_the_reference_does(image in black_and_white(), size in sizes()) {
        let ours = resize(&image, size).map_err(Failure::from)?;
        let expected = reference_resize::resize(&pixels(&image)?, size.height, size.width).map_err(Failure::from)?;
        prop_assert_eq!(&ours[..], expected.values());
    }

    #[test]
    fn rows_of_one_colour_each_stay_so_where_only_the_width_changes(image in images(), width in 1..50_usize) {
        // The pass within the columns meets their own length there.
        let ImageSize { height, width: before } = image.size;
        let even = |width: usize| (0..height * width * 3).map(|i| image.pixels[i / (width * 3) * before * 3 + i % 3]).collect::<Vec<_>>();
        let size = ImageSize { height, width };
        let found = resize(&DecodedImage { pixels: even(before), size: image.size }, size).map_err(Failure::from)?.into_owned();
        prop_assert_eq!(found, even(width));
    }

    #[test]
    fn an_even_colour_stays_even(size in sizes(), from in sizes(), grey: u8) {
        let image = DecodedImage { pixels: vec![grey; from.values()], size: from };
        prop_assert!(resize(&image, size).map_err(Failure::from)?.iter().all(|&value| value == grey));
    }

    #[test]
    fn flipping_equals_the_reference_and_twice_is_nothing(image in images()) {
        let once = fast::flip(&image.pixels, image.size);
        let expected = reference::flip(&pixels(&image)?).map_err(Failure::from)?;
        same("D27", &&once[..], &expected.values())?;
        prop_assert_eq!(fast::flip(&once, image.size), image.pixels);
    }

    #[test]
    fn pad_and_crop_equals_the_reference(image in images(), pad in 0..12_usize, top: proptest::sample::Index, left: proptest::sample::Index) {
        let (top, left) = (top.index(2 * pad + 1), left.index(2 * pad + 1));
        let ours = fast::pad_and_crop(&image.pixels, image.size, pad, top, left);
        let expected = reference::pad_and_crop(&pixels(&image)?, pad, top, left).map_err(Failure::from)?;
        same("D27", &&ours[..], &expected.values())?;
    }

    #[test]
    fn cropping_the_centre_of_the_padding_changes_nothing(image in images(), pad in 0..12_usize) {
        prop_assert_eq!(fast::pad_and_crop(&image.pixels, image.size, pad, pad, pad), image.pixels);
    }

    #[test]
    fn normalisation_equals_the_reference(image in images()) {
        let mut ours = vec![0.0; image.size.values()];
        fast::normalize(&image.pixels, &mut ours);
        let expected = reference::normalize(&pixels(&image)?).map_err(Failure::from)?;
        let ours: Vec<f64> = ours.into_iter().map(f64::from).collect();
        check("D27", Quantity::Value, Width::Single, 1.0, &ours, expected.values())?;
    }
}

/// f32 `[3, H, W]` of each image by the transform of the threads, one after the other.
fn by_threads(pixels: &[u8], draws: &[TrainDraws], transform: &TrainTransform) -> Vec<f32> {
    let values = transform.size.values();
    let mut out = vec![0.0; values * draws.len()];
    let images = pixels.chunks_exact(values).zip(out.chunks_exact_mut(values));
    images.zip(draws).for_each(|((pixels, out), draws)| transform.apply(pixels, draws, out));
    out
}

fn values(images: &Tensor) -> Trial<Vec<f32>> {
    Ok(Vec::try_from(images.to_kind(Kind::Float).flatten(0, -1))?)
}

on_each_device! {
    #![proptest_config(strategies::config(32))]

    #[test]
    fn a_device_transforms_as_the_threads_do_to_the_last_bit(image in images(), count in 1..5_usize, pad in 0..12_usize, seed: u64) {
        let size = image.size;
        let erasing = (seed % 3 > 0).then(|| RandomErasing { probability: 0.7, ..RandomErasing::default() });
        let transform = TrainTransform { size, flip_probability: 0.5, pad, erasing };
        // The images of the batch differ: each is turned by another number of bytes.
        let batch: Vec<u8> = (0..count).flat_map(|at| {
            let mut pixels = image.pixels.clone();
            pixels.rotate_left(at % image.pixels.len());
            pixels
        }).collect();
        let draws: Vec<TrainDraws> = (0..count).map(|at| transform.draw(&mut stream(seed, "pixels", 0, at as u64))).collect();
        let on_device = DeviceTransform::of_training(&transform, devices::current()).map_err(Failure::from)?;
        let uploaded = on_device.upload(&batch).map_err(Failure::from)?;
        let found = on_device.apply(&uploaded, &draws).map_err(Failure::from)?;
        prop_assert_eq!(found.size(), [count as i64, 3, size.height as i64, size.width as i64]);
        same("D27", &values(&found)?, &by_threads(&batch, &draws, &transform))?;
        let mut expected = vec![0.0; size.values()];
        fast::normalize(&image.pixels, &mut expected);
        let first = on_device.normalize(&uploaded).map_err(Failure::from)?.narrow(0, 0, 1);
        same("D27", &values(&first)?, &expected)?;
    }
}
