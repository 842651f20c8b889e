//! D28, the rectangle of random erasing.

use mmt::data::{ImageSize, RandomErasing};
use mmt_reference::data::random_erasing;
use mmt_testkit::tolerance::same;
use mmt_testkit::{Trial, strategies};
use proptest::prelude::*;

/// Enough draws for a hundred attempts: numbers in 0..1.
fn draws() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(0.0..1.0, 203)
}

fn sizes() -> impl Strategy<Value = ImageSize> {
    (2..80_usize, 2..40_usize).prop_map(|(height, width)| ImageSize { height, width })
}

fn corners(erasing: &RandomErasing, size: ImageSize, draws: &[f64]) -> Option<[usize; 4]> {
    let mut next = draws.iter().copied();
    erasing.draw(size, || next.next().unwrap_or(0.0)).map(|r| [r.top, r.left, r.height, r.width])
}

fn reference(erasing: &RandomErasing, size: ImageSize, draws: &[f64]) -> Trial<Option<[usize; 4]>> {
    let settings = random_erasing::Erasing {
        probability: erasing.probability,
        min_area: erasing.min_area,
        max_area: erasing.max_area,
        min_ratio: erasing.min_ratio,
    };
    let mut next = draws.iter().copied();
    let found = random_erasing::rectangle(size.height, size.width, &settings, || next.next().unwrap_or(0.0))?;
    Ok(found.map(|r| [r.top, r.left, r.height, r.width]))
}

proptest! {
    #![proptest_config(strategies::config(256))]

    #[test]
    fn the_rectangle_equals_the_reference(size in sizes(), draws in draws()) {
        let erasing = RandomErasing { probability: 0.9, ..RandomErasing::default() };
        same("D28", &corners(&erasing, size, &draws), &reference(&erasing, size, &draws)?)?;
    }

    #[test]
    fn it_lies_inside_and_is_smaller_than_the_image_both_ways(size in sizes(), draws in draws()) {
        let erasing = RandomErasing { probability: 1.0, ..RandomErasing::default() };
        if let Some([top, left, height, width]) = corners(&erasing, size, &draws) {
            prop_assert!(height < size.height && width < size.width);
            prop_assert!(top + height <= size.height && left + width <= size.width);
        }
    }

    #[test]
    fn its_area_and_ratio_are_within_the_bounds_up_to_rounding(size in sizes(), draws in draws()) {
        let erasing = RandomErasing { probability: 1.0, ..RandomErasing::default() };
        if let Some([_, _, height, width]) = corners(&erasing, size, &draws) {
            let (height, width, all) = (height as f64, width as f64, (size.height * size.width) as f64);
            prop_assert!((height + 0.5) * (width + 0.5) >= erasing.min_area * all);
            prop_assert!((height - 0.5).max(0.0) * (width - 0.5).max(0.0) <= erasing.max_area * all);
            prop_assert!((height + 0.5) / (width - 0.5).max(1e-9) >= erasing.min_ratio);
        }
    }

    #[test]
    fn nothing_is_erased_from_the_probability_on(size in sizes(), probability in 0.0..1.0) {
        let erasing = RandomErasing { probability, ..RandomErasing::default() };
        prop_assert_eq!(corners(&erasing, size, &[probability, 0.5, 0.5, 0.5, 0.5]), None);
    }

    #[test]
    fn only_the_rectangle_changes_and_it_holds_the_values_as_they_are(size in sizes(), draws in draws()) {
        let erasing = RandomErasing { probability: 1.0, ..RandomErasing::default() };
        let mut next = draws.iter().copied();
        let Some(r) = erasing.draw(size, || next.next().unwrap_or(0.0)) else { return Ok(()) };
        let mut image = vec![9.0; size.values()];
        erasing.erase(&mut image, size, r);
        for (place, &value) in image.iter().enumerate() {
            let (channel, y, x) = (place / (size.height * size.width), place / size.width % size.height, place % size.width);
            let inside = (r.top..r.top + r.height).contains(&y) && (r.left..r.left + r.width).contains(&x);
            prop_assert_eq!(value, if inside { erasing.value[channel] } else { 9.0 });
        }
    }
}
