//! The cluster room: features → pseudo labels. True identities never enter it.
//!
//! Nearest neighbours and their k-reciprocal sets ([`k_reciprocal`], D11) → encodings and their Jaccard distances
//! ([`jaccard`], D12) → [`eps`] (D13) → [`dbscan`] (D14); or [`kmeans`] (D10). Then [`centroids`] as classifier rows (D15).
//!
//! Nothing here is an N×N matrix: neighbours are kept k to a row, encodings and Jaccard distances as their non-trivial entries.
//! What follows the matrix products of libtorch gives the same bits for every number of threads.

pub mod centroids;
pub mod dbscan;
pub mod eps;
pub mod jaccard;
pub mod k_reciprocal;
pub mod kmeans;
