//! Clusterings by name.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Kind of a clustering, as `clustering.kind` in a profile and in the configuration of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClusteringKind {
    /// k-means with a fixed number of clusters (D10).
    KMeans,
    /// DBSCAN on the k-reciprocal Jaccard distance (D11–D14).
    Dbscan,
}

/// Its name in tables.
impl fmt::Display for ClusteringKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KMeans => "k-means",
            Self::Dbscan => "DBSCAN",
        })
    }
}
