//! The clustering steps (D10 … D15): fast = reference, and the laws each step obeys in both wings.

mod adapters;
mod bad_input;
mod blocks;
mod centroids;
mod dbscan;
mod eps;
mod jaccard;
mod kmeans;
