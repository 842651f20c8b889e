//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use mmt::experiment::{
    Experiment, HashedData, InitialWeights, Method, Origin, Profile, RunOptions, Shard, Task,
};
use mmt::{Error, Result};

use crate::bench::BenchArgs;
use crate::check::CheckArgs;
use crate::cluster::ClusterArgs;
use crate::conformance::ConformanceArgs;
use crate::evaluate::EvaluateArgs;
use crate::extract::ExtractArgs;
use crate::files::{ExportArgs, ImportArgs, InspectArgs};
use crate::machine::MachineArgs;

/// Reproduces Mutual Mean-Teaching (ICLR 2020): pre-trains, adapts, evaluates, and makes the paper's table and figures.
///
/// Without arguments: the quick profile on the built-in synthetic domains, all four tasks with all four methods. The same command
/// goes on where an earlier one was stopped.
#[derive(Debug, Parser)]
#[command(name = "reproduce", version, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run: the same as without a command.
    Run(RunArgs),
    /// Say what a run with these options would do, what is done already, and how long the rest should take. Runs nothing.
    Plan(SelectArgs),
    /// Make tables and figures again from the records of earlier runs.
    Report(ReportArgs),
    /// Evaluate a checkpoint on a dataset: mAP and CMC, with re-ranking if asked for.
    Evaluate(EvaluateArgs),
    /// Look over datasets before hours of work: counts beside the published ones, overlaps, broken, odd and equal images.
    Check(CheckArgs),
    /// Write the features that a checkpoint's network gives for images.
    Extract(ExtractArgs),
    /// Cluster a file of features.
    Cluster(ClusterArgs),
    /// Time a training step on this machine: its parts, the whole, the bare convolutions, and another implementation if asked for.
    Bench(BenchArgs),
    /// Put the definitions to any implementation of them: which agree, which differ, and on which smallest input.
    Conformance(ConformanceArgs),
    /// Answer the questions of `conformance` on standard input by this program's own code.
    #[command(hide = true)]
    ConformanceServe,
    /// Show libtorch, its CUDA part, NVIDIA's driver and the cards, and which of them `--device` can use.
    Devices,
    /// Write down how far the fast implementation is from the reference and the published code, as the tests saw it.
    Agreement(AgreementArgs),
    /// Read a PyTorch checkpoint into a safetensors file. Nothing in it is executed.
    Import(ImportArgs),
    /// Write a checkpoint as a PyTorch file.
    Export(ExportArgs),
    /// Show what a checkpoint holds.
    Inspect(InspectArgs),
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Folder of a profile's runs, such as runs/quick; several where parts of it were run on several machines.
    #[arg(default_value = "runs/quick")]
    pub runs: Vec<PathBuf>,
    /// Folder for pages, tables and figures [default: report in the first of RUNS].
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// File whose text between `<!-- results:begin -->` and `<!-- results:end -->` becomes the results of these runs.
    #[arg(long, value_name = "FILE")]
    pub readme: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct AgreementArgs {
    /// Records that `cargo test --test suite` left.
    #[arg(default_value = "target/agreement")]
    pub records: PathBuf,
    /// Folder for agreement.md and agreement.csv.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    #[command(flatten)]
    pub select: SelectArgs,
    /// Say more: what each job does.
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say only what failed, and where the report is.
    #[arg(short, long)]
    pub quiet: bool,
}

