//! Queries and gallery, as D16 and D17 get them.

use mmt_reference::eval::ranking::{Entry, Labels, Ranking, Removed};
use mmt_reference::{InvalidInput, Matrix, Result};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::definition::{Input, real, whole};
use crate::generate::Split;
use crate::value::Inputs;

/// The inputs that both share.
pub(super) const DISTANCES: Input =
    real("distances", &["Q", "G"], "distances of the gallery from each query");
pub(super) const QUERY_IDENTITIES: Input = whole("query_identities", &["Q"], "identity of each query");
pub(super) const QUERY_CAMERAS: Input = whole("query_cameras", &["Q"], "camera of each query");
pub(super) const GALLERY_IDENTITIES: Input =
    whole("gallery_identities", &["G"], "identity of each gallery image, 0 for distractors");
pub(super) const GALLERY_CAMERAS: Input = whole("gallery_cameras", &["G"], "camera of each gallery image");

/// A case of both.
pub(super) struct Case {
    pub distances: Matrix,
    pub query: [Vec<i64>; 2],
    pub gallery: [Vec<i64>; 2],
}

impl Case {
    pub fn of(inputs: &Inputs) -> Result<Self> {
        Ok(Self {
            distances: inputs.matrix("distances")?,
            query: [inputs.integers("query_identities")?, inputs.integers("query_cameras")?],
            gallery: [inputs.integers("gallery_identities")?, inputs.integers("gallery_cameras")?],
        })
    }

    /// Labels of queries and gallery.
    pub fn labels(&self) -> [Labels<'_>; 2] {
        [&self.query, &self.gallery]
            .map(|[identities, cameras]| Labels { identities: identities.as_slice(), cameras })
    }

    /// The rankings of all queries that have a match left, or of all queries, with another rule of what is removed.
    pub fn rankings(&self, removed: impl Fn(bool, bool) -> bool) -> Result<Vec<Ranking>> {
        let of_query = |i: usize| {
            let entry = |j: usize| {
                let is_match = self.query[0][i] == self.gallery[0][j];
                let same_camera = self.query[1][i] == self.gallery[1][j];
                (!removed(is_match, same_camera))
                    .then_some(Entry { distance: self.distances[(i, j)], is_match })
            };
            let mut ranking: Ranking = (0..self.distances.columns()).filter_map(entry).collect();
            ranking.sort_by(|a, b| a.distance.total_cmp(&b.distance));
            ranking
        };
        let rankings: Vec<Ranking> = (0..self.distances.rows()).map(of_query).collect();
        if rankings.iter().any(|ranking| ranking.iter().any(|entry| entry.is_match)) {
            return Ok(rankings);
        }
        Err(InvalidInput::NoValidQuery)
    }

    /// Whether two entries of a query's ranking are at the same distance.
    pub fn has_ties(&self, removed: Removed) -> bool {
        let same_camera_only = removed == Removed::SameCamera;
        let removed = |is_match: bool, camera: bool| camera && (is_match || same_camera_only);
        let tied = |ranking: &Ranking| ranking.windows(2).any(|pair| pair[0].distance == pair[1].distance);
        self.rankings(removed).is_ok_and(|rankings| rankings.iter().any(tied))
    }
}

/// Those with a match.
pub(super) fn valid(rankings: Vec<Ranking>) -> Vec<Ranking> {
    rankings.into_iter().filter(|ranking| ranking.iter().any(|entry| entry.is_match)).collect()
}

/// A split, with ties in one case of three.
pub(super) fn generated(rng: &mut ChaCha8Rng) -> Inputs {
    let (queries, gallery, cameras) =
        (rng.random_range(1..7), rng.random_range(2..16), rng.random_range(1..4));
    let ties = rng.random_range(0..3) == 0;
    let split = Split::new(queries, gallery, cameras, ties, rng);
    Inputs::default()
        .with("distances", &split.distances)
        .with("query_identities", split.query_identities.as_slice())
        .with("query_cameras", split.query_cameras.as_slice())
        .with("gallery_identities", split.gallery_identities.as_slice())
        .with("gallery_cameras", split.gallery_cameras.as_slice())
}
