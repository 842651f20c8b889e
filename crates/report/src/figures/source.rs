//! The material of the figures.

use super::super::claims::Gains;
use super::super::ranked::Ranked;
use super::super::results::Results;
use super::super::runs::RunRecords;
use super::super::soft_triplet::Worth;
use super::super::variance::Variance;

/// Everything that figures are drawn from.
pub(crate) struct Source<'a> {
    pub results: &'a Results,
    pub runs: &'a [RunRecords],
    pub gains: &'a Gains,
    pub ranked: &'a [Ranked],
    pub worth: &'a [Worth],
    pub variances: &'a [Variance<'a>],
}