/// The choice of what is run, and where.
#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Embedded profile (quick, standard, paper, paper-ibn, miniature) or the path of a TOML file.
    #[arg(long, default_value = "quick", value_name = "NAME|FILE")]
    pub profile: String,
    /// Which rows and tasks of the profile: table1, table2 (ablations), sensitivity, several-k, dbscan-column, options,
    /// paper-vs-code, bn-group, unscaled, regime (what the soft triplet loss is worth), or the path of a TOML file.
    #[arg(long, default_value = "table1", value_name = "NAME|FILE")]
    pub experiment: String,
    /// Task to run, may be repeated: market-to-duke, duke-to-market, market-to-msmt, duke-to-msmt, or with --data-root any two
    /// of market, duke, msmt, msmt-v2, own [default: those of the experiment].
    #[arg(long = "task", value_name = "TASK")]
    pub tasks: Vec<Task>,
    /// Method to run, may be repeated: pre-trained, baseline, mmt, oracle, variant (rows of an experiment) [default: all].
    #[arg(long = "method", value_name = "METHOD")]
    pub methods: Vec<Method>,
    /// Seeds of training, such as 1,2,3; each is run on every domain seed [default: those of the profile].
    #[arg(long, value_delimiter = ',', value_name = "N,...")]
    pub seeds: Vec<u64>,
    /// Seeds of the built-in domains, such as 101,102,103 [default: those of the profile].
    #[arg(long, value_delimiter = ',', value_name = "N,...", conflicts_with = "data_root")]
    pub domain_seeds: Vec<u64>,
    /// Run the I-th of N parts of the jobs; start each part by a command of its own, on one machine or several.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// Evaluate with k-reciprocal re-ranking as well; the records keep both.
    #[arg(long)]
    pub rerank: bool,
    /// Folder with the real datasets (market1501/, dukemtmc/, msmt17/, own/) instead of the built-in synthetic domains.
    #[arg(long, value_name = "DIR")]
    pub data_root: Option<PathBuf>,
    /// Tell real data apart by the contents of every image, not by names, labels and sizes alone: a run is then never taken for one of
    /// other data, and reading all images once more is the price.
    #[arg(long, requires = "data_root")]
    pub hash_contents: bool,
    /// Folder where the built-in domains are kept.
    #[arg(long, default_value = "target/domains", value_name = "DIR", conflicts_with = "data_root")]
    pub domains_dir: PathBuf,
    /// Folder for runs and reports: `<OUT>/<profile>/`.
    #[arg(long, default_value = "runs", value_name = "DIR")]
    pub out: PathBuf,
    /// Checkpoint whose trunk both source networks start from, such as ImageNet weights (.pth or .safetensors) [default: the profile's `init`, or random weights].
    #[arg(long, value_name = "FILE")]
    pub init: Option<PathBuf>,
    /// Which network of that checkpoint, where it holds several: what stands before its names, such as mean-1.
    #[arg(long, value_name = "PREFIX")]
    pub init_prefix: Option<String>,
    #[command(flatten)]
    pub machine: MachineArgs,
}

impl SelectArgs {
    /// The experiment's profile with what the command line changes.
    pub fn profile(&self) -> Result<Profile> {
        let mut profile = Experiment::load(&self.experiment)?.of(&Profile::load(&self.profile)?)?;
        if !self.tasks.is_empty() {
            profile.tasks = unique(&self.tasks);
        }
        if !self.seeds.is_empty() {
            profile.seeds = unique(&self.seeds);
        }
        if !self.domain_seeds.is_empty() {
            profile.domain_seeds = unique(&self.domain_seeds);
        }
        profile.rerank |= self.rerank;
        Ok(profile)
    }

    /// How that profile is to be run.
    ///
    /// # Errors
    /// A checkpoint to start from that cannot be read.
    pub fn options(&self, profile: &Profile) -> Result<RunOptions> {
        let origin = match &self.data_root {
            Some(root) => Origin::Real(root.clone()),
            None => Origin::Synthetic(self.domains_dir.clone(), profile.domains.clone()),
        };
        Ok(RunOptions {
            out: self.out.clone(),
            origin,
            hashed: if self.hash_contents { HashedData::Contents } else { HashedData::Sizes },
            methods: self.methods(),
            shard: self.shard,
            device: self.machine.device,
            threads: self.machine.threads(),
            init: self.initial_weights(profile)?,
        })
    }

    /// The checkpoint of the command line, or else that of the profile.
    fn initial_weights(&self, profile: &Profile) -> Result<Option<InitialWeights>> {
        let spec = profile.backbone.spec();
        let open = |path: &PathBuf| InitialWeights::open(path, self.init_prefix.as_deref(), &spec);
        match (&self.init, &profile.init, &self.init_prefix) {
            (Some(path), ..) => open(path).map_err(|error| error.in_stage("--init")).map(Some),
            (None, Some(path), _) => {
                let stage = || format!("key `init` of profile {}", profile.name);
                open(path).map_err(|error| error.in_stage(stage())).map(Some)
            }
            (None, None, Some(_)) => Err(Error::Usage(
                "--init-prefix chooses a network of the checkpoint that --init names; there is none"
                    .to_owned(),
            )),
            (None, None, None) => Ok(None),
        }
    }

    fn methods(&self) -> Vec<Method> {
        if self.methods.is_empty() { Method::ALL.to_vec() } else { unique(&self.methods) }
    }
}

/// The values without repetitions, in their order.
fn unique<T: Copy + PartialEq>(values: &[T]) -> Vec<T> {
    let mut unique = Vec::new();
    for value in values {
        if !unique.contains(value) {
            unique.push(*value);
        }
    }
    unique
}
