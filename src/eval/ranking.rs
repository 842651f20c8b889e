//! The common part of mAP and CMC: where in the ranked gallery the matches of a query stand.

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

/// Ranks the gallery for one query, without sorting it: what stands before each match is counted, in time O(matches × gallery)
/// of comparisons that processors make several at once.
///
/// `distances`: one per gallery entry. Entries of the query's identity *and* camera are removed; with `separate_cameras`, all
/// of the query's camera are. None where nothing matches: the query is skipped.
pub fn rank<T: Copy + PartialOrd>(
    distances: &[T],
    (identity, camera): (i64, i64),
    gallery: Labels<'_>,
    separate_cameras: bool,
) -> Option<Ranking> {
    let is_removed = |at: &usize| {
        gallery.cameras[*at] == camera && (separate_cameras || gallery.identities[*at] == identity)
    };
    let is_match = |at: &usize| gallery.identities[*at] == identity && !is_removed(at);
    let mut matches: Vec<usize> = (0..distances.len()).filter(is_match).collect();
    if matches.is_empty() {
        return None;
    }
    matches.sort_by(|a, b| distances[*a].partial_cmp(&distances[*b]).unwrap_or(std::cmp::Ordering::Equal));
    let removed: Vec<T> = (0..distances.len()).filter(is_removed).map(|at| distances[at]).collect();
    let place = |&at: &usize| {
        let (all, out) = (count(distances, distances[at]), count(&removed, distances[at]));
        let (nearer, within) = (all.nearer - out.nearer, all.within - out.within);
        let earlier = |other: &usize| distances[*other] == distances[at] && !is_removed(other);
        // The match itself is within its own distance.
        let ties = if within - nearer > 1 { (0..at).filter(earlier).count() } else { 0 };
        Match { position: nearer + ties, within }
    };
    Some(Ranking { matches: matches.iter().map(place).collect() })
}

/// The first `count` entries of the ranked gallery of one query, nearest first, those at equal distance in the order of the gallery:
/// what [`rank`] counts, as a list. Entries of the query's identity and camera are left out; the list is shorter where the gallery is.
pub fn nearest<T: Copy + PartialOrd>(
    distances: &[T],
    query: (i64, i64),
    gallery: Labels<'_>,
    count: usize,
) -> Vec<usize> {
    let mut order: Vec<usize> = (0..distances.len()).filter(|at| gallery.get(*at) != query).collect();
    order.sort_by(|a, b| distances[*a].partial_cmp(&distances[*b]).unwrap_or(std::cmp::Ordering::Equal));
    order.truncate(count);
    order
}

/// How many of some distances are smaller than one, and how many are not larger.
struct Count {
    nearer: usize,
    within: usize,
}

fn count<T: Copy + PartialOrd>(distances: &[T], limit: T) -> Count {
    // Wrapping sums of 32 bits, because checked or wider ones keep the compiler from comparing several at once.
    let add = |(nearer, within): (u32, u32), &distance: &T| {
        (nearer.wrapping_add(u32::from(distance < limit)), within.wrapping_add(u32::from(distance <= limit)))
    };
    let (nearer, within) = distances.iter().fold((0, 0), add);
    Count { nearer: nearer as usize, within: within as usize }
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
