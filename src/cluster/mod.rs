//! The cluster room: features → pseudo labels. True identities never enter it.
//!
//! Nearest neighbours and their k-reciprocal sets ([`k_reciprocal`], D11) → encodings and their Jaccard distances
//! ([`jaccard`], D12) → [`eps`] (D13) → [`dbscan`] (D14); or [`kmeans`] (D10). Then [`centroids`] as classifier rows (D15).
//! Either way with its settings is a [`Clustering`]: an adaptation and `reproduce cluster` run it.
//!
//! Nothing here is an N×N matrix: neighbours are kept k to a row, encodings and Jaccard distances as their non-trivial entries.
//! Everything after the matrix products of libtorch gives the same bits for every number of threads.
//!
//! ```
//! use mmt::cluster::dbscan::dbscan;
//! use mmt::cluster::eps::eps;
//! use mmt::cluster::jaccard::{Neighbourhood, jaccard};
//! use tch::Tensor;
//!
//! # fn main() -> mmt::Result<()> {
//! // Two people, five images each: rows of unit length.
//! let row = |image: i32| if image < 5 { [1.0, 0.01 * f64::from(image)] } else { [0.01 * f64::from(image), 1.0] };
//! let features = Tensor::from_slice(&(0..10).flat_map(row).collect::<Vec<_>>()).view([10, 2]);
//! let features = mmt::distance::normalize_rows(&features);
//! let distances = jaccard(&features, Neighbourhood { k1: 4, k2: 2 })?;
//! let found = dbscan(&distances, eps(&distances, 0.4)?, 3)?;
//! assert_eq!(found.count, 2);
//! assert_ne!(found.labels[0], found.labels[9]);
//! # Ok(())
//! # }
//! ```

pub mod centroids;
mod clustering;
pub mod dbscan;
pub mod eps;
pub mod jaccard;
pub mod k_reciprocal;
pub mod kmeans;

pub use clustering::{Clustering, ClusteringState, Partition, Source, Steps};
