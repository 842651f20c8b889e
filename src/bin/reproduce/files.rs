//! `import`, `export` and `inspect`: checkpoints in and out.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use mmt::Result;
use mmt::model::{Backbone, CheckpointFile, Imported, TensorSource, save_tensors, save_torch};
use mmt::whole_file::{check_ending, check_outputs};

use crate::out::{print, print_beside};

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
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// A safetensors file, such as a run's checkpoint, or a PyTorch file.
    pub file: PathBuf,
    /// The PyTorch file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Take only the names that begin so, without that beginning: mean-1. for the first mean network of a run's checkpoint.
    #[arg(long, value_name = "PREFIX", default_value = "")]
    pub prefix: String,
}

#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A PyTorch file (.pth, .pth.tar) or a safetensors file.
    pub file: PathBuf,
}

pub fn import_file(args: &ImportArgs) -> Result<()> {
    check_ending(&args.out, &["safetensors"])?;
    check_outputs(&[("--out", &args.out)], &[("FILE", &args.file)])?;
    let text = match args.arch {
        Some(arch) => {
            let imported = Imported::open(&args.file, &arch.spec(), &args.allow_missing)?;
            save_tensors(&args.out, &imported)?;
            imported.report.to_string()
        }
        None => {
            let file = CheckpointFile::open(&args.file)?;
            save_tensors(&args.out, &file)?;
            summary(&file)
        }
    };
    print_beside(&[&args.out], &format!("{text}Written: {}\n", args.out.display()))
}

pub fn export_file(args: &ExportArgs) -> Result<()> {
    check_ending(&args.out, &["pth", "pt", "tar", "ckpt", "bin"])?;
    check_outputs(&[("--out", &args.out)], &[("FILE", &args.file)])?;
    let prefix = args.prefix.as_str();
    let own = |name: &str| name.strip_prefix(prefix).map(str::to_owned);
    let file = CheckpointFile::open(&args.file)?.renamed(own)?;
    let count = file.shapes().len();
    if count == 0 {
        return Err(mmt::Error::file(&args.file, format!("no tensor's name begins with `{prefix}`")));
    }
    save_torch(&args.out, &file, file.epoch(), file.best_map())?;
    print_beside(&[&args.out], &format!("{count} tensors\nWritten: {}\n", args.out.display()))
}

pub fn inspect(args: &InspectArgs) -> Result<()> {
    let file = CheckpointFile::open(&args.file)?;
    let mut text = summary(&file);
    text += "\n| name | type | shape | values |\n| --- | --- | --- | ---: |\n";
    for (name, kind, shape) in file.list() {
        let values: i64 = shape.iter().product();
        // Writing to a text does not fail.
        let _ = writeln!(text, "| {name} | {kind:?} | {shape:?} | {values} |");
    }
    print(&text)
}

/// Format, counts, and what the published wrapper says.
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
    text + "\n"
}
