//! D10: k-means by Lloyd's iteration from given centres.

use super::squared_distance;
use crate::check;
use crate::error::{InvalidInput, Result};
use crate::matrix::Matrix;

/// The result of k-means.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeans {
    /// Cluster `0..K` of each row.
    pub labels: Vec<usize>,
    /// Centres `[K, D]`.
    pub centroids: Matrix,
    /// `Σ_i |x_i − c(label_i)|²`.
    pub inertia: f64,
    /// Iterations of Lloyd.
    pub iterations: usize,
}

/// When Lloyd's iteration ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// The squared shift of all centres that counts as none, as a share of the mean variance of the columns.
    pub tolerance: f64,
    /// Iterations at most.
    pub max_iterations: usize,
}

impl Default for Limits {
    /// scikit-learn's, on which the published scripts rely.
    fn default() -> Self {
        Self { tolerance: 1e-4, max_iterations: 300 }
    }
}

/// Lloyd's iteration (D10) of `points: [N, D]` from `centres: [K, D]`, K ≤ N:
/// `label_i = argmin_c |x_i − c|²` (the smallest index among equals), then `c = mean of the x_i with label c`, in turn.
///
/// - It ends when the labels repeat, when `Σ_c |c_new − c_old|² ≤ tolerance · mean over columns of the variance`, or after
///   `max_iterations`. In the last two cases the labels are assigned once more, to the final centres.
/// - Empty clusters: after the assignment, the points farthest from their own centre (the smallest index among equals) become
///   the centres of the empty clusters, one each, farthest first, in the order of the clusters, and leave the mean of their
///   old cluster. The labels stay. A cluster still empty, because all points stand on their centres or because it lost its
///   only point, stands where the largest cluster does.
///
/// Source: scikit-learn's `KMeans(init=centres, n_init=1)`, which the published script calls. There a cluster that is still empty
/// and comes before the largest one stands at the *sum* of the largest one's points, a slip that is not followed.
///
/// # Errors
/// Nothing to cluster, values that are not finite, centres of other columns, more centres than points, a negative tolerance,
/// no iterations.
pub fn from_centres(points: &Matrix, centres: &Matrix, limits: Limits) -> Result<KMeans> {
    check_input(points, centres, limits)?;
    // Lloyd's iteration commutes with shifts; centred, as in scikit-learn, its sums lose least.
    let mean = column_means(points);
    let points = shifted(points, &mean, -1.0);
    let mut centres = shifted(centres, &mean, -1.0);
    let threshold = limits.tolerance * mean_variance(&points);
    let mut labels: Vec<usize> = Vec::new();
    let mut iterations = 0;
    let mut repeated = false;
    while iterations < limits.max_iterations {
        iterations += 1;
        let assigned = nearest_centres(&points, &centres);
        let moved = means(&points, &centres, &assigned);
        let shift: f64 = (0..centres.rows()).map(|c| squared_distance(moved.row(c), centres.row(c))).sum();
        repeated = assigned == labels;
        centres = moved;
        labels = assigned;
        if repeated || shift <= threshold {
            break;
        }
    }
    if !repeated {
        labels = nearest_centres(&points, &centres);
    }
    let inertia =
        labels.iter().enumerate().map(|(i, &c)| squared_distance(points.row(i), centres.row(c))).sum();
    Ok(KMeans { labels, centroids: shifted(&centres, &mean, 1.0), inertia, iterations })
}

/// The run of smallest inertia, the first among equals, from several `starts` (D10, `n_init`). Published relies on the old
/// default of scikit-learn: 10 starts by k-means++.
///
/// # Errors
/// No start, or as [`from_centres`].
pub fn best_of(points: &Matrix, starts: &[Matrix], limits: Limits) -> Result<KMeans> {
    let mut best: Option<KMeans> = None;
    for start in starts {
        let found = from_centres(points, start, limits)?;
        if best.as_ref().is_none_or(|best| found.inertia < best.inertia) {
            best = Some(found);
        }
    }
    best.ok_or(InvalidInput::Empty { what: "the list of starts" })
}

