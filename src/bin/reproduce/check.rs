//! `reproduce check`: datasets before hours of work.

use std::path::{Path, PathBuf};

use clap::Args;
use mmt::data::{DatasetName, check_root, is_present};
use mmt::device::process::{all_threads, set_loader_threads};
use mmt::record::{write_csv, write_json, write_whole};
use mmt::tools::data_check::{DatasetCheck, check_dataset};
use mmt::tools::fix_list::{Fix, fix_list};
use mmt::whole_file::{check_ending, check_outputs};
use mmt::{Error, Result};

use crate::out::{print_beside, say};
use crate::tool::Line;

#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Folder that holds the datasets (docs/real-data.md has its layout).
    #[arg(long, value_name = "DIR")]
    pub data_root: PathBuf,
    /// Dataset, may be repeated: market1501, dukemtmc, msmt17, msmt17-v2, own [default: all that are there].
    #[arg(long = "dataset", value_name = "NAME")]
    pub datasets: Vec<DatasetName>,
    /// Write all that was found, every file of it, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the files that are to be mended as CSV: path, problem, what to do.
    #[arg(long, value_name = "FILE")]
    pub fix_list: Option<PathBuf>,
    /// Threads to use [default: all of the machine].
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024), value_name = "N")]
    pub threads: Option<u16>,
}

impl CheckArgs {
    /// The files to write, none of which would take the place of another.
    fn outputs(&self) -> Result<Vec<&Path>> {
        let json = self.json.as_deref().map(|path| ("--json", path));
        let fixes = self.fix_list.as_deref().map(|path| ("--fix-list", path));
        json.iter().try_for_each(|(_, path)| check_ending(path, &["json"]))?;
        fixes.iter().try_for_each(|(_, path)| check_ending(path, &["csv", "txt"]))?;
        let outputs: Vec<_> = json.into_iter().chain(fixes).collect();
        check_outputs(&outputs, &[])?;
        Ok(outputs.into_iter().map(|(_, path)| path).collect())
    }

    /// The datasets asked for, or those that are there.
    fn datasets(&self) -> Result<Vec<DatasetName>> {
        if !self.datasets.is_empty() {
            return Ok(self.datasets.clone());
        }
        let found: Vec<_> =
            DatasetName::ALL.into_iter().filter(|name| is_present(*name, &self.data_root)).collect();
        if found.is_empty() {
            let text = format!(
                "none of the datasets is in {}; name one by --dataset to be told where it is looked for",
                self.data_root.display()
            );
            return Err(Error::Dataset(text));
        }
        Ok(found)
    }
}

pub fn run(args: &CheckArgs) -> Result<()> {
    let outputs = args.outputs()?;
    check_root(&args.data_root)?;
    let datasets = args.datasets()?;
    set_loader_threads(args.threads.map_or_else(all_threads, usize::from))?;
    let (mut found, mut fixes, mut wrong) = (Vec::new(), Vec::new(), 0);
    for name in datasets {
        match check_one(name, args) {
            Ok(check) => {
                wrong += usize::from(!check.errors.is_empty());
                print_beside(&outputs, &format!("{check}\n"))?;
                fixes.extend(fix_list(&check));
                found.push(check);
            }
            // The others are looked at all the same.
            Err(error) => {
                wrong += 1;
                say(&format!("wrong: {error}"));
                fixes.push(Fix::of_unreadable(&args.data_root, error.to_string()));
            }
        }
    }
    args.json.iter().try_for_each(|path| write_json(path, &found))?;
    args.fix_list.iter().try_for_each(|path| write_list(path, &fixes))?;
    match wrong {
        0 => Ok(()),
        1 => Err(Error::Dataset("a dataset is not fit for a run: see `wrong` above".to_owned())),
        more => Err(Error::Dataset(format!("{more} datasets are not fit for a run: see `wrong` above"))),
    }
}

/// A list of nothing has its header all the same.
fn write_list(path: &Path, fixes: &[Fix]) -> Result<()> {
    if fixes.is_empty() { write_whole(path, b"path,problem,to_do\n") } else { write_csv(path, fixes) }
}

fn check_one(name: DatasetName, args: &CheckArgs) -> Result<DatasetCheck> {
    let mut line = Line::new();
    check_dataset(name, &args.data_root, &mut |stage, done, total| line.tell(stage, done, total))
}
