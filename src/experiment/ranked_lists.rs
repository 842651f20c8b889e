//! Ranked lists of a network: the galleries of its worst, its median and its best query, with their images.

use std::io::Cursor;

use image::imageops::{FilterType, overlay, resize};
use image::{ImageFormat, Rgb, RgbImage};
use tch::{Kind, Tensor};

use super::domains::{Domain, TestSet};
use crate::data::{ImageSize, ImageStore};
use crate::distance::squared_euclidean;
use crate::error::{Error, Result};
use crate::eval::{QueryPrecision, nearest};
use crate::record::{Case, RANKED_TILES, RankedRecord, SCHEMA_VERSION};

/// Tiles are not higher than this.
const HIGHEST_TILE: usize = 128;

/// What the lists are of.
pub(super) struct Ranked<'a> {
    pub domain: &'a Domain,
    /// Of query and gallery, `[N, D]`.
    pub features: [&'a Tensor; 2],
    pub network: &'a str,
    pub epoch: usize,
}

/// Records and picture.
#[derive(Debug)]
pub(super) struct RankedLists {
    pub records: Vec<RankedRecord>,
    /// A row per case, a tile for the query and for each rank.
    pub png: Vec<u8>,
}

impl RankedLists {
    /// # Errors
    /// An image that cannot be read.
    pub fn new(queries: &[QueryPrecision], of: &Ranked<'_>) -> Result<Self> {
        let mut sheet = Sheet::new(of.domain.query.images.size());
        let mut records = Vec::new();
        for ((row, case), query) in Case::ALL.into_iter().enumerate().zip(cases(queries)) {
            let record = |set: &TestSet, at: usize, rank: usize| {
                let (identity, camera) = set.labels().get(at);
                let path = set.images.path(at).and_then(|path| path.file_name()).unwrap_or_default();
                RankedRecord {
                    schema: SCHEMA_VERSION,
                    epoch: of.epoch,
                    network: of.network.to_owned(),
                    case,
                    rank,
                    file: path.to_string_lossy().into_owned(),
                    identity,
                    camera,
                    right: identity == of.domain.query.labels().get(query.query).0,
                    ap: query.average_precision,
                }
            };
            records.push(record(&of.domain.query, query.query, 0));
            sheet.put(&of.domain.query.images, query.query, (row, 0))?;
            for (place, at) in gallery_of(of, query.query)?.into_iter().enumerate() {
                records.push(record(&of.domain.gallery, at, place + 1));
                sheet.put(&of.domain.gallery.images, at, (row, place + 1))?;
            }
        }
        Ok(Self { records, png: sheet.png()? })
    }
}

/// The queries of the cases; of equal ones the first.
fn cases(queries: &[QueryPrecision]) -> Vec<QueryPrecision> {
    let mut sorted = queries.to_vec();
    sorted.sort_by(|a, b| a.average_precision.total_cmp(&b.average_precision));
    let Some(best) = sorted.last().map(|entry| entry.average_precision) else { return Vec::new() };
    let first_best = sorted.partition_point(|entry| entry.average_precision < best);
    [0, (sorted.len() - 1) / 2, first_best].map(|at| sorted[at]).to_vec()
}

/// The nearest images of the gallery.
fn gallery_of(of: &Ranked<'_>, query: usize) -> Result<Vec<usize>> {
    let features = of.features[0].narrow(0, query as i64, 1);
    let distances = squared_euclidean(&features, of.features[1]).to_kind(Kind::Float).view(-1);
    let distances = Vec::<f32>::try_from(distances).map_err(Error::torch("cannot read distances"))?;
    Ok(nearest(&distances, of.domain.query.labels().get(query), of.domain.gallery.labels(), RANKED_TILES - 1))
}

/// White where no image is put.
struct Sheet {
    image: RgbImage,
    size: ImageSize,
    tile: (u32, u32),
}

impl Sheet {
    fn new(size: ImageSize) -> Self {
        let height = size.height.min(HIGHEST_TILE);
        let width = (size.width * height / size.height).max(1);
        let tile = (width as u32, height as u32);
        let (columns, rows) = (RANKED_TILES as u32, Case::ALL.len() as u32);
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

    fn png(&self) -> Result<Vec<u8>> {
        let mut bytes = Cursor::new(Vec::new());
        let written = self.image.write_to(&mut bytes, ImageFormat::Png);
        written.map_err(|error| Error::file("ranked lists", error.to_string()))?;
        Ok(bytes.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(precisions: &[f64]) -> Vec<usize> {
        let entry = |(query, &average_precision)| QueryPrecision { query, average_precision };
        let queries: Vec<_> = precisions.iter().enumerate().map(entry).collect();
        cases(&queries).iter().map(|entry| entry.query).collect()
    }

    #[test]
    fn the_worst_the_median_and_the_best_of_equal_ones_the_first() {
        assert_eq!(chosen(&[0.5, 0.1, 0.9, 0.3, 0.7]), [1, 0, 2]);
        assert_eq!(chosen(&[1.0, 0.0, 0.0, 1.0]), [1, 2, 0]);
        assert_eq!(chosen(&[0.4]), [0, 0, 0]);
        assert!(chosen(&[]).is_empty());
    }
}
