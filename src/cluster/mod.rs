//! The cluster room: features → pseudo labels. True identities never enter it.

pub mod centroids;
pub mod kmeans;
