//! The clustering steps (D10 … D15): fast = reference, and the properties each step has in both implementations.

mod adapters;
mod bad_input;
mod blocks;
mod centroids;
mod dbscan;
mod eps;
mod jaccard;
mod kmeans;
