//! The common part of mAP (D16) and CMC (D17): the ranked gallery of each query, by the Market-1501 protocol.

use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// Identities and cameras of the queries, or of the gallery.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// Identity of each image. A distractor (0) is an identity like any other.
    pub identities: &'a [i64],
    /// Camera of each image.
    pub cameras: &'a [i64],
}

/// Which gallery entries a query does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// Those of its identity *and* camera (Market-1501 protocol).
    SameIdentityAndCamera,
    /// All of its camera (published `separate_camera_set`).
    SameCamera,
}

/// A gallery entry as a query sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// Its distance from the query.
    pub distance: f64,
    /// Whether it shows the query's identity.
    pub is_match: bool,
}

/// The gallery entries of one query that are not removed, nearest first; equal distances in the order of the gallery. At
/// least one is a match.
pub type Ranking = Vec<Entry>;

/// The rankings of all queries that have a match left, in the order of the queries (D16, D17). `distances: [Q, G]`.
///
/// Source: published `mean_ap` and `cmc`, which skip queries without a match alike.
///
/// # Errors
/// No query or gallery, distances that are not finite, labels that do not belong to the matrix, or
/// [`InvalidInput::NoValidQuery`].
pub fn rankings(
    distances: &Matrix,
    query: Labels<'_>,
    gallery: Labels<'_>,
    removed: Removed,
) -> Result<Vec<Ranking>> {
    check::filled(distances, "distances")?;
    check::length(query.identities.len(), distances.rows(), "query identities")?;
    check::length(query.cameras.len(), distances.rows(), "query cameras")?;
    check::length(gallery.identities.len(), distances.columns(), "gallery identities")?;
    check::length(gallery.cameras.len(), distances.columns(), "gallery cameras")?;
    let mut rankings = Vec::new();
    for i in 0..distances.rows() {
        let ranking = rank(distances.row(i), (query.identities[i], query.cameras[i]), gallery, removed);
        if ranking.iter().any(|entry| entry.is_match) {
            rankings.push(ranking);
        }
    }
    if rankings.is_empty() {
        return Err(InvalidInput::NoValidQuery);
    }
    Ok(rankings)
}

fn rank(distances: &[f64], (identity, camera): (i64, i64), gallery: Labels<'_>, removed: Removed) -> Ranking {
    let mut ranking = Vec::new();
    for (j, &distance) in distances.iter().enumerate() {
        let is_match = gallery.identities[j] == identity;
        let same_camera = gallery.cameras[j] == camera;
        let is_removed = match removed {
            Removed::SameIdentityAndCamera => is_match && same_camera,
            Removed::SameCamera => same_camera,
        };
        if !is_removed {
            ranking.push(Entry { distance, is_match });
        }
    }
    // A stable sort: equal distances stay in the order of the gallery.
    ranking.sort_by(|a, b| a.distance.partial_cmp(&b.distance).unwrap_or(std::cmp::Ordering::Equal));
    ranking
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: Labels = Labels { identities: &[1], cameras: &[0] };
    const GALLERY: Labels = Labels { identities: &[2, 1, 1, 2, 0], cameras: &[1, 0, 1, 0, 1] };

    fn line(removed: Removed) -> Vec<(f64, bool)> {
        let distances = Matrix::new(1, 5, vec![0.5, 0.1, 0.3, 0.3, 0.2]).unwrap();
        let rankings = rankings(&distances, QUERY, GALLERY, removed).unwrap();
        rankings[0].iter().map(|entry| (entry.distance, entry.is_match)).collect()
    }

    #[test]
    fn the_identity_under_the_own_camera_is_removed_and_equal_distances_keep_their_order() {
        let expected = [(0.2, false), (0.3, true), (0.3, false), (0.5, false)];
        assert_eq!(line(Removed::SameIdentityAndCamera), expected);
        assert_eq!(line(Removed::SameCamera), [(0.2, false), (0.3, true), (0.5, false)]);
    }

    #[test]
    fn queries_without_a_match_are_skipped() {
        let distances = Matrix::zeros(3, 5);
        let query = Labels { identities: &[7, 1, 0], cameras: &[0, 0, 1] };
        let found = rankings(&distances, query, GALLERY, Removed::SameIdentityAndCamera).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].len(), 4);
    }

    #[test]
    fn what_cannot_be_ranked_is_refused() {
        let rank = |distances: Matrix, query| {
            rankings(&distances, query, GALLERY, Removed::SameIdentityAndCamera).map(|_| ())
        };
        let nobody = Labels { identities: &[9], cameras: &[0] };
        assert_eq!(rank(Matrix::zeros(1, 5), nobody), Err(InvalidInput::NoValidQuery));
        assert!(rank(Matrix::zeros(0, 5), QUERY).is_err());
        assert!(rank(Matrix::zeros(2, 5), QUERY).is_err());
        assert!(rank(Matrix::zeros(1, 4), QUERY).is_err());
        assert!(rank(Matrix::zeros(1, 5), Labels { identities: &[1], cameras: &[] }).is_err());
        assert!(rank(Matrix::from_fn(1, 5, |_, _| f64::NAN), QUERY).is_err());
    }
}
