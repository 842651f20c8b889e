//! The settings of a row, from those of its profile and what its method, its clustering and itself change.

use mmt_vocabulary::Method;
use serde::de::Error;
use toml::{Table, Value};

use super::layers::merge;
use crate::cluster::Clustering;
use crate::train::AdaptationSettings;

/// `adaptation` with what `method`, then `clustering`, then the row itself changes.
///
/// # Errors
/// Settings that are none; the text names the key.
pub(super) fn row_settings(
    mut adaptation: Table,
    method: Method,
    clustering: Option<Clustering>,
    changes: Table,
) -> Result<AdaptationSettings, toml::de::Error> {
    if method == Method::Baseline {
        merge(&mut adaptation, hard_only());
    }
    if let Some(clustering) = clustering {
        adaptation.insert("clustering".to_owned(), Value::try_from(clustering).map_err(Error::custom)?);
    }
    merge(&mut adaptation, changes);
    Value::Table(adaptation).try_into()
}

/// Published DBSCAN (D12 to D14) with what `over` changes.
///
/// # Errors
/// A key or value that DBSCAN does not have.
pub(super) fn dbscan(over: Table) -> Result<Clustering, toml::de::Error> {
    let mut table = Table::try_from(Clustering::default()).map_err(Error::custom)?;
    merge(&mut table, over);
    Value::Table(table).try_into()
}

/// Returns the settings that make the baseline of the paper out of mutual mean-teaching.
fn hard_only() -> Table {
    ["alpha", "soft_ce_weight", "soft_tri_weight"]
        .into_iter()
        .map(|key| (key.to_owned(), Value::Float(0.0)))
        .collect()
}
