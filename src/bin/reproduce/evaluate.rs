//! `reproduce evaluate`: a checkpoint on a dataset's query and gallery.

use std::path::{Path, PathBuf};

use clap::Args;
use mmt::Result;
use mmt::data::{DatasetName, check_root};
use mmt::record::{write_csv, write_json};
use mmt::tools::evaluation::{EvaluatedRow, EvaluationRequest, evaluate_network};
use mmt::whole_file::{check_ending, check_outputs};

use crate::out::print_beside;
use crate::tool::{Line, NetworkArgs, memory_pair, pairs_text, seconds_text, warn};

#[derive(Debug, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Dataset: market1501, dukemtmc, msmt17, msmt17-v2, own.
    #[arg(long, value_name = "NAME")]
    pub dataset: DatasetName,
    /// Folder that holds the dataset (docs/real-data.md has its layout).
    #[arg(long, value_name = "DIR")]
    pub data_root: PathBuf,
    /// Rank by k-reciprocal re-ranking as well (k1 = 20, k2 = 6, lambda = 0.3).
    #[arg(long)]
    pub rerank: bool,
    /// Write the numbers as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the numbers as CSV.
    #[arg(long, value_name = "FILE")]
    pub csv: Option<PathBuf>,
}

pub fn run(args: &EvaluateArgs) -> Result<()> {
    let outputs = args.outputs()?;
    check_root(&args.data_root)?;
    args.network.machine.set_threads()?;
    let loaded = args.network.load()?;
    let request = EvaluationRequest {
        dataset: args.dataset,
        data_root: &args.data_root,
        size: args.network.size(loaded.backbone),
        batch: args.network.batch(),
        re_ranking: args.rerank,
    };
    let mut line = Line::new();
    let result =
        evaluate_network(&loaded.network, &request, &mut |stage, done, total| line.tell(stage, done, total));
    drop(line);
    let found = result?;
    write(args.json.as_deref(), |path| write_json(path, &found.rows))?;
    write(args.csv.as_deref(), |path| write_csv(path, &found.rows))?;
    found.warnings.iter().for_each(|text| warn(text));
    let first = &found.rows[0];
    let mut pairs = vec![
        ("network", args.network.describe(&loaded)),
        ("dataset", args.dataset.to_string()),
        ("queries", format!("{} valid, {} skipped", first.valid_queries, first.skipped_queries)),
        ("gallery", first.gallery.to_string()),
        ("seconds", seconds_text(&found.seconds)),
    ];
    pairs.extend(memory_pair());
    print_beside(&outputs, &format!("{}\n{}", pairs_text(&pairs), table(&found.rows)))
}

impl EvaluateArgs {
    /// The files to write, none of which would take the place of another.
    fn outputs(&self) -> Result<Vec<&Path>> {
        let json = self.json.as_deref().map(|path| ("--json", path));
        let csv = self.csv.as_deref().map(|path| ("--csv", path));
        json.iter().try_for_each(|(_, path)| check_ending(path, &["json"]))?;
        csv.iter().try_for_each(|(_, path)| check_ending(path, &["csv", "txt"]))?;
        let outputs: Vec<_> = json.into_iter().chain(csv).collect();
        check_outputs(&outputs, &[("--checkpoint", &self.network.checkpoint)])?;
        Ok(outputs.into_iter().map(|(_, path)| path).collect())
    }
}

fn write(path: Option<&Path>, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    path.map_or(Ok(()), write)
}

fn table(rows: &[EvaluatedRow]) -> String {
    let mut text = format!("{:10} {:>6} {:>6} {:>6} {:>6}\n", "ranking", "mAP", "top-1", "top-5", "top-10");
    for row in rows {
        let [map, top1, top5, top10] = [row.map, row.top1, row.top5, row.top10].map(|share| 100.0 * share);
        text += &format!("{:10} {map:6.1} {top1:6.1} {top5:6.1} {top10:6.1}\n", row.ranking);
    }
    text
}
