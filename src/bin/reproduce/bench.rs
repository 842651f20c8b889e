//! `reproduce bench`: where the time of a training step goes on this machine.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use clap::Args;
use mmt::data::ImageSize;
use mmt::experiment::{Method, Profile};
use mmt::model::Backbone;
use mmt::step_budget::{BudgetRequest, StepBudget, measure};
use mmt::{Error, Result};

use crate::args::MachineArgs;
use crate::out::print_line;
use crate::tool::Line;

#[derive(Debug, Args)]
pub struct BenchArgs {
    /// Backbone of the four networks.
    #[arg(long, default_value = "small", value_name = "NAME")]
    pub backbone: Backbone,
    /// Images per batch, a multiple of 4.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(4..), value_name = "N")]
    pub batch: u16,
    /// Height of the images.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub height: u16,
    /// Width of the images.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub width: u16,
    /// Rows of the classifiers.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(2..), value_name = "K")]
    pub clusters: u16,
    /// Steps to time.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub steps: u16,
    #[command(flatten)]
    pub machine: MachineArgs,
    /// Another implementation to time beside it, a command after `--`: it writes a line when it is ready, then does a step for every line
    /// that it reads and writes its seconds, such as `-- python3 benches/peer_step.py small 2`.
    #[arg(last = true, value_name = "COMMAND")]
    pub peer: Vec<String>,
}

impl BenchArgs {
    fn request(&self) -> Result<BudgetRequest> {
        let profile = Profile::load("quick")?;
        let mmt = profile.rows.into_iter().find(|row| row.method == Method::Mmt);
        let mmt = mmt.ok_or_else(|| Error::Usage("the profile quick has no row of mmt".to_owned()))?;
        Ok(BudgetRequest {
            spec: self.backbone.spec(),
            settings: mmt.adaptation,
            batch: self.batch.into(),
            size: ImageSize { height: self.height.into(), width: self.width.into() },
            clusters: self.clusters.into(),
            steps: self.steps.into(),
            device: self.machine.device,
        })
    }
}

pub fn run(args: &BenchArgs) -> Result<()> {
    let request = args.request()?;
    args.machine.set_threads()?;
    let mut peer = if args.peer.is_empty() { None } else { Some(Peer::start(&args.peer)?) };
    let mut step = peer.as_mut().map(|peer| || peer.step());
    let step = step.as_mut().map(|step| step as &mut dyn FnMut() -> Result<f64>);
    let mut line = Line::new();
    let total = request.steps;
    let found = measure(&request, step, &mut |done| line.tell("steps", done, total));
    drop(line);
    print_line(&table(args, &found?))
}

fn table(args: &BenchArgs, found: &StepBudget) -> String {
    let mut text = format!(
        "A step of mutual mean-teaching: {} at {} × {}, batch {}, {} threads, {:?}; medians of {} steps, taken in turn\n\n",
        args.backbone,
        args.height,
        args.width,
        args.batch,
        args.machine.threads(),
        args.machine.device,
        args.steps
    );
    let mut row = |name: &str, seconds: f64, more: &str| {
        text += &format!("{name:<28}{:>9.2} ms{more}\n", 1e3 * seconds);
    };
    for (name, seconds) in &found.parts {
        row(name, *seconds, &format!("{:>7.0} %", 100.0 * seconds / found.step));
    }
    row("the whole step", found.step, "");
    row("floor: convolutions alone", found.floor, &format!("   step / floor {:.2}", found.over_floor));
    if let Some((seconds, ratio)) = found.peer {
        row("the other program", seconds, &format!("   other / step {ratio:.2}"));
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
