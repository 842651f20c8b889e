//! Query and gallery, as the evaluation gets them.

use mmt_reference::Matrix;
use rand::Rng;

use super::matrices::single;

/// Distances between queries and gallery, with identities and cameras; identity 0 is a distractor.
#[derive(Debug, Clone)]
pub struct Split {
    /// `[Q, G]`
    pub distances: Matrix,
    /// One per query.
    pub query_identities: Vec<i64>,
    /// One per gallery entry.
    pub gallery_identities: Vec<i64>,
    /// One per query.
    pub query_cameras: Vec<i64>,
    /// One per gallery entry.
    pub gallery_cameras: Vec<i64>,
}

impl Split {
    /// A split in which distances are all different (`ties` false) or 16ths with many ties. Identities are few, so
    /// that most queries have matches, and some only under their own camera.
    pub fn new(queries: usize, gallery: usize, cameras: i64, ties: bool, rng: &mut impl Rng) -> Self {
        let identities = (gallery as i64 / 4).max(2);
        let query_identities: Vec<i64> = (0..queries).map(|_| rng.random_range(1..=identities)).collect();
        let gallery_identities: Vec<i64> = (0..gallery).map(|_| rng.random_range(0..=identities)).collect();
        let distances = Matrix::from_fn(queries, gallery, |i, j| {
            let bonus = if query_identities[i] == gallery_identities[j] { 0.25 } else { 0.0 };
            if ties {
                f64::from(rng.random_range(4..16)) / 16.0 - bonus
            } else {
                single(rng.random_range(0.25..1.0)) - bonus
            }
        });
        let mut camera = |count| (0..count).map(|_| rng.random_range(0..cameras)).collect();
        let (query_cameras, gallery_cameras) = (camera(queries), camera(gallery));
        Self { distances, query_identities, gallery_identities, query_cameras, gallery_cameras }
    }

    /// True where gallery entry `j` is a valid match of query `i`: same identity, other camera.
    pub fn matches(&self, i: usize, j: usize) -> bool {
        self.query_identities[i] == self.gallery_identities[j]
            && self.query_cameras[i] != self.gallery_cameras[j]
    }

    /// True where gallery entry `j` is left out for query `i`: same identity and camera.
    pub fn is_junk(&self, i: usize, j: usize) -> bool {
        self.query_identities[i] == self.gallery_identities[j]
            && self.query_cameras[i] == self.gallery_cameras[j]
    }

    /// True where at least one query has a valid match.
    pub fn has_valid_query(&self) -> bool {
        let gallery = self.gallery_identities.len();
        (0..self.query_identities.len()).any(|i| (0..gallery).any(|j| self.matches(i, j)))
    }
}
