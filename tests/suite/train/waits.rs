//! How often a training step waits for its device: the values that are read back are counted where they are read
//! ([`mmt::device::transfer`]), and nothing else on the way of a step reads any.

use std::fs;
use std::path::{Path, PathBuf};

use mmt::device::transfer::waits;
use mmt::train::{EpochOutcome, Teachers};

use super::dropout::{adaptation, pretraining, settings, store};

/// Rooms on the way of a training step.
const ROOMS: [&str; 4] = ["src/train", "src/loss", "src/model", "src/distance.rs"];

/// Calls that read values of a tensor, or copy one to a device while the processor waits.
const WAITING: [&str; 7] =
    ["double_value(", "int64_value(", "::try_from(", ".to_device(", "f_to_device(", "copy_data(", ".cuda("];

/// Lines that do so and do not belong to a step.
const OUTSIDE_OF_STEPS: &[(&str, &str)] = &[
    ("src/train/adaptation.rs", "eps.double_value("),
    ("src/train/learners.rs", "set_classifier(&centroids.to_device("),
    ("src/train/fused_adam/mod.rs", "let copy = |tensor: &Tensor| tensor.to_device(Device::Cpu)"),
    ("src/model/initial.rs", "tensor.to_kind(self.kind).to_device(self.device)"),
    ("src/loss/mod.rs", "outside.any().int64_value("),
    ("src/loss/mod.rs", "argmax(0, false).int64_value("),
    ("src/loss/mod.rs", "label: labels.int64_value("),
    ("src/distance.rs", "bad.sum(Kind::Int64).int64_value("),
    ("src/distance.rs", "argmax(0, false).int64_value("),
];

#[test]
fn an_epoch_waits_at_most_once_a_step_and_once_for_the_means() {
    let (_folder, images) = store();
    for teachers in [Teachers::MutualMean, Teachers::OwnMean, Teachers::MutualCurrent] {
        let settings = settings(teachers, 0.5);
        let mut adaptation = adaptation(&settings, &images).unwrap();
        let before = waits();
        let EpochOutcome { losses, lessons, .. } = adaptation.next_epoch(&mut ()).unwrap();
        assert!(waits() - before <= settings.steps as u64, "{teachers:?}: {} waits", waits() - before);
        let before = waits();
        losses.means().unwrap();
        assert_eq!(waits() - before, 1);
        let before = waits();
        assert!(!lessons.anchors().unwrap().is_empty());
        assert_eq!(waits() - before, 1, "what was taught comes over at once");
    }
    let mut pretraining = pretraining(&images, 0.5).unwrap();
    let before = waits();
    pretraining.next_epoch(&mut ()).unwrap();
    assert!(waits() - before <= 2, "{} waits in two steps", waits() - before);
}

#[test]
fn nothing_on_the_way_of_a_step_reads_values_without_being_counted() {
    let mut wrong = Vec::new();
    let mut used = vec![false; OUTSIDE_OF_STEPS.len()];
    for path in ROOMS.iter().flat_map(|room| sources(&root().join(room))) {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        // Checkpoints are read and written between epochs.
        if ["weights", "stored", "checkpoint", "model/load"].iter().any(|file| name.contains(file)) {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or(&text);
        for line in code.lines().filter(|line| WAITING.iter().any(|call| line.contains(call))) {
            let known = |(file, part): &(&str, &str)| name == *file && line.contains(part);
            match OUTSIDE_OF_STEPS.iter().position(known) {
                Some(at) => used[at] = true,
                None => wrong.push(format!("{name}: {}", line.trim())),
            }
        }
    }
    assert!(wrong.is_empty(), "read by `device::transfer`, or say why not:\n{}", wrong.join("\n"));
    let unused: Vec<_> = OUTSIDE_OF_STEPS.iter().zip(used).filter(|(_, used)| !used).collect();
    assert!(unused.is_empty(), "gone: {unused:?}");
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust files below a path, or the path itself.
fn sources(path: &Path) -> Vec<PathBuf> {
    if path.is_file() {
        return vec![path.to_owned()];
    }
    let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "rs"));
    below.flat_map(|path| sources(&path)).collect()
}
