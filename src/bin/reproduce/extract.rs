//! `reproduce extract`: images → a file of features, which `reproduce cluster` takes.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use mmt::data::{DatasetName, check_root};
use mmt::tools::extraction::{ENDINGS, Images, Subset, extract_features, list_path};
use mmt::whole_file::{check_ending, check_outputs};
use mmt::{Error, Result};

use crate::out::print_beside;
use crate::tool::{Line, NetworkArgs, memory_pair, pairs_text, seconds_text, warn};

#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["dataset", "images"])))]
pub struct ExtractArgs {
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Dataset: market1501, dukemtmc, msmt17, msmt17-v2, own.
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
    /// Features: a safetensors file with a tensor `features` [N, D], or a NumPy array where the name ends in .npy; the list of images
    /// goes beside it as .csv.
    #[arg(long, default_value = "features.safetensors", value_name = "FILE")]
    pub out: PathBuf,
}

impl ExtractArgs {
    /// Refuses files that could not be written, or that would take the place of the checkpoint.
    fn check_outputs(&self) -> Result<()> {
        check_ending(&self.out, &ENDINGS)?;
        let list = list_path(&self.out);
        let mut outputs = vec![("--out", self.out.as_path())];
        outputs.extend(list.as_deref().map(|list| ("the list of images", list)));
        check_outputs(&outputs, &[("--checkpoint", &self.network.checkpoint)])
    }

    fn source(&self) -> Result<Images> {
        match (&self.images, self.dataset, &self.data_root, self.split) {
            (Some(folder), None, ..) => Ok(Images::Folder(folder.clone())),
            (None, Some(name), Some(root), Some(split)) => {
                check_root(root)?;
                Ok(Images::Dataset(name, root.clone(), split))
            }
            _ => Err(Error::Usage(
                "--images, or --dataset with --data-root and --split, says where images come from".to_owned(),
            )),
        }
    }
}

pub fn run(args: &ExtractArgs) -> Result<()> {
    let source = args.source()?;
    args.check_outputs()?;
    args.network.machine.set_threads()?;
    let loaded = args.network.load()?;
    let how = (args.network.size(loaded.backbone), args.network.batch());
    let mut line = Line::new();
    let result = extract_features(&loaded.network, &source, how, &args.out, &mut |stage, done, total| {
        line.tell(stage, done, total)
    });
    drop(line);
    let found = result?;
    found.warnings.iter().for_each(|text| warn(text));
    let mut pairs = vec![
        ("network", args.network.describe(&loaded)),
        ("images", found.images.to_string()),
        ("dimension", found.dimension.to_string()),
        ("seconds", seconds_text(&found.seconds)),
    ];
    pairs.extend(memory_pair());
    pairs.push(("features", args.out.display().to_string()));
    pairs.extend(found.list.map(|list| ("list", list.display().to_string())));
    print_beside(&[&args.out], &pairs_text(&pairs))
}
