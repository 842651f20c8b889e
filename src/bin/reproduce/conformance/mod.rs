//! `reproduce conformance`: the definitions put to any implementation.

use std::ffi::OsString;
use std::fs;
use std::io::{stdin, stdout};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use mmt::conformance::Fast;
use mmt::record::{write_csv, write_whole};
use mmt::{Error, Result};
use mmt_conformance::check::{Finding, Offering, Plan, check, selected, widths};
use mmt_conformance::definitions::ALL;
use mmt_conformance::implementation::{Fault, Implementation, Offer};
use mmt_conformance::offline::{ANSWERS, CALLS, Written};
use mmt_conformance::program::Program;
use mmt_conformance::{case_file, catalogue, golden, offline, report, serve as answering};
use tch::Device;

use crate::interrupt::INTERRUPTED;
use crate::out::print;
use crate::tool::Line;

#[derive(Debug, Args)]
pub struct ConformanceArgs {
    /// The program to ask, with its arguments, after `--`: it speaks the protocol of docs/conformance.md.
    #[arg(last = true, value_name = "PROGRAM")]
    pub program: Vec<OsString>,
    /// Cases of each definition and width.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=100_000), value_name = "N")]
    pub cases: u64,
    /// Seed of the cases.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub seed: u64,
    /// Folder of golden values of the published code, such as tests/golden, whose inputs are put before the drawn cases.
    #[arg(long, value_name = "DIR")]
    pub golden: Option<PathBuf>,
    /// Only these definitions, such as D7,D12 [default: all that are offered].
    #[arg(long, value_delimiter = ',', value_name = "D,...")]
    pub only: Vec<String>,
    /// Seconds that an answer may take.
    #[arg(long, default_value_t = 10.0, value_parser = seconds, value_name = "SECONDS")]
    pub time_limit: f64,
    /// Folder for the report and the smallest cases.
    #[arg(long, default_value = "runs/conformance", value_name = "DIR")]
    pub out: PathBuf,
    /// Put this one case, a file that an earlier call left in cases/.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cases", "seed", "golden", "only", "write", "read"])]
    pub case: Option<PathBuf>,
    /// Write the questions into a folder, for a program that cannot be started from here.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["program", "read", "own", "out", "time_limit"])]
    pub write: Option<PathBuf>,
    /// Read the answers to the questions that --write left in this folder.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["program", "own", "cases", "seed", "golden", "only", "time_limit"])]
    pub read: Option<PathBuf>,
    /// Show all definitions: inputs, outputs, allowed errors, known readings.
    #[arg(long, exclusive = true)]
    pub list: bool,
    /// Ask this program's own fast code, over the protocol.
    #[arg(long = "self", conflicts_with = "program")]
    pub own: bool,
}

/// A positive number of seconds, at most a day.
fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(seconds),
        _ => Err("must be above 0, to 86400".to_owned()),
    }
}

pub fn run(args: &ConformanceArgs) -> Result<()> {
    if args.list {
        return print(&catalogue::page());
    }
    let only: Vec<String> = args.only.iter().map(|number| number.trim().to_uppercase()).collect();
    let definitions = selected(&only).map_err(|number| {
        Error::unknown("definition", &number, &ALL.iter().map(|each| each.number).collect::<Vec<_>>())
    })?;
    let mut golden = args.golden.as_deref().map_or_else(|| Ok(Vec::new()), golden::read).map_err(refused)?;
    golden.retain(|case| definitions.iter().any(|each| each.number == case.definition.number));
    let plan = Plan { definitions, golden, cases: args.cases, seed: args.seed };
    if let Some(folder) = &args.write {
        return write(&plan, folder);
    }
    if let Some(folder) = &args.read {
        let mut written = Written::read(folder).map_err(refused)?;
        let plan = written.plan().clone();
        return put(&mut written, &plan, &args.out);
    }
    let mut program = program(args)?;
    clear_on_interrupt(program.folder_path().to_owned())?;
    match &args.case {
        Some(file) => replay(&mut program, file, args),
        None => put(&mut program, &plan, &args.out),
    }
}

/// Answers questions on standard input.
pub fn serve() -> Result<()> {
    let fast = &mut Fast { device: Device::Cpu };
    answering::serve(fast, stdin().lock(), stdout().lock()).map_err(Error::io("write", "standard output"))
}

fn refused(error: mmt_conformance::Error) -> Error {
    Error::Conformance(error.to_string())
}

fn write(plan: &Plan, folder: &Path) -> Result<()> {
    let calls = offline::write(plan, folder).map_err(refused)?;
    let folder = folder.display();
    print(&format!(
        "{calls} questions: YOUR PROGRAM < {CALLS} > {ANSWERS} in {folder}, where large arrays lie, \
         then reproduce conformance --read {folder}\n"
    ))
}