fn check_input(points: &Matrix, centres: &Matrix, limits: Limits) -> Result<()> {
    check::filled(points, "points")?;
    check::filled(centres, "centres")?;
    check::shape(centres, centres.rows(), points.columns(), "centres")?;
    check::between(limits.tolerance, (0.0, f64::MAX), "tolerance", "finite and at least 0")?;
    check::at_least_one(limits.max_iterations, "max_iterations")?;
    enough_points(points.rows(), centres.rows())
}

/// Every cluster needs a point of its own.
pub(super) fn enough_points(points: usize, clusters: usize) -> Result<()> {
    if points < clusters {
        return Err(InvalidInput::TooFewSamples { what: "points", needed: clusters, found: points });
    }
    Ok(())
}

fn column_means(points: &Matrix) -> Vec<f64> {
    let column = |j: usize| (0..points.rows()).map(|i| points[(i, j)]).sum::<f64>();
    (0..points.columns()).map(|j| column(j) / points.rows() as f64).collect()
}

fn shifted(matrix: &Matrix, by: &[f64], sign: f64) -> Matrix {
    Matrix::from_fn(matrix.rows(), matrix.columns(), |i, j| matrix[(i, j)] + sign * by[j])
}

/// Mean over the columns of their variance, of points whose mean is 0.
fn mean_variance(centred: &Matrix) -> f64 {
    centred.values().iter().map(|x| x * x).sum::<f64>() / centred.values().len() as f64
}

fn nearest_centres(points: &Matrix, centres: &Matrix) -> Vec<usize> {
    let nearest = |i: usize| {
        let mut best = 0;
        for c in 1..centres.rows() {
            let distance = squared_distance(points.row(i), centres.row(c));
            if distance < squared_distance(points.row(i), centres.row(best)) {
                best = c;
            }
        }
        best
    };
    (0..points.rows()).map(nearest).collect()
}

/// The new centres: the means of the clusters, once the empty ones were given a point.
fn means(points: &Matrix, centres: &Matrix, labels: &[usize]) -> Matrix {
    let members = relocate(points, centres, labels);
    let mut largest = 0;
    for c in 1..members.len() {
        if members[c].len() > members[largest].len() {
            largest = c;
        }
    }
    Matrix::from_fn(centres.rows(), centres.columns(), |c, j| {
        let of = if members[c].is_empty() { &members[largest] } else { &members[c] };
        of.iter().map(|&i| points[(i, j)]).sum::<f64>() / of.len() as f64
    })
}

