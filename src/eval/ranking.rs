//! What mAP and CMC share: where in the ranked gallery the matches of a query stand.

use crate::error::{InvalidInput, Result};

/// Identities and cameras of a set of images.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Identity of each image; 0 is a distractor like any other identity.
    pub identities: &'a [i64],
    /// Camera of each image.
    pub cameras: &'a [i64],
}

impl Labels<'_> {
    /// Identity and camera of one image.
    pub fn get(&self, at: usize) -> (i64, i64) {
        (self.identities[at], self.cameras[at])
    }

    /// # Errors
    /// Not one identity and one camera for each of `images`.
    pub fn check(&self, images: usize, what: &'static str) -> Result<()> {
        let lengths = (self.identities.len(), self.cameras.len());
        if lengths == (images, images) {
            return Ok(());
        }
        let expected = format!("{images} identities and cameras");
        Err(InvalidInput::Shape { what, expected, found: format!("{} and {}", lengths.0, lengths.1) }.into())
    }
}

/// A match in the ranked gallery of a query, whose own camera's images of the identity are taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Entries before it, nearer ones and, among equal ones, those of a smaller index.
    pub position: usize,
    /// Entries at most as far away, itself included.
    pub within: usize,
}

/// The matches of one query, nearest first. Never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranking {
    /// The matches.
    pub matches: Vec<Match>,
}

/// Ranks the gallery for one query, without sorting it: only what stands before the matches is counted.
///
/// `distances`: one per gallery entry. Entries of the query's identity *and* camera are removed; with `separate_cameras`, all
/// of the query's camera are. None where nothing matches: the query is skipped.
pub fn rank<T: Copy + PartialOrd>(
    distances: &[T],
    (identity, camera): (i64, i64),
    gallery: Labels<'_>,
    separate_cameras: bool,
) -> Option<Ranking> {
    let valid = |at: usize| {
        let other_camera = gallery.cameras[at] != camera;
        other_camera || (gallery.identities[at] != identity && !separate_cameras)
    };
    let is_match = |at: &usize| gallery.identities[*at] == identity && valid(*at);
    let mut matches: Vec<usize> = (0..distances.len()).filter(is_match).collect();
    if matches.is_empty() {
        return None;
    }
    let order = |a: usize, b: usize| {
        let by_distance = distances[a].partial_cmp(&distances[b]);
        by_distance.unwrap_or(std::cmp::Ordering::Equal).then(a.cmp(&b))
    };
    matches.sort_unstable_by(|a, b| order(*a, *b));
    // Between which matches each valid entry stands: one count for the strict order, one with equal distances together.
    let mut before = vec![0; matches.len() + 1];
    let mut within = vec![0; matches.len() + 1];
    for at in (0..distances.len()).filter(|at| valid(*at)) {
        before[matches.partition_point(|place| order(*place, at).is_lt())] += 1;
        within[matches.partition_point(|place| distances[*place] < distances[at])] += 1;
    }
    let mut counts = (0, 0);
    let matches = (0..matches.len())
        .map(|place| {
            counts.0 += before[place];
            counts.1 += within[place];
            // The match itself is counted at its own place.
            Match { position: counts.0 - 1, within: counts.1 }
        })
        .collect();
    Some(Ranking { matches })
}

/// Ranks the gallery for all queries of a distance matrix, row by row; queries without a match are left out.
///
/// # Errors
/// Labels that do not belong to the matrix, or distances that are NaN.
pub fn rank_all(
    distances: &[f64],
    query: Labels<'_>,
    gallery: Labels<'_>,
    separate_cameras: bool,
) -> Result<Vec<Ranking>> {
    let (rows, columns) = (query.identities.len(), gallery.identities.len());
    query.check(rows, "query labels")?;
    gallery.check(columns, "gallery labels")?;
    if distances.len() != rows * columns {
        let expected = format!("{rows} x {columns}");
        let found = format!("{} values", distances.len());
        return Err(InvalidInput::Shape { what: "the distance matrix", expected, found }.into());
    }
    if rows == 0 || columns == 0 {
        return Err(InvalidInput::Empty { what: "the distance matrix" }.into());
    }
    let bad = |row: &[f64]| row.iter().any(|value| value.is_nan());
    let rows_with_nan: Vec<usize> =
        distances.chunks_exact(columns).enumerate().filter(|(_, row)| bad(row)).map(|(at, _)| at).collect();
    if let Some(&row) = rows_with_nan.first() {
        return Err(
            InvalidInput::NotFinite { what: "the distance matrix", row, rows: rows_with_nan.len() }.into()
        );
    }
    let rows = distances.chunks_exact(columns).enumerate();
    Ok(rows.filter_map(|(at, row)| rank(row, query.get(at), gallery, separate_cameras)).collect())
}
