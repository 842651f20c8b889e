//! `reproduce`: the four tasks from one command, and tools for features and networks of one's own. Arguments and progress bars only; everything else is in the library.

mod allocator;
mod args;
mod bench;
mod check;
mod cluster;
mod conformance;
mod evaluate;
mod extract;
mod files;
mod interrupt;
mod machine;
mod out;
mod progress;
mod tool;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use args::{AgreementArgs, Cli, Command, ReportArgs, RunArgs, SelectArgs};
use clap::Parser;
use interrupt::INTERRUPTED;
use mmt::device::memory::wants_memory;
use mmt::device::process;
use mmt::experiment::{Forecast, Run, Stop, WORKER};
use mmt::{Error, Result};
use mmt_report::{agreement, build, write_readme};
use out::{clap_message, print, print_line, say};
use progress::{Bars, Verbosity};
use tool::warn;

#[global_allocator]
static ALLOCATOR: allocator::Allocator = allocator::Allocator;

/// Exit status of a wrong command line or setting.
const USAGE: u8 = 2;
fn main() -> ExitCode {
    mmt::shim::keep_freed_memory();
    quiet_workers();
    let result = match Cli::try_parse() {
        Ok(cli) => dispatch(cli),
        Err(message) => match clap_message(&message) {
            Ok(status) => return ExitCode::from(u8::try_from(status).unwrap_or(USAGE)),
            Err(error) => Err(error),
        },
    };
    let Err(error) = result else { return ExitCode::SUCCESS };
    say(&format!("error: {error}"));
    match error {
        Error::Interrupted => ExitCode::from(INTERRUPTED),
        error if error.is_usage() => ExitCode::from(USAGE),
        _ => ExitCode::FAILURE,
    }
}

fn dispatch(cli: Cli) -> Result<()> {
    match cli.command {
        Some(Command::Run(args)) => run(&args),
        Some(Command::Plan(args)) => plan(&args),
        Some(Command::Report(args)) => report(&args),
        Some(Command::Evaluate(args)) => evaluate::run(&args),
        Some(Command::Check(args)) => check::run(&args),
        Some(Command::Extract(args)) => extract::run(&args),
        Some(Command::Cluster(args)) => cluster::run(&args),
        Some(Command::Bench(args)) => bench::run(&args),
        Some(Command::Conformance(args)) => conformance::run(&args),
        Some(Command::ConformanceServe) => conformance::serve(),
        Some(Command::Devices) => devices(),
        Some(Command::Agreement(args)) => write_agreement(&args),
        Some(Command::Import(args)) => files::import_file(&args),
        Some(Command::Export(args)) => files::export_file(&args),
        Some(Command::Inspect(args)) => files::inspect(&args),
        None => run(&cli.run),
    }
}

/// A panic of a job, or one for want of memory, comes back as an error, so it is not told twice; `RUST_BACKTRACE` brings it back.
fn quiet_workers() {
    if std::env::var_os("RUST_BACKTRACE").is_some() {
        return;
    }
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let caught = std::thread::current().name() == Some(WORKER) || wants_memory(panic.payload());
        if !caught {
            tell(panic);
        }
    }));
}

fn run(args: &RunArgs) -> Result<()> {
    let select = &args.select;
    let profile = select.profile()?;
    select.machine.set_threads()?;
    let stop = Arc::new(Stop::new());
    on_interrupt(stop.clone())?;
    let verbosity = match (args.quiet, args.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let options = select.options(&profile)?;
    if let Some(init) = options.init.as_ref().filter(|_| !args.quiet) {
        say(&format!("init: {}", init.line()));
    }
    let bars = Bars::new(verbosity);
    let result = Run::new(profile, options, stop, &bars).and_then(|run| run.execute(&bars).map(|()| run));
    bars.clear();
    let run = result?;
    if select.shard.is_some() {
        // The other parts may be at work still.
        let folder = run.folder().display();
        return print_line(&format!("This part is done. When all are: reproduce report {folder}"));
    }
    let left_out: Vec<(String, String)> =
        run.left_out().iter().map(|left_out| (left_out.task.to_string(), left_out.reason.clone())).collect();
    write_report(&[run.folder().to_owned()], &run.folder().join("report"), &left_out, None)
}

fn plan(args: &SelectArgs) -> Result<()> {
    let profile = args.profile()?;
    let options = args.options(&profile)?;
    print_line(&Forecast::new(profile, options)?.to_string())
}

fn report(args: &ReportArgs) -> Result<()> {
    process::room_for_tables()?;
    let out = args.out.clone().unwrap_or_else(|| args.runs[0].join("report"));
    write_report(&args.runs, &out, &[], args.readme.as_deref())
}

fn devices() -> Result<()> {
    print_line(&mmt::device::Overview::ask().to_string())
}

fn write_agreement(args: &AgreementArgs) -> Result<()> {
    process::room_for_tables()?;
    let made = agreement::build(&args.records, &args.out)?;
    let files: String = made.files.iter().map(|file| format!("{}\n", file.display())).collect();
    print(&format!("{}\n{files}", made.text))
}

/// Makes tables and figures and says where they are; puts the results into `readme`.
fn write_report(
    runs: &[PathBuf],
    out: &Path,
    left_out: &[(String, String)],
    readme: Option<&Path>,
) -> Result<()> {
    let report = build(runs, out, left_out)?;
    for warning in &report.warnings {
        warn(warning);
    }
    if let Some(path) = readme {
        write_readme(path, &report.readme)?;
    }
    print(&format!("{}\nopen {}\n", report.text, out.join("report.html").display()))
}

/// The first Ctrl-C asks the run to end, the second one ends it.
fn on_interrupt(stop: Arc<Stop>) -> Result<()> {
    ctrlc::set_handler(move || {
        if stop.is_asked() {
            std::process::exit(i32::from(INTERRUPTED));
        }
        stop.ask();
    })
    .map_err(|error| Error::Training(format!("cannot listen to Ctrl-C: {error}")))
}
