//! A contact sheet: the same persons under the same cameras, to see what a built-in domain looks like.

use image::RgbImage;
use image::imageops::overlay;
use mmt_vocabulary::DatasetName;
use mmt_vocabulary::error::Result;
use mmt_vocabulary::random::stream;

use super::render::{Walk, render};
use super::shots::Domain;
use super::{DomainSettings, HEIGHT, WIDTH};

/// The first `persons` of a domain, a row each, under its first `cameras`, tiles of [`WIDTH`] × [`HEIGHT`] pixels without gaps; fewer
/// where the domain has fewer.
///
/// # Errors
/// Settings out of range, or too small for a gallery.
pub fn sheet(
    dataset: DatasetName,
    settings: &DomainSettings,
    persons: usize,
    cameras: usize,
) -> Result<RgbImage> {
    settings.check()?;
    let domain = Domain::draw(dataset, settings)?;
    let (persons, cameras) = (persons.min(domain.people.len()), cameras.min(domain.cameras.len()));
    let mut image = RgbImage::new((cameras * WIDTH) as u32, (persons * HEIGHT) as u32);
    for (row, person) in domain.people[..persons].iter().enumerate() {
        for (column, camera) in domain.cameras[..cameras].iter().enumerate() {
            let mut rng =
                stream(settings.seed, &format!("synthetic/{dataset}/sheet"), row as u64, column as u64);
            let walk = Walk::draw(&mut rng);
            let pixels = render(&domain.spec, (person, camera, walk), &mut rng);
            if let Some(tile) = RgbImage::from_raw(WIDTH as u32, HEIGHT as u32, pixels) {
                overlay(&mut image, &tile, (column * WIDTH) as i64, (row * HEIGHT) as i64);
            }
        }
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_a_tile_for_each_person_and_camera() {
        let draw = |dataset, seed| {
            sheet(dataset, &DomainSettings { seed, ..DomainSettings::default() }, 3, 8).unwrap()
        };
        let duke = draw(DatasetName::DukeMtmc, 1);
        assert_eq!(duke.dimensions(), (8 * 32, 3 * 64));
        assert_eq!(
            draw(DatasetName::Market1501, 1).dimensions(),
            (6 * 32, 3 * 64),
            "Market-1501 has six cameras"
        );
        assert_eq!(duke, draw(DatasetName::DukeMtmc, 1));
        assert_ne!(duke, draw(DatasetName::DukeMtmc, 2));
        let corner = |column: u32, row: u32| *duke.get_pixel(column * 32 + 16, row * 64 + 32);
        assert!((1..8).any(|column| corner(column, 0) != corner(0, 0)), "tiles differ");
    }
}
