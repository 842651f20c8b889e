//! Polars as this room uses it: groups, their statistics, and columns as plain values.

use mmt_vocabulary::error::Error;
use polars::prelude::*;

use super::names::minus;

/// Mean and spread of a value over seeds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Value {
    /// Mean.
    pub mean: f64,
    /// Sample standard deviation; `None` for a single seed.
    pub sd: Option<f64>,
}

impl Value {
    /// `41.2 ± 0.8`, or `41.2` for a single seed.
    pub fn text(&self, digits: usize) -> String {
        match self.sd {
            Some(sd) => minus(&format!("{:.digits$} ± {sd:.digits$}", self.mean)),
            None => minus(&format!("{:.digits$}", self.mean)),
        }
    }
}

/// For `map_err`: Polars refused to make `what`.
pub(super) fn refused(what: &str) -> impl FnOnce(PolarsError) -> Error {
    let what = what.to_owned();
    move |error| Error::Report { what, reason: error.to_string() }
}

/// Groups by `keys`, in the order of first appearance: the mean of each of `values`, its sample standard deviation as
/// `<value>_sd`, and the number of rows as `n`.
#[expect(deprecated, reason = "Polars wants its lazy engine here, which doubles the time to compile")]
pub(super) fn statistics(frame: &DataFrame, keys: &[&str], values: &[&str]) -> PolarsResult<DataFrame> {
    let groups =
        || Ok::<_, PolarsError>(frame.group_by_stable(keys.iter().copied())?.select(values.iter().copied()));
    let (mean, sd, count) = (groups()?.mean()?, groups()?.std(1)?, groups()?.count()?);
    let mut found = mean.select(keys.iter().copied())?;
    for value in values {
        found.with_column(mean.column(&format!("{value}_mean"))?.clone().with_name((*value).into()))?;
        let sd = sd.column(&format!("{value}_agg_std"))?.clone();
        found.with_column(sd.with_name(format!("{value}_sd").into()))?;
    }
    let n = count.column(&format!("{}_count", values[0]))?.clone();
    found.with_column(n.with_name("n".into()))?;
    Ok(found)
}

/// Groups by `keys`, in the order of first appearance: the last line of each group.
#[expect(deprecated, reason = "Polars wants its lazy engine here, which doubles the time to compile")]
pub(super) fn last_lines(frame: &DataFrame, keys: &[&str], columns: &[&str]) -> PolarsResult<DataFrame> {
    let last = frame.group_by_stable(keys.iter().copied())?.select(columns.iter().copied()).last()?;
    let mut found = last.select(keys.iter().copied())?;
    for name in columns {
        found.with_column(last.column(&format!("{name}_last"))?.clone().with_name((*name).into()))?;
    }
    Ok(found)
}

/// Groups by `keys`, in the order of first appearance: the sum of `column`.
#[expect(deprecated, reason = "Polars wants its lazy engine here, which doubles the time to compile")]
pub(super) fn sums(frame: &DataFrame, keys: &[&str], column: &str) -> PolarsResult<DataFrame> {
    let mut sums = frame.group_by_stable(keys.iter().copied())?.select([column]).sum()?;
    sums.rename(&format!("{column}_sum"), column.into())?;
    Ok(sums)
}

/// `grid` with the columns of `found` where `keys` agree, empty cells elsewhere; the order of `grid` stays.
pub(super) fn fill(grid: &DataFrame, found: &DataFrame, keys: &[&str]) -> PolarsResult<DataFrame> {
    let order = Column::new("order".into(), (0..grid.height() as u32).collect::<Vec<_>>());
    let grid = grid.hstack(&[order])?;
    let keys = || keys.iter().copied();
    let filled = grid.join(found, keys(), keys(), JoinArgs::new(JoinType::Left), None)?;
    filled.sort(["order"], SortMultipleOptions::default())?.drop("order")
}

/// A column of numbers.
pub(super) fn numbers(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<f64>>> {
    Ok(frame.column(name)?.cast(&DataType::Float64)?.f64()?.iter().collect())
}

/// A column of texts; empty where there is none.
pub(super) fn texts(frame: &DataFrame, name: &str) -> PolarsResult<Vec<String>> {
    Ok(frame.column(name)?.str()?.iter().map(|text| text.unwrap_or_default().to_owned()).collect())
}

/// The columns `<name>` and `<name>_sd` of [`statistics`].
pub(super) fn values(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<Value>>> {
    let means = numbers(frame, name)?;
    let sds = numbers(frame, &format!("{name}_sd"))?;
    Ok(means.into_iter().zip(sds).map(|(mean, sd)| mean.map(|mean| Value { mean, sd })).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_those_of_a_sample_and_empty_cells_stay_empty() {
        let frame = df!("task" => ["b", "b", "a"], "map" => [1.0, 3.0, 5.0]).unwrap();
        let found = statistics(&frame, &["task"], &["map"]).unwrap();
        let grid = df!("task" => ["a", "b", "c"]).unwrap();
        let filled = fill(&grid, &found, &["task"]).unwrap();
        let found = values(&filled, "map").unwrap();
        assert_eq!(found[0], Some(Value { mean: 5.0, sd: None }));
        assert_eq!(found[1], Some(Value { mean: 2.0, sd: Some(2.0_f64.sqrt()) }));
        assert_eq!(found[2], None);
        assert_eq!(numbers(&filled, "n").unwrap(), [Some(1.0), Some(2.0), None]);
    }
}
