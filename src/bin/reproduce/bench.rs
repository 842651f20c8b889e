//! `reproduce bench`: where the time of a training step goes on this machine.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::Args;
use mmt::data::ImageSize;
use mmt::device::Precision;
use mmt::device::memory::{Memory, in_words};
use mmt::experiment::{Method, Profile};
use mmt::model::Backbone;
use mmt::step_budget::{BudgetRequest, StepBudget, measure};
use mmt::{Error, Result};

use crate::machine::MachineArgs;
use crate::out::print_line;
use crate::tool::Line;

/// Rows of the classifiers where the clustering does not say.
const CLUSTERS: usize = 100;

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Embedded profile (quick, standard, paper, paper-ibn, miniature) or the path of a TOML file: backbone, size of images, batch, losses.
    #[arg(long, default_value = "quick", value_name = "NAME|FILE")]
    pub profile: String,
    /// Another backbone than the profile's.
    #[arg(long, value_name = "NAME")]
    pub backbone: Option<Backbone>,
    /// Another number of images per batch than the profile's, a multiple of 4.
    #[arg(long, value_name = "N")]
    pub batch: Option<u16>,
    /// Another height of the images than the profile's.
    #[arg(long, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub height: Option<u16>,
    /// Another width of the images than the profile's.
    #[arg(long, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub width: Option<u16>,
    /// Steps to time, after three that are not.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub steps: u16,
    /// Numbers of convolutions and matrix products: f32, tf32 (cards only), bf16.
    #[arg(long, default_value = "f32", value_name = "NAME")]
    pub precision: Precision,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Another implementation to time beside it, a command after `--`: it writes a line when it is ready, then does a step for every line
    /// that it reads and writes its seconds, such as `-- python3 benches/peer_step.py small --batch 32 --size 64x32 --threads 2`.
    #[arg(last = true, value_name = "COMMAND")]
    pub peer: Vec<String>,
}

impl BenchArgs {
    fn request(&self, profile: &Profile) -> Result<BudgetRequest> {
        let mmt = profile.rows.iter().find(|row| row.method == Method::Mmt);
        let mmt = mmt.ok_or_else(|| {
            Error::Usage(format!("the profile {} has no row of mutual mean-teaching", profile.name))
        })?;
        let clusters = mmt.adaptation.clustering.classifier_rows(CLUSTERS);
        let side = |other: Option<u16>, own: usize| other.map_or(own, usize::from);
        let ImageSize { height, width } = profile.image_size;
        Ok(BudgetRequest {
            spec: self.backbone.unwrap_or(profile.backbone).spec(),
            settings: mmt.adaptation.clone(),
            batch: self.batch.map_or(mmt.adaptation.batch.size(), usize::from),
            size: ImageSize { height: side(self.height, height), width: side(self.width, width) },
            clusters,
            steps: self.steps.into(),
            device: self.machine.device,
            precision: self.precision,
        })
    }
}

pub fn run(args: &BenchArgs) -> Result<()> {
    let profile = Profile::load(&args.profile)?;
    let request = args.request(&profile)?;
    args.machine.set_threads()?;
    let mut peer = if args.peer.is_empty() { None } else { Some(Peer::start(&args.peer)?) };
    let mut step = peer.as_mut().map(|peer| || peer.step());
    let step = step.as_mut().map(|step| step as &mut dyn FnMut() -> Result<f64>);
    let mut line = Line::new();
    let total = request.steps;
    let found = measure(&request, step, &mut |done| line.tell("steps", done, total));
    drop(line);
    let head = format!(
        "A step of mutual mean-teaching: {} at {} x {}, {} images a step, {}, {} threads, {:?}; medians of {} steps, taken in turn",
        args.backbone.unwrap_or(profile.backbone),
        request.size.height,
        request.size.width,
        request.batch,
        request.precision,
        args.machine.threads(),
        request.device,
        request.steps
    );
    print_line(&format!("{head}\n\n{}", table(&request, &found?)))
}

fn table(request: &BudgetRequest, found: &StepBudget) -> String {
    let mut text = String::new();
    let mut row = |name: &str, value: String, more: &str| {
        text += &format!("{name:<26}{value:>12}{more}\n");
    };
    let milliseconds = |seconds: f64| format!("{:.2} ms", 1e3 * seconds);
    for (name, seconds) in &found.parts {
        row(name, milliseconds(*seconds), &format!("{:>7.0} %", 100.0 * seconds / found.step));
    }
    let rate = format!("   {:.1} images a second", request.batch as f64 / found.step);
    row("the whole step", milliseconds(found.step), &rate);
    row(
        "floor: bare convolutions",
        milliseconds(found.floor),
        &format!("   step / floor {:.2}", found.over_floor),
    );
    if let Some((seconds, ratio)) = found.peer {
        row("the other program", milliseconds(seconds), &format!("   other / step {ratio:.2}"));
    }
    if let Some(card) = Memory::of(request.device) {
        row("memory of the card", in_words(card.peak), " at most");
    }
    text.trim_end().to_owned()
}

/// Another program that does steps.
struct Peer {
    child: Child,
    answers: BufReader<ChildStdout>,
    name: String,
}

impl Peer {
    fn start(command: &[String]) -> Result<Self> {
        let name = command.join(" ");
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Usage(format!("cannot start `{name}`: {error}")))?;
        let answers = child.stdout.take().map(BufReader::new);
        let answers = answers.ok_or_else(|| Error::Usage(format!("`{name}` has no output")))?;
        let mut peer = Self { child, answers, name };
        peer.line()?;
        Ok(peer)
    }

    fn step(&mut self) -> Result<f64> {
        let asked =
            self.child.stdin.as_mut().map(|input| input.write_all(b"\n").and_then(|()| input.flush()));
        if !matches!(asked, Some(Ok(()))) {
            return Err(self.broken("takes no more lines"));
        }
        let line = self.line()?;
        line.trim().parse().map_err(|_| self.broken(&format!("wrote `{}` for seconds", line.trim())))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(count) if count > 0 => Ok(line),
            _ => Err(self.broken("ended")),
        }
    }

    fn broken(&self, what: &str) -> Error {
        Error::Training(format!("`{}` {what}", self.name))
    }
}

/// It reads to the end of its input.
impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