/// The program that is asked: the one of the command line, or this one.
fn program(args: &ConformanceArgs) -> Result<Program> {
    let command = match (args.own, args.program.is_empty()) {
        (true, _) => {
            let own = std::env::current_exe().map_err(Error::io("find", "this program"))?;
            vec![own.into_os_string(), "conformance-serve".into()]
        }
        (false, false) => args.program.clone(),
        (false, true) => {
            return Err(Error::Usage(
                "nothing to ask: name a program after `--`, such as `-- python3 adapters/template.py`, or --self"
                    .to_owned(),
            ));
        }
    };
    Program::new(&command, Duration::from_secs_f64(args.time_limit))
        .map_err(Error::io("create", std::env::temp_dir()))
}

/// Ctrl-C ends it, and the program that is asked with it; the folder of their files goes, too.
fn clear_on_interrupt(folder: PathBuf) -> Result<()> {
    let clear = move || {
        // It may be gone already.
        let _ = fs::remove_dir_all(&folder);
        std::process::exit(i32::from(INTERRUPTED));
    };
    ctrlc::set_handler(clear).map_err(|error| Error::Conformance(format!("cannot listen to Ctrl-C: {error}")))
}

/// Puts all cases, writes the report, and says whether anything is wrong.
fn put(implementation: &mut dyn Implementation, plan: &Plan, out: &Path) -> Result<()> {
    let mut line = Line::new();
    let mut told = |definition: &mmt_conformance::Definition, _, done: u64, cases: u64| {
        // Progress cannot fail.
        let _ = line.tell(definition.number, done as usize, cases as usize);
    };
    let checked = check(implementation, plan, &mut told);
    drop(line);
    let (offer, findings) = checked.map_err(|fault| unasked(&*implementation, &fault))?;
    finish(&offer, plan, &findings, out)
}

/// Puts one case again, in the width of the file or in all that are offered.
fn replay(program: &mut Program, file: &Path, args: &ConformanceArgs) -> Result<()> {
    let case = case_file::read(file).map_err(refused)?;
    let offer = program.offer().map_err(|fault| unasked(program, &fault))?;
    let offered = offer.definitions.get(case.definition.number);
    let widths = offered.map_or_else(Vec::new, |offered| widths(case.definition, offered));
    let widths: Vec<_> =
        widths.into_iter().filter(|width| case.width.is_none_or(|own| own == *width)).collect();
    let Some(offered) = offered.filter(|_| !widths.is_empty()) else {
        let text = format!(
            "{}: {} does not offer {} in that width",
            file.display(),
            offer.name,
            case.definition.number
        );
        return Err(Error::Conformance(text));
    };
    let put = |width| Offering::new(case.definition, width, &offered.outputs).replay(program, &case.inputs);
    let findings: Vec<Finding> = widths.into_iter().map(put).collect();
    let plan = Plan { definitions: vec![case.definition], golden: Vec::new(), cases: 1, seed: 0 };
    finish(&offer, &plan, &findings, &args.out)
}

/// An implementation that does not say what it offers.
fn unasked(implementation: &dyn Implementation, fault: &Fault) -> Error {
    let words = implementation.last_words();
    let said = words.last().map_or_else(String::new, |line| format!("; it said: {line}"));
    Error::Conformance(format!("the question what is offered was not answered: {fault}{said}"))
}

/// Writes the report and prints the table.
fn finish(offer: &Offer, plan: &Plan, findings: &[Finding], out: &Path) -> Result<()> {
    let rows = report::rows(findings);
    let shown = report::shown(findings);
    let cases = out.join("cases");
    fs::create_dir_all(&cases).map_err(Error::io("create", &cases))?;
    let page = page(&report::summary(offer, plan, findings), &rows, &shown)?;
    write_whole(&out.join("conformance.md"), report::markdown(offer, plan, findings).as_bytes())?;
    write_whole(&out.join("conformance.html"), page.as_bytes())?;
    write_csv(&out.join("conformance.csv"), &rows)?;
    for shown in &shown {
        write_whole(&cases.join(format!("{}.json", shown.stem)), shown.case.as_bytes())?;
    }
    let line = |row: &report::Row| {
        let remark = if row.remark.is_empty() { String::new() } else { format!("  {}", row.remark) };
        format!("{:4} {:4} {:12}{remark}\n", row.definition, row.width, row.verdict)
    };
    print(&rows.iter().map(line).collect::<String>())?;
    print(&format!(
        "{}\nopen {}\n",
        report::summary(offer, plan, findings),
        out.join("conformance.html").display()
    ))?;
    match findings.iter().filter(|finding| !finding.is_fine()).count() {
        0 => Ok(()),
        wrong => Err(Error::Conformance(format!(
            "{wrong} of {} comparisons do not hold; {} has the smallest inputs",
            findings.len(),
            cases.display()
        ))),
    }
}

/// The page for a browser.
fn page(summary: &str, rows: &[report::Row], shown: &[report::Shown]) -> Result<String> {
    let mut templates = minijinja::Environment::new();
    let made = templates.add_template("page.html", include_str!("page.html")).and_then(|()| {
        let context = minijinja::context! { summary, rows, shown };
        templates.get_template("page.html")?.render(context)
    });
    made.map_err(|error| Error::Report { what: "the page".to_owned(), reason: error.to_string() })
}
