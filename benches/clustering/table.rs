//! The table of ratios.

use std::fs;
use std::path::{Path, PathBuf};

use super::steps::Step;

/// A measured step.
#[derive(Debug, Clone)]
pub struct Line {
    pub step: Step,
    pub images: usize,
    pub dimension: usize,
    pub seconds: f64,
    /// Bytes above what was held before.
    pub peak: Option<usize>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Table(Vec<Line>);

impl Table {
    pub fn add(&mut self, line: Line) {
        self.0.push(line);
    }

    /// A Markdown table: seconds, and how many products X·Xᵀ of the same size and run that is.
    pub fn text(&self) -> String {
        let mut text = "| N | D | step | seconds | products X·Xᵀ | memory on top, GiB |\n\
                        | ---: | ---: | --- | ---: | ---: | ---: |\n"
            .to_owned();
        for line in &self.0 {
            let product = self.0.iter().find(|other| {
                other.step == Step::Product
                    && (other.images, other.dimension) == (line.images, line.dimension)
            });
            let ratio = product.map_or(f64::NAN, |product| line.seconds / product.seconds);
            let memory =
                line.peak.map_or_else(String::new, |peak| format!("{:.2}", peak as f64 / f64::from(1 << 30)));
            text += &format!(
                "| {} | {} | {} | {:.3} | {ratio:.2} | {memory} |\n",
                line.images,
                line.dimension,
                line.step.name(),
                line.seconds
            );
        }
        text
    }

    /// Writes `reports/benchmarks.md`.
    pub fn write(&self) -> std::io::Result<PathBuf> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/benchmarks.md");
        let text = format!(
            "# Benchmarks of clustering and evaluation\n\n\
             Made by `cargo bench --bench clustering` (with `MMT_EXTENSIVE=1` also the two largest sizes, measured once). Clustered random\n\
             features, 17 images per identity, unit length, f32. A product is the whole N × N matrix product X·Xᵀ, measured in the same run: the\n\
             work that nobody who compares all pairs can leave out, though its symmetry gives half of it back. mAP + CMC: N/5 queries against\n\
             4N/5 images, distances given. k-means: k = 500 N / 12,936.\n\n\
             Machine: {}. Day: {}. libtorch 2.11.0. Built with the {} profile.\n\n{}\n{}",
            machine(),
            day(),
            // `cargo bench --profile dev` spares the long build; the products are libtorch's either way.
            if cfg!(debug_assertions) { "dev" } else { "bench" },
            self.text(),
            PEERS
        );
        fs::write(&path, text)?;
        Ok(path)
    }
}

/// Figures of others, measured elsewhere with the same sizes.
const PEERS: &str = "Peers: `python3 benches/peers.py` times scikit-learn and, given a clone, the published code on features of the same kind;\n\
                     what it printed stands in [peers.md](peers.md).\n";

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = information.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|line| line.split(": ").nth(1)).unwrap_or("unknown processor");
    let vector = ["avx512f", "avx2"]
        .into_iter()
        .find(|name| information.contains(name))
        .unwrap_or("neither AVX2 nor AVX-512");
    format!("{cores} cores, {model} ({vector})")
}

/// The day as `date` gives it.
fn day() -> String {
    let output = std::process::Command::new("date").arg("+%Y-%m-%d").output();
    output.map_or_else(|_| String::new(), |output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
