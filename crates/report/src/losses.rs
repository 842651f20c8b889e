//! How the losses went: the first epoch, the last, and the mean of all.

use std::collections::{BTreeMap, BTreeSet};

use mmt_vocabulary::error::Result;
use polars::prelude::*;

use super::context::Context;
use super::frames::{Value, fill, refused, statistics, texts, values};
use super::names::minus;
use super::results::{Results, settings_of, task_row_runs};
use super::runs::RunRecords;
use super::table::{Table, columns};

/// Losses in the order of the step; others follow by name.
const KNOWN: [(&str, &str); 5] =
    [("ce", "L_id"), ("tri", "L_tri"), ("soft_ce", "L_sid"), ("soft_tri", "L_stri"), ("total", "total")];

/// A loss as a column has it.
type Loss = (usize, String);

/// A number of a loss over epochs.
type Part = fn(&BTreeMap<usize, f64>) -> Option<f64>;

/// Loss → epoch → mean over the networks.
type Means = BTreeMap<Loss, BTreeMap<usize, f64>>;

/// The table of losses; none where nothing was adapted.
pub(super) fn table(runs: &[RunRecords], results: &Results, context: &Context) -> Result<Option<Table>> {
    let runs: Vec<&RunRecords> =
        runs.iter().filter(|run| !run.is_pretraining() && !run.epochs.is_empty()).collect();
    if runs.is_empty() {
        return Ok(None);
    }
    make(&runs, results, context).map(Some).map_err(refused("the table of losses"))
}

fn make(runs: &[&RunRecords], results: &Results, context: &Context) -> PolarsResult<Table> {
    let means: Vec<Means> = runs.iter().map(|run| of_run(run)).collect();
    let losses: BTreeSet<&Loss> = means.iter().flat_map(Means::keys).collect();
    let (per_run, names) = per_run(runs, &means, &losses)?;
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let found = statistics(&per_run, &["task", "row"], &names)?;
    let trained = texts(&found, "row")?;
    let grid = results.grid()?;
    // Rows that never train have no place in this table.
    let kept: BooleanChunked = texts(&grid, "row")?.iter().map(|row| Some(trained.contains(row))).collect();
    let frame = fill(&grid.filter(&kept)?, &found, &["task", "row"])?;
    let mut header = columns(["Task", "Method", "runs"]);
    header.extend(losses.iter().map(|loss| label(loss)));
    Ok(Table {
        name: "losses",
        title: "Losses over training".to_owned(),
        caption: format!(
            "The mean of each loss over the steps of the first epoch → of the last, over both networks and all runs; total is the \
             weighted sum over both networks. L_id and L_tri: hard labels; L_sid and L_stri: the teachers'. The CSV has the mean over \
             all epochs as well, and deviations over runs.{}",
            results.note()
        ),
        rows: shown(&frame, &losses, context)?,
        settings: settings_of(&frame, context)?,
        data: context.stamped(frame)?,
        header,
        names: 2,
    })
}

fn label((_, name): &Loss) -> String {
    KNOWN.iter().find(|(known, _)| known == name).map_or(name.clone(), |(_, label)| (*label).to_owned())
}

/// `ce_1` and `ce_2` are one loss.
fn loss(name: &str) -> Loss {
    let stem = name.strip_suffix("_1").or_else(|| name.strip_suffix("_2")).unwrap_or(name);
    let place = KNOWN.iter().position(|(known, _)| *known == stem).unwrap_or(KNOWN.len());
    (place, stem.to_owned())
}

fn of_run(run: &RunRecords) -> Means {
    let mut found: BTreeMap<Loss, BTreeMap<usize, Vec<f64>>> = BTreeMap::new();
    for record in &run.epochs {
        found.entry(loss(&record.loss)).or_default().entry(record.epoch).or_default().push(record.value);
    }
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let epochs =
        |epochs: BTreeMap<usize, Vec<f64>>| epochs.into_iter().map(|(epoch, values)| (epoch, mean(values)));
    found.into_iter().map(|(loss, by_epoch)| (loss, epochs(by_epoch).collect())).collect()
}

