//! `import`, `export` and `inspect`: checkpoints in and out.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use mmt::Result;
use mmt::model::{Backbone, CheckpointFile, Imported, TensorSource, not_finite, save_tensors, save_torch};
use mmt::whole_file::{check_ending, check_outputs};
use tch::{Kind, Tensor};

use crate::out::{print, print_beside};
use crate::tool::ChoiceArgs;

/// Most names of a kind that are listed in a line.
const LISTED: usize = 8;

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A PyTorch file (.pth, .pth.tar) or a safetensors file.
    pub file: PathBuf,
    /// The safetensors file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Backbone whose entries it must hold (resnet18, resnet34, resnet50, resnet101, resnet152, resnet_ibn50a, resnet_ibn101a, small), under published or torchvision names; without it all
    /// tensors are taken as they are.
    #[arg(long, value_name = "NAME")]
    pub arch: Option<Backbone>,
    /// Beginning of names that may be missing or of another shape, such as classifier; may be repeated.
    #[arg(long, value_name = "PREFIX", requires = "arch")]
    pub allow_missing: Vec<String>,
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A safetensors file, such as a run's checkpoint, or a PyTorch file.
    pub file: PathBuf,
    /// The PyTorch file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A PyTorch file (.pth, .pth.tar) or a safetensors file.
    pub file: PathBuf,
    #[command(flatten)]
    pub choice: ChoiceArgs,
}

pub fn import_file(args: &ImportArgs) -> Result<()> {
    check_ending(&args.out, &["safetensors"])?;
    check_outputs(&[("--out", &args.out)], &[("FILE", &args.file)])?;
    let choice = args.choice.choice();
    let text = match args.arch {
        Some(arch) => {
            let imported = Imported::open(&args.file, &choice, &arch.spec(), &args.allow_missing)?;
            save_tensors(&args.out, &imported)?;
            imported.report.to_string()
        }
        None => {
            let file = CheckpointFile::open_part(&args.file, &choice)?;
            let watched = Watched::new(&file);
            save_tensors(&args.out, &watched)?;
            summary(&file) + &watched.broken()
        }
    };
    print_beside(&[&args.out], &format!("{text}Written: {}\n", args.out.display()))
}

pub fn export_file(args: &ExportArgs) -> Result<()> {
    check_ending(&args.out, &["pth", "pt", "tar", "ckpt", "bin"])?;
    check_outputs(&[("--out", &args.out)], &[("FILE", &args.file)])?;
    let file = CheckpointFile::open_part(&args.file, &args.choice.choice())?;
    let watched = Watched::new(&file);
    save_torch(&args.out, &watched, file.epoch(), file.best_map())?;
    let (count, broken) = (file.shapes().len(), watched.broken());
    print_beside(&[&args.out], &format!("{count} tensors\n{broken}Written: {}\n", args.out.display()))
}

pub fn inspect(args: &InspectArgs) -> Result<()> {
    let file = CheckpointFile::open_part(&args.file, &args.choice.choice())?;
    let watched = Watched::new(&file);
    let mut table = "\n| name | type | shape | values |\n| --- | --- | --- | ---: |\n".to_owned();
    for (name, kind, shape) in watched.list() {
        drop(watched.tensor(&name)?);
        let values: i64 = shape.iter().product();
        // Writing to a text does not fail.
        let _ = writeln!(table, "| {name} | {kind:?} | {shape:?} | {values} |");
    }
    print(&(summary(&file) + &watched.broken() + &table))
}

/// The tensors of a file, and those of them that were seen to hold NaN or infinite values.
struct Watched<'a> {
    file: &'a CheckpointFile,
    broken: RefCell<Vec<String>>,
}

impl<'a> Watched<'a> {
    fn new(file: &'a CheckpointFile) -> Self {
        Self { file, broken: RefCell::default() }
    }

    /// A line that names them; none where there are none.
    fn broken(&self) -> String {
        let names = self.broken.borrow();
        if names.is_empty() {
            return String::new();
        }
        format!("NaN or infinite values in {} tensors: {}\n", names.len(), list(&names))
    }
}

impl TensorSource for Watched<'_> {
    fn list(&self) -> Vec<(String, Kind, Vec<i64>)> {
        self.file.list()
    }

    fn tensor(&self, name: &str) -> Result<Tensor> {
        let tensor = self.file.tensor(name)?;
        if not_finite(&tensor) > 0 {
            self.broken.borrow_mut().push(name.to_owned());
        }
        Ok(tensor)
    }
}

/// Format, counts, what the published wrapper says, and what else there is to choose from.
fn summary(file: &CheckpointFile) -> String {
    let shapes = file.shapes();
    let values: i64 = shapes.values().map(|shape| shape.iter().product::<i64>()).sum();
    let mut text = format!("{}: {} tensors, {values} values", file.format(), shapes.len());
    if let Some(epoch) = file.epoch() {
        text += &format!(", epoch {epoch}");
    }
    if let Some(best_map) = file.best_map() {
        text += &format!(", best mAP {:.1} %", 100.0 * best_map);
    }
    text.push('\n');
    let networks = file.networks();
    if networks.len() > 1 {
        text += &format!("Networks, to choose from by --prefix: {}\n", list(&networks));
    }
    let keys: Vec<String> =
        file.keys().iter().filter(|(key, _)| !key.is_empty()).map(|(key, _)| key.clone()).collect();
    if keys.len() > 1 {
        text += &format!("State dicts, to choose from by --key: {}\n", list(&keys));
    }
    let beside = file.beside().iter().filter(|(key, _)| !keys.contains(key));
    let beside: Vec<String> = beside.map(|(key, what)| format!("{key} is {what}")).collect();
    if !beside.is_empty() {
        text += &format!("Beside them, not read: {}\n", list(&beside));
    }
    text
}

/// The first of them, each between ticks.
fn list(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(|name| format!("`{name}`")).collect::<Vec<_>>();
    let more = if names.len() > LISTED { ", …" } else { "" };
    shown.join(", ") + more
}