/// The points of each cluster; every empty one has taken the farthest point that is left.
fn relocate(points: &Matrix, centres: &Matrix, labels: &[usize]) -> Vec<Vec<usize>> {
    let mut members = vec![Vec::new(); centres.rows()];
    for (i, &label) in labels.iter().enumerate() {
        members[label].push(i);
    }
    let distance = |i: usize| squared_distance(points.row(i), centres.row(labels[i]));
    let mut farthest: Vec<usize> = (0..points.rows()).collect();
    farthest.sort_by(|&a, &b| distance(b).total_cmp(&distance(a)));
    if distance(farthest[0]) == 0.0 {
        return members;
    }
    let empty: Vec<usize> = (0..members.len()).filter(|&c| members[c].is_empty()).collect();
    for (&cluster, &point) in empty.iter().zip(&farthest) {
        members[labels[point]].retain(|&i| i != point);
        members[cluster] = vec![point];
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[f64]) -> Matrix {
        Matrix::from_fn(values.len(), 1, |i, _| values[i])
    }

    fn run(points: &[f64], centres: &[f64]) -> KMeans {
        from_centres(&column(points), &column(centres), Limits::default()).unwrap()
    }

    #[test]
    fn two_pairs_on_a_line() {
        // From 0 and 1: {0}, {1, 10, 11} with means 0, 22/3; then {0, 1}, {10, 11}; then no change.
        let found = run(&[0.0, 1.0, 10.0, 11.0], &[0.0, 1.0]);
        assert_eq!(found.labels, [0, 0, 1, 1]);
        assert_eq!(found.centroids.values(), [0.5, 10.5]);
        assert_eq!((found.inertia, found.iterations), (1.0, 3));
    }

    #[test]
    fn a_point_between_two_centres_goes_to_the_first() {
        assert_eq!(run(&[0.0, 2.0, 4.0], &[0.0, 4.0]).labels, [0, 0, 1]);
    }

    #[test]
    fn the_last_iteration_is_followed_by_an_assignment() {
        let limits = Limits { max_iterations: 1, ..Limits::default() };
        let found = from_centres(&column(&[0.0, 1.0, 10.0, 11.0]), &column(&[0.0, 1.0]), limits).unwrap();
        assert_eq!((found.labels, found.iterations), (vec![0, 0, 1, 1], 1));
        assert!((found.centroids[(1, 0)] - 22.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_large_tolerance_ends_it_at_once() {
        let limits = Limits { tolerance: 1e6, ..Limits::default() };
        let found = from_centres(&column(&[0.0, 1.0, 10.0, 11.0]), &column(&[0.0, 1.0]), limits).unwrap();
        assert_eq!(found.iterations, 1);
    }

    #[test]
    fn an_empty_cluster_takes_the_farthest_point_and_that_leaves_its_old_mean() {
        let (points, centres) = (column(&[0.0, 1.0, 8.0]), column(&[0.0, 100.0]));
        let labels = nearest_centres(&points, &centres);
        assert_eq!(labels, [0, 0, 0]);
        assert_eq!(means(&points, &centres, &labels).values(), [0.5, 8.0]);
    }

    #[test]
    fn several_empty_clusters_take_the_farthest_points_in_order() {
        let (points, centres) = (column(&[0.0, 1.0, 7.0, 8.0]), column(&[100.0, 0.0, 200.0]));
        assert_eq!(means(&points, &centres, &[1; 4]).values(), [8.0, 0.5, 7.0]);
    }

    #[test]
    fn a_cluster_that_lost_its_only_point_stands_where_the_largest_does() {
        let (points, centres) = (column(&[0.0, 2.0, 50.0]), column(&[1.0, 30.0, 100.0]));
        assert_eq!(means(&points, &centres, &[0, 0, 1]).values(), [1.0, 1.0, 50.0]);
    }

    #[test]
    fn equal_points_leave_clusters_empty_without_an_error() {
        let found = run(&[3.0, 3.0, 3.0], &[3.0, 4.0]);
        assert_eq!((found.labels, found.inertia), (vec![0, 0, 0], 0.0));
        assert_eq!(found.centroids.values(), [3.0, 3.0]);
    }

    #[test]
    fn the_best_start_is_kept() {
        let points = column(&[0.0, 1.0, 10.0, 11.0, 20.0, 21.0]);
        let (bad, good) = (column(&[0.0, 1.0, 15.0]), column(&[0.0, 10.0, 20.0]));
        let found = best_of(&points, &[bad.clone(), good], Limits::default()).unwrap();
        assert_eq!(found.inertia, 1.5);
        assert!(from_centres(&points, &bad, Limits::default()).unwrap().inertia > 1.5);
        assert!(best_of(&points, &[], Limits::default()).is_err());
    }

    #[test]
    fn what_cannot_be_clustered_is_refused() {
        let refused =
            |points: &Matrix, centres: &Matrix, limits| from_centres(points, centres, limits).is_err();
        let (points, limits) = (column(&[0.0, 1.0]), Limits::default());
        assert!(refused(&Matrix::zeros(0, 1), &points, limits));
        assert!(refused(&points, &Matrix::zeros(0, 1), limits));
        assert!(refused(&points, &Matrix::zeros(1, 2), limits));
        assert!(refused(&points, &Matrix::zeros(3, 1), limits));
        assert!(refused(&column(&[0.0, f64::NAN]), &points, limits));
        assert!(refused(&points, &points, Limits { tolerance: f64::NAN, ..limits }));
        assert!(refused(&points, &points, Limits { max_iterations: 0, ..limits }));
    }
}