/// One line per run, three columns per loss, and the names of those.
fn per_run(
    runs: &[&RunRecords],
    means: &[Means],
    losses: &BTreeSet<&Loss>,
) -> PolarsResult<(DataFrame, Vec<String>)> {
    let mut frame = df!(
        "task" => runs.iter().map(|run| run.info.task.as_str()).collect::<Vec<_>>(),
        "row" => runs.iter().map(|run| run.info.row.as_str()).collect::<Vec<_>>(),
    )?;
    let of: [(&str, Part); 3] = [
        ("first", |epochs| epochs.values().next().copied()),
        ("last", |epochs| epochs.values().next_back().copied()),
        ("mean", |epochs| (!epochs.is_empty()).then(|| epochs.values().sum::<f64>() / epochs.len() as f64)),
    ];
    let mut names = Vec::new();
    for loss in losses {
        for (part, of) in of {
            let name = format!("{}_{part}", loss.1);
            let values: Vec<Option<f64>> = means.iter().map(|means| of(means.get(loss)?)).collect();
            frame.with_column(Column::new(name.as_str().into(), values))?;
            names.push(name);
        }
    }
    Ok((frame, names))
}

fn shown(frame: &DataFrame, losses: &BTreeSet<&Loss>, context: &Context) -> PolarsResult<Vec<Vec<String>>> {
    let mut rows = task_row_runs(frame, context)?;
    for (_, name) in losses {
        let ends = [values(frame, &format!("{name}_first"))?, values(frame, &format!("{name}_last"))?];
        let cells = ends[0].iter().zip(&ends[1]).map(|(first, last)| arrow(first, last));
        rows.iter_mut().zip(cells).for_each(|(row, cell)| row.push(cell));
    }
    Ok(rows)
}

fn arrow(first: &Option<Value>, last: &Option<Value>) -> String {
    match (first, last) {
        (Some(first), Some(last)) => minus(&format!("{:.3} → {:.3}", first.mean, last.mean)),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::frames::numbers;
    use super::super::runs::load;
    use super::*;
    use mmt_vocabulary::record::{EPOCHS, EpochRecord, SCHEMA_VERSION, write_csv};

    #[test]
    fn losses_are_averaged_over_networks_and_seeds_and_missing_ones_stay_empty() {
        let fixture = Fixture::new();
        let write = |row: &str, method: &str, seed: u64, losses: &[(usize, &str, f64)]| {
            let folder = fixture.run("market-to-duke", row, method, seed, &[0.2, 0.3, 0.4, 0.5]);
            let record = |&(epoch, loss, value): &(usize, &str, f64)| EpochRecord {
                schema: SCHEMA_VERSION,
                epoch,
                loss: loss.to_owned(),
                value,
            };
            write_csv(&folder.join(EPOCHS), &losses.iter().map(record).collect::<Vec<_>>()).unwrap();
        };
        let of = |value: f64| {
            [
                (1, "ce_1", value),
                (1, "ce_2", value + 2.0),
                (2, "ce_1", 0.0),
                (2, "ce_2", 0.0),
                (3, "ce_1", 1.0),
                (3, "ce_2", 0.5),
            ]
        };
        write("mmt-k", "mmt", 1, &of(3.0));
        write("mmt-k", "mmt", 2, &of(5.0));
        write("baseline", "baseline", 1, &[(1, "soft_ce_1", 1.0), (1, "other", 4.0), (3, "other", 2.0)]);
        let loaded = load(&fixture.roots()).unwrap();
        let results = Results::new(&loaded.runs).unwrap();
        let table = table(&loaded.runs, &results, &Context::new(&loaded, &[])).unwrap().unwrap();
        assert_eq!(table.header[3..], ["L_id", "L_sid", "other"]);
        assert_eq!(table.rows[0][1..], ["Baseline", "1", "", "1.000 → 1.000", "4.000 → 2.000"]);
        // Epoch 1: (4 + 6) / 2; epoch 3: 0.75.
        assert_eq!(table.rows[1][1..], ["MMT-100", "2", "5.000 → 0.750", "", ""]);
        // All epochs: ((4 + 0 + 0.75) + (6 + 0 + 0.75)) / 6.
        let mean = numbers(&table.data, "ce_mean").unwrap();
        assert!((mean[1].unwrap() - 11.5 / 6.0).abs() < 1e-12, "{mean:?}");
    }
}
