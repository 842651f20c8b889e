//! `reproduce speed`: how fast this machine trains.

use clap::Args;
use mmt::Result;
use mmt::device::Precision;
use mmt::device::memory::{Memory, in_words};
use mmt::experiment::{Profile, time_steps};

use crate::args::MachineArgs;
use crate::out::print;
use crate::tool::{Line, memory_pair, pairs_text};

#[derive(Debug, Args)]
pub struct SpeedArgs {
    /// Embedded profile (quick, standard, paper, paper-ibn, miniature) or the path of a TOML file: backbone, size of images, batch.
    #[arg(long, default_value = "paper", value_name = "NAME|FILE")]
    pub profile: String,
    /// Steps to time, after three that are not.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub steps: u16,
    /// Numbers of convolutions and matrix products: f32, tf32 (cards only), bf16.
    #[arg(long, default_value = "f32", value_name = "NAME")]
    pub precision: Precision,
    #[command(flatten)]
    pub machine: MachineArgs,
}

pub fn run(args: &SpeedArgs) -> Result<()> {
    let profile = Profile::load(&args.profile)?;
    args.machine.set_threads()?;
    let mut line = Line::new();
    let (device, steps) = (args.machine.device, usize::from(args.steps));
    let result = time_steps(&profile, args.precision, device, steps, &mut |_| line.tell("steps", 0, 0));
    drop(line);
    let found = result?;
    let fastest = found.seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let mut pairs = vec![
        ("profile", format!("{}, {}", profile.name, profile.backbone)),
        ("precision", args.precision.to_string()),
        (
            "images",
            format!("{} a step, {} x {}", found.images, profile.image_size.height, profile.image_size.width),
        ),
        ("seconds", format!("{:.4} a step (median), {fastest:.4} the fastest", found.median())),
        ("speed", format!("{:.1} images a second", found.images as f64 / found.median())),
    ];
    pairs.extend(memory_pair());
    let card = Memory::of(device);
    pairs.extend(card.map(|card| ("card", format!("{} at most", in_words(card.peak)))));
    print(&pairs_text(&pairs))
}
