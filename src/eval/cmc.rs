//! D17: the cumulative matching characteristic.

use super::ranking::Ranking;
use crate::error::{InvalidInput, Result};

/// How a query with several matches counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// By its first match (Market-1501 protocol; published `first_match_break`).
    First,
    /// Each of its n matches adds 1/n at its position less the matches before it.
    All,
}

/// Entry r − 1: share of the valid queries with a match within rank r, for r = 1..=`ranks`.
///
/// # Errors
/// No rankings, or no ranks.
pub fn curve(rankings: &[Ranking], rule: Rule, ranks: usize) -> Result<Vec<f64>> {
    if rankings.is_empty() {
        return Err(InvalidInput::NoValidQuery.into());
    }
    InvalidInput::at_least_one("ranks", ranks)?;
    let mut hits = vec![0.0; ranks];
    for ranking in rankings {
        let share = match rule {
            Rule::First => 1.0,
            Rule::All => 1.0 / ranking.matches.len() as f64,
        };
        let counted = if rule == Rule::First { 1 } else { ranking.matches.len() };
        for (earlier, found) in ranking.matches.iter().take(counted).enumerate() {
            if let Some(hit) = hits.get_mut(found.position - earlier) {
                *hit += share;
            }
        }
    }
    let mut sum = 0.0;
    Ok(hits
        .into_iter()
        .map(|hit| {
            sum += hit;
            sum / rankings.len() as f64
        })
        .collect())
}
