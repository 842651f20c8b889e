//! Ranked lists of a network: the first of the gallery for a few queries, with their images. Every run on a test set has the same queries,
//! chosen before anything is known of them, so that methods can be compared on them.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize};
use image::{Rgb, RgbImage};
use tch::{Kind, Tensor};

use super::domains::{Domain, TestSet};
use crate::data::{ImageSize, ImageStore};
use crate::distance::squared_euclidean;
use crate::error::{Error, Result};
use crate::eval::{QueryPrecision, nearest};
use crate::record::{NetworkName, RANKED_TILES, RankedRecord, SCHEMA_VERSION};

/// Tiles are not higher than this.
const HIGHEST_TILE: usize = 128;
/// Queries that are kept.
const QUERIES: usize = 16;
const QUALITY: u8 = 90;

/// The subject of the lists.
pub(super) struct Ranked<'a> {
    pub domain: &'a Domain,
    /// Of query and gallery, `[N, D]`.
    pub features: [&'a Tensor; 2],
    pub network: NetworkName,
    pub epoch: usize,
}

/// Records and picture.
#[derive(Debug)]
pub(super) struct RankedLists {
    pub records: Vec<RankedRecord>,
    /// A row per query, a tile for the query and for each rank.
    pub jpeg: Vec<u8>,
}

impl RankedLists {
    /// # Errors
    /// An image that cannot be read.
    pub fn new(queries: &[QueryPrecision], of: &Ranked<'_>) -> Result<Self> {
        let chosen = spread(queries);
        let mut sheet = Sheet::new(of.domain.query.images.size(), chosen.len());
        let mut records = Vec::new();
        for (row, query) in chosen.into_iter().enumerate() {
            let record = |set: &TestSet, at: usize, (rank, distance): (usize, f64)| {
                let (identity, camera) = set.labels().get(at);
                let path = set.images.path(at).and_then(|path| path.file_name()).unwrap_or_default();
                RankedRecord {
                    schema: SCHEMA_VERSION,
                    epoch: of.epoch,
                    network: of.network,
                    query: query.query,
                    rank,
                    file: path.to_string_lossy().into_owned(),
                    identity,
                    camera,
                    distance,
                    right: identity == of.domain.query.labels().get(query.query).0,
                    ap: query.average_precision,
                }
            };
            records.push(record(&of.domain.query, query.query, (0, 0.0)));
            sheet.put(&of.domain.query.images, query.query, (row, 0))?;
            for (place, (at, distance)) in gallery_of(of, query.query)?.into_iter().enumerate() {
                records.push(record(&of.domain.gallery, at, (place + 1, distance)));
                sheet.put(&of.domain.gallery.images, at, (row, place + 1))?;
            }
        }
        Ok(Self { records, jpeg: sheet.jpeg()? })
    }
}

/// Queries at equal distances in their order, the first among them; all of few.
fn spread(queries: &[QueryPrecision]) -> Vec<QueryPrecision> {
    let n = queries.len();
    let kept = n.min(QUERIES);
    (0..kept).map(|at| queries[at * n / kept]).collect()
}

/// The nearest images of the gallery, each with its distance.
fn gallery_of(of: &Ranked<'_>, query: usize) -> Result<Vec<(usize, f64)>> {
    let features = of.features[0].narrow(0, query as i64, 1);
    let distances = squared_euclidean(&features, of.features[1]).to_kind(Kind::Float).view(-1);
    let distances = Vec::<f32>::try_from(distances).map_err(Error::torch("cannot read distances"))?;
    let (labels, gallery) = (of.domain.query.labels().get(query), of.domain.gallery.labels());
    let found = nearest(&distances, labels, gallery, RANKED_TILES - 1);
    // Rounding leaves squares of equal features a little below zero.
    Ok(found.into_iter().map(|at| (at, f64::from(distances[at].max(0.0)).sqrt())).collect())
}

/// White where no image is put.
struct Sheet {
    image: RgbImage,
    size: ImageSize,
    tile: (u32, u32),
}

impl Sheet {
    fn new(size: ImageSize, rows: usize) -> Self {
        let height = size.height.min(HIGHEST_TILE);
        let width = (size.width * height / size.height).max(1);
        let tile = (width as u32, height as u32);
        let (columns, rows) = (RANKED_TILES as u32, rows as u32);
        let image = RgbImage::from_pixel(columns * tile.0, rows * tile.1, Rgb([255; 3]));
        Self { image, size, tile }
    }

    fn put(&mut self, images: &ImageStore, at: usize, (row, column): (usize, usize)) -> Result<()> {
        let pixels = images.get(at)?.into_owned();
        let image = RgbImage::from_raw(self.size.width as u32, self.size.height as u32, pixels);
        // The store's images are of its size.
        let Some(image) = image else { return Ok(()) };
        let (width, height) = self.tile;
        let tile = resize(&image, width, height, FilterType::Triangle);
        overlay(&mut self.image, &tile, i64::from(width) * column as i64, i64::from(height) * row as i64);
        Ok(())
    }

    fn jpeg(&self) -> Result<Vec<u8>> {
        let mut bytes = Cursor::new(Vec::new());
        let written = self.image.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY));
        written.map_err(|error| Error::file("ranked lists", error.to_string()))?;
        Ok(bytes.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(n: usize) -> Vec<usize> {
        let entry = |query| QueryPrecision { query, average_precision: 0.5 };
        spread(&(0..n).map(entry).collect::<Vec<_>>()).iter().map(|entry| entry.query).collect()
    }

    #[test]
    fn queries_are_spread_over_the_test_set_whatever_came_of_them() {
        assert_eq!(chosen(3), [0, 1, 2]);
        assert!(chosen(0).is_empty());
        let many = chosen(160);
        assert_eq!((many.len(), many[0], many[1], many[15]), (16, 0, 10, 150));
    }
}
