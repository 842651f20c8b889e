//! How much memory a run takes, by an estimate from the sizes of its networks and batches.

use tch::Device;

use super::layout::Layout;
use super::monitor::Monitor;
use super::profile::Profile;
use crate::device::memory::{Memory, in_words};
use crate::device::process::room_for_training;
use crate::error::Result;
use crate::model::Footprint;
use crate::train::{AdaptationSettings, methods};

/// Bytes of a value: all training is in f32.
const VALUE: u64 = 4;

/// Values kept of a student's parameter: itself, its gradient, and Adam's two moments.
const OF_A_PARAMETER: u64 = 4;

/// Values kept of a convolution's output until the gradients are made: itself for its norm, and what the norm makes of it for what comes
/// next.
const OF_AN_OUTPUT: u64 = 2;

/// Bytes that the largest job of a profile takes in training. Not in it: workspaces of libtorch's kernels, and the pieces of clustering
/// and evaluation, which take what is free.
pub(super) fn needed(profile: &Profile) -> u64 {
    let footprint = profile.backbone.spec().footprint(profile.image_size);
    let adaptations = profile.rows.iter().map(|row| adaptation(&row.adaptation, footprint));
    adaptations.fold(training(footprint, 1, 0, profile.pretraining.batch.size()), u64::max)
}

fn adaptation(settings: &AdaptationSettings, footprint: Footprint) -> u64 {
    let method = methods::of(settings);
    let students = method.students() as u64;
    let mean_networks = if method.has_mean_networks() { students } else { 0 };
    training(footprint, students, mean_networks, settings.batch.size())
}

fn training(of: Footprint, students: u64, mean_networks: u64, batch: usize) -> u64 {
    let student = OF_A_PARAMETER * of.parameters + OF_AN_OUTPUT * of.convolved * batch as u64;
    VALUE * (students * student + mean_networks * of.parameters)
}

impl Layout {
    /// `about 9.8 GiB for a job in training`, for plans and the start of a run.
    pub(super) fn memory_in_words(&self) -> String {
        format!("about {} for a job in training, by estimate", in_words(needed(&self.profile)))
    }

    /// Refuses a run for which the system lets the process have too little address space.
    pub(super) fn check_address_space(&self) -> Result<()> {
        let training = if self.device == Device::Cpu { needed(&self.profile) } else { 0 };
        room_for_training(training * self.parallel_jobs() as u64, self.threads)
    }

    /// Says before the start how much memory a card needs, and warns where it has less. The processor's is the system's to share out.
    pub(super) fn tell_memory(&self, monitor: &dyn Monitor) {
        if self.device == Device::Cpu {
            return;
        }
        match Memory::of(self.device) {
            Some(memory) => {
                if let Some(text) = shortage(needed(&self.profile), memory) {
                    monitor.warning(&text);
                }
                monitor.note(&format!("memory: {} of {}", self.memory_in_words(), in_words(memory.free)));
            }
            None => monitor.note(&format!("memory: {}", self.memory_in_words())),
        }
    }
}

/// Says where a card has less than is needed.
fn shortage(needed: u64, memory: Memory) -> Option<String> {
    let (needs, free, total) = (in_words(needed), in_words(memory.free), in_words(memory.total));
    (needed > memory.free).then(|| {
        format!("training needs about {needs}, the card has {free} free of {total}: lower `batch` or `image_size` of the profile")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Teachers;

    #[test]
    fn a_job_takes_its_parameters_and_what_it_keeps_of_its_batch() {
        let of = Footprint { parameters: 1000, convolved: 50 };
        // Parameters, gradients, two moments of each student, the mean networks, and two values for each of 50 outputs of 8 images.
        assert_eq!(training(of, 2, 2, 8), 4 * (2 * 4 * 1000 + 2 * 1000 + 2 * 2 * 50 * 8));
        assert_eq!(training(of, 1, 0, 8), 4 * (4 * 1000 + 2 * 50 * 8));
        let one = AdaptationSettings {
            teachers: Teachers::OwnMean,
            ..Profile::load("paper").unwrap().rows[0].adaptation.clone()
        };
        assert_eq!(adaptation(&one, of), training(of, 1, 1, one.batch.size()));
    }

    #[test]
    fn a_card_with_too_little_is_warned_of() {
        let memory = Memory { free: 3 << 30, total: 8 << 30, peak: 0 };
        assert_eq!(shortage(2 << 30, memory), None);
        let text = shortage(4 << 30, memory).unwrap();
        assert!(
            text.contains("needs about 4.0 GiB, the card has 3.0 GiB free of 8.0 GiB: lower `batch`"),
            "{text}"
        );
    }
}
