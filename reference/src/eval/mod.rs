//! How good features and pseudo labels are: mAP (D16) and CMC (D17) of a ranking, k-reciprocal re-ranking (D18), agreement of
//! pseudo labels with identities (D19 … D21, D34), what teachers know beyond them (D35), and the accuracy of a classifier.

pub mod accuracy;
pub mod average_precision;
pub mod cmc;
pub mod label_quality;
pub mod pair_errors;
pub mod ranking;
pub mod re_ranking;
pub mod teaching;
