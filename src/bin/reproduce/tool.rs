//! The common parts of the tools: arguments, a line of progress on standard error, and aligned lines on standard output.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use mmt::Result;
use mmt::data::ImageSize;
use mmt::model::{Backbone, Choice};
use mmt::tools::network_file::Loaded;
use mmt::tools::{Seconds, memory};

use crate::machine::MachineArgs;
use crate::out::say;
use crate::progress::tick;

/// A stage that took longer leaves a line where no terminal shows a bar.
const WORTH_A_LINE: Duration = Duration::from_secs(2);

/// A network, and how images are given to it.
#[derive(Debug, Args)]
pub struct NetworkArgs {
    /// File with a network: the checkpoint.safetensors of a run, or tensors under published or torchvision names.
    #[arg(long, value_name = "FILE")]
    pub checkpoint: PathBuf,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Backbone: resnet18, resnet34, resnet50, resnet101, resnet152, resnet_ibn50a, resnet_ibn101a, small [default: told by the tensors].
    #[arg(long, value_name = "NAME")]
    pub arch: Option<Backbone>,
    /// Height to which images are brought [default: 256; 64 for the small backbone].
    #[arg(long, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub height: Option<u16>,
    /// Width to which images are brought [default: 128; 32 for the small backbone].
    #[arg(long, value_parser = clap::value_parser!(u16).range(16..), value_name = "PIXELS")]
    pub width: Option<u16>,
    /// Images per batch.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..), value_name = "N")]
    pub batch: u16,
    #[command(flatten)]
    pub machine: MachineArgs,
}

/// Which network of a file is meant.
#[derive(Debug, Args)]
pub struct ChoiceArgs {
    /// Which network of the file, where it holds several: what stands before its names, such as mean-1.
    #[arg(long, value_name = "PREFIX")]
    pub prefix: Option<String>,
    /// Where in a PyTorch file the state dict stands, such as model or checkpoint.net [default: found by itself].
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
}

impl ChoiceArgs {
    pub fn choice(&self) -> Choice {
        Choice { key: self.key.clone(), prefix: self.prefix.clone() }
    }
}

impl NetworkArgs {
    pub fn load(&self) -> Result<Loaded> {
        Loaded::open(&self.checkpoint, &self.choice.choice(), self.arch, self.machine.device)
    }

    pub fn size(&self, backbone: Backbone) -> ImageSize {
        let ImageSize { height, width } = backbone.image_size();
        ImageSize {
            height: self.height.map_or(height, usize::from),
            width: self.width.map_or(width, usize::from),
        }
    }

    pub fn batch(&self) -> usize {
        usize::from(self.batch)
    }

    /// `resnet50, 751 classes, 256 x 128, prefix mean-1.`
    pub fn describe(&self, loaded: &Loaded) -> String {
        let ImageSize { height, width } = self.size(loaded.backbone);
        let classes = match loaded.classes {
            0 => String::new(),
            classes => format!(", classifier of {classes}"),
        };
        let prefix = match loaded.prefix.as_str() {
            "" => String::new(),
            prefix => format!(", prefix {prefix}"),
        };
        format!("{}{prefix}{classes}, images of {height} x {width}", loaded.backbone)
    }
}

/// One line of progress: a bar where the amount of work is known, a spinner where it is not.
pub struct Line {
    bar: ProgressBar,
    stage: Option<(&'static str, Instant)>,
}

impl Line {
    pub fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        tick(&bar, Duration::from_millis(200));
        Self { bar, stage: None }
    }

    /// As [`mmt::tools::Progress`] wants it.
    pub fn tell(&mut self, stage: &'static str, done: usize, total: usize) -> Result<()> {
        if self.stage.is_none_or(|(current, _)| current != stage) {
            self.end_stage();
            self.stage = Some((stage, Instant::now()));
            let template = match total {
                0 => "{spinner} {msg} {elapsed}",
                _ => "{msg:12} {bar:30} {pos}/{len}, {eta} left",
            };
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            self.bar.set_style(style.progress_chars("━╸─"));
            self.bar.reset();
            self.bar.set_message(stage);
            self.bar.set_length(total as u64);
        }
        self.bar.set_position(done as u64);
        Ok(())
    }

    fn end_stage(&mut self) {
        let Some((stage, since)) = self.stage.take() else { return };
        if self.bar.is_hidden() && since.elapsed() > WORTH_A_LINE {
            say(&format!("{stage}: {:.1} s", since.elapsed().as_secs_f64()));
        }
    }
}

/// The line goes away before anything else is printed.
impl Drop for Line {
    fn drop(&mut self) {
        self.end_stage();
        self.bar.finish_and_clear();
    }
}

/// Names and values, the values one below the other.
pub fn pairs_text(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    pairs.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// A warning on standard error.
pub fn warn(text: &str) {
    say(&format!("warning: {text}"));
}

/// `reading features 0.1, DBSCAN 2.0`
pub fn seconds_text(seconds: &Seconds) -> String {
    let parts: Vec<String> = seconds.iter().map(|(stage, seconds)| format!("{stage} {seconds:.1}")).collect();
    parts.join(", ")
}

/// The pair that says how much memory was needed, where the system tells.
pub fn memory_pair() -> Option<(&'static str, String)> {
    memory::peak().map(|bytes| ("peak memory", format!("{:.2} GiB", bytes as f64 / f64::from(1 << 30))))
}

/// `12.3 %`
pub fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole as f64)
}
