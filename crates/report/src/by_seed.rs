//! Every number of every run, so that anyone can judge anew what was judged here.

use mmt_vocabulary::error::{Error, Result};
use mmt_vocabulary::record::{DomainKind, NetworkName, Split};
use serde::Serialize;

use super::runs::RunRecords;

/// Name of the file.
pub(super) const FILE: &str = "tables/by_seed.csv";

/// A network of a run after an epoch, in percent.
#[derive(Serialize)]
struct Line<'a> {
    domains: DomainKind,
    profile: &'a str,
    task: &'a str,
    row: &'a str,
    method: &'a str,
    domain_seed: Option<u64>,
    seed: u64,
    epoch: usize,
    network: NetworkName,
    split: Split,
    map: String,
    top1: String,
    top5: String,
    top10: String,
}

/// The file: a line for each evaluation, runs in the order of their places, lines as they were recorded.
pub(super) fn csv(runs: &[RunRecords]) -> Result<Vec<u8>> {
    let refused = |error: String| Error::Report { what: FILE.to_owned(), reason: error };
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in runs.iter().flat_map(lines) {
        writer.serialize(line).map_err(|error| refused(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| refused(error.to_string()))
}

fn lines(run: &RunRecords) -> impl Iterator<Item = Line<'_>> {
    let percent = |value: f64| format!("{:.4}", 100.0 * value);
    run.evaluations.iter().map(move |record| Line {
        domains: run.info.domains,
        profile: &run.info.profile,
        task: &run.info.task,
        row: &run.info.row,
        method: &run.info.method,
        domain_seed: run.info.domain_seed,
        seed: run.info.seed,
        epoch: record.epoch,
        network: record.network,
        split: record.split,
        map: percent(record.map),
        top1: percent(record.top1),
        top5: percent(record.top5),
        top10: percent(record.top10),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::super::runs::load;
    use super::*;

    #[test]
    fn every_evaluation_has_its_line() {
        let fixture = Fixture::new();
        fixture.run("market-to-duke", "mmt-k", "mmt", 7, &[0.2, 0.48]);
        let runs = load(&fixture.roots()).unwrap().runs;
        let text = String::from_utf8(csv(&runs).unwrap()).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 1 + 2 * 3, "{text}");
        assert_eq!(
            lines[0],
            "domains,profile,task,row,method,domain_seed,seed,epoch,network,split,map,top1,top5,top10"
        );
        assert_eq!(
            lines[4],
            "synthetic,quick,market-to-duke,mmt-k,mmt,7,7,1,network-1,target-test,47.0000,57.0000,67.0000,72.0000"
        );
    }
}
