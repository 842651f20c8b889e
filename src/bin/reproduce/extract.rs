//! `reproduce extract`: images → a file of features, which `reproduce cluster` takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use mmt::data::DatasetName;
use mmt::tools::check_output;
use mmt::tools::extraction::{Images, Subset, extract_features, list_path};
use mmt::{Error, Result};

use crate::tool::{Line, NetworkArgs, memory_pair, print_pairs, seconds_text};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["dataset", "images"])))]
pub struct ExtractArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Dataset: market1501, dukemtmc, msmt17.
    #[arg(long, value_name = "NAME", requires_all = ["data_root", "split"])]
    pub dataset: Option<DatasetName>,
    /// Folder that holds the dataset.
    #[arg(long, value_name = "DIR", requires = "dataset")]
    pub data_root: Option<PathBuf>,
    /// Images of the dataset: train, query, gallery.
    #[arg(long, value_name = "SPLIT", requires = "dataset")]
    pub split: Option<Subset>,
    /// Folder of images, read with the folders below it, instead of a dataset.
    #[arg(long, value_name = "DIR")]
    pub images: Option<PathBuf>,
    /// Features: a safetensors file with a tensor `features` [N, D]; the list of images goes beside it as .csv.
    #[arg(long, default_value = "features.safetensors", value_name = "FILE")]
    pub out: PathBuf,
}

impl ExtractArgs {
    fn source(&self) -> Result<Images> {
        match (&self.images, self.dataset, &self.data_root, self.split) {
            (Some(folder), None, ..) => Ok(Images::Folder(folder.clone())),
            (None, Some(name), Some(root), Some(split)) => Ok(Images::Dataset(name, root.clone(), split)),
            _ => Err(Error::Usage(
                "--images, or --dataset with --data-root and --split, says where images come from".to_owned(),
            )),
        }
    }
}

pub fn run(args: &ExtractArgs) -> Result<()> {
    let source = args.source()?;
    check_output(&args.out)?;
    check_output(&list_path(&args.out)?)?;
    args.network.machine.set_threads()?;
    let loaded = args.network.load()?;
    let how = (args.network.size(loaded.backbone), args.network.batch());
    let mut line = Line::new();
    let result = extract_features(&loaded.network, &source, how, &args.out, &mut |stage, done, total| {
        line.tell(stage, done, total)
    });
    drop(line);
    let found = result?;
    let mut pairs = vec![
        ("network", args.network.describe(&loaded)),
        ("images", found.images.to_string()),
        ("dimension", found.dimension.to_string()),
        ("seconds", seconds_text(&found.seconds)),
    ];
    pairs.extend(memory_pair());
    pairs.push(("features", args.out.display().to_string()));
    pairs.push(("list", found.list.display().to_string()));
    print_pairs(&pairs);
    Ok(())
}
