//! Whether a card can be used, and why not.

use std::path::PathBuf;

use super::cuda_part::CudaPart;
use super::driver::{Card, Driver, Version};
use super::libtorch::Libtorch;

/// Why a card cannot be used, and what to do about it, in one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A libtorch for the CPU alone.
    #[error(
        "this libtorch{} has no CUDA part: bring one with `./setup.sh cuda`, or set LD_LIBRARY_PATH to the `torch/lib` of a PyTorch \
         2.11.0 with CUDA",
        in_folder(.0)
    )]
    NoCudaPart(Option<PathBuf>),
    /// A CUDA part that the system's loader refuses.
    #[error("the CUDA part of this libtorch does not load ({0}): bring it anew with `./setup.sh cuda`")]
    BrokenCudaPart(String),
    /// No driver.
    #[error("there is no NVIDIA driver ({0}): install one (`nvidia-smi` must work), or use --device cpu")]
    NoDriver(String),
    /// A driver from before the CUDA of this libtorch.
    #[error(
        "the NVIDIA driver serves CUDA {driver} at most, this libtorch needs CUDA {needed}: update the driver"
    )]
    OldDriver {
        /// The newest CUDA that the driver serves.
        driver: Version,
        /// The CUDA that libtorch was made with.
        needed: Version,
    },
    /// No card, or none of that number.
    #[error(
        "there is no card cuda:{index}; the driver shows {cards}: choose a smaller number, look at CUDA_VISIBLE_DEVICES, or use \
         --device cpu"
    )]
    NoCard {
        /// The one that was asked for.
        index: usize,
        /// How many there are.
        cards: usize,
    },
    /// A card that this libtorch holds no kernels for.
    #[error(
        "card cuda:{index} ({}) has compute capability {}, too {} for this libtorch, which holds kernels for {kernels}: use another \
         card, or --device cpu",
        card.name, card.capability, if *too_old { "old" } else { "new" }
    )]
    NoKernels {
        /// Number of the card.
        index: usize,
        /// The card.
        card: Card,
        /// It is older than every kernel.
        too_old: bool,
        /// The kernels that libtorch holds.
        kernels: String,
    },
    /// All is there, and libtorch does not see the card all the same.
    #[error(
        "the driver shows card cuda:{index}, but libtorch sees {seen} cards: look at `nvidia-smi` and `reproduce devices`, or use \
         --device cpu"
    )]
    Unseen {
        /// Number of the card.
        index: usize,
        /// The number of cards that libtorch sees.
        seen: usize,
    },
}

fn in_folder(folder: &Option<PathBuf>) -> String {
    folder.as_ref().map_or_else(String::new, |folder| format!(" ({})", folder.display()))
}

pub(super) fn list(versions: &[Version]) -> String {
    versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ")
}

/// Whether card `index` can be used by this libtorch with this driver (or the reason why there is none).
///
/// # Errors
/// The first thing that stands in the way.
pub fn usable(
    libtorch: &Libtorch,
    driver: &std::result::Result<Driver, String>,
    index: usize,
) -> std::result::Result<(), Refusal> {
    match &libtorch.cuda_part {
        CudaPart::Absent => return Err(Refusal::NoCudaPart(libtorch.folder.clone())),
        CudaPart::Broken { reason, .. } => return Err(Refusal::BrokenCudaPart(reason.clone())),
        CudaPart::Loaded(_) => {}
    }
    let driver = driver.as_ref().map_err(|reason| Refusal::NoDriver(reason.clone()))?;
    // Within one major version every driver serves every CUDA.
    if let Some(needed) = libtorch.cuda.filter(|needed| needed.0 > driver.cuda.0) {
        return Err(Refusal::OldDriver { driver: driver.cuda, needed });
    }
    let Some(card) = driver.cards.get(index) else {
        return Err(Refusal::NoCard { index, cards: driver.cards.len() });
    };
    let too_old = card.capability < libtorch.oldest();
    if too_old || !runs_on(&libtorch.kernels, card.capability) {
        let kernels = match libtorch.kernels.is_empty() {
            true => format!("{} and newer", libtorch.oldest()),
            false => list(&libtorch.kernels),
        };
        return Err(Refusal::NoKernels { index, card: card.clone(), too_old, kernels });
    }
    match libtorch.cards {
        Some(seen) if index >= seen => Err(Refusal::Unseen { index, seen }),
        _ => Ok(()),
    }
}

/// Machine code for a capability runs on cards of the same major number from its minor number on. A libtorch that does not say what
/// it holds is believed.
fn runs_on(kernels: &[Version], card: Version) -> bool {
    kernels.is_empty() || kernels.iter().any(|kernel| kernel.0 == card.0 && kernel.1 <= card.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn libtorch() -> Libtorch {
        Libtorch {
            version: Some("2.11.0".to_owned()),
            folder: Some("/opt/torch/lib".into()),
            cuda_part: CudaPart::Loaded("/opt/torch/lib/libtorch_cuda.so".into()),
            cuda: Some(Version(13, 0)),
            kernels: vec![Version(7, 5), Version(8, 0), Version(9, 0)],
            cards: Some(1),
        }
    }

    fn driver(capabilities: &[Version]) -> std::result::Result<Driver, String> {
        let card = |&capability| Card { name: "Card".to_owned(), memory: 16 << 30, capability };
        Ok(Driver { cuda: Version(13, 1), cards: capabilities.iter().map(card).collect() })
    }

    /// Checks the refusal of card 0, which must be one line that holds all of `parts`.
    fn refused(libtorch: &Libtorch, driver: &std::result::Result<Driver, String>, parts: &[&str]) {
        let text = usable(libtorch, driver, 0).unwrap_err().to_string();
        assert!(!text.contains('\n') && parts.iter().all(|part| text.contains(part)), "{text}");
    }

    #[test]
    fn a_card_that_fits_can_be_used() {
        for capability in [Version(7, 5), Version(8, 0), Version(8, 6), Version(9, 0)] {
            assert_eq!(usable(&libtorch(), &driver(&[capability]), 0), Ok(()));
        }
        let silent = Libtorch { kernels: vec![], ..libtorch() };
        assert_eq!(usable(&silent, &driver(&[Version(12, 0)]), 0), Ok(()));
        refused(&silent, &driver(&[Version(7, 0)]), &["too old", "7.5 and newer"]);
    }

    #[test]
    fn a_libtorch_without_cuda_is_named_before_everything_else() {
        let cpu =
            Libtorch { cuda_part: CudaPart::Absent, cuda: None, kernels: vec![], cards: None, ..libtorch() };
        for driver in [Err("none".to_owned()), driver(&[]), driver(&[Version(9, 0)])] {
            refused(&cpu, &driver, &["/opt/torch/lib", "no CUDA part", "./setup.sh cuda"]);
        }
        let part = CudaPart::Broken { path: "/x".into(), reason: "libcudnn.so.9: not found".to_owned() };
        let broken = Libtorch { cuda_part: part, ..cpu };
        refused(&broken, &driver(&[Version(9, 0)]), &["libcudnn.so.9: not found", "./setup.sh cuda"]);
    }

    #[test]
    fn no_driver_an_old_driver_and_no_card_are_three_things() {
        refused(
            &libtorch(),
            &Err("libcuda.so.1: not found".to_owned()),
            &["no NVIDIA driver", "libcuda.so.1", "nvidia-smi"],
        );
        let old = driver(&[Version(9, 0)]).map(|driver| Driver { cuda: Version(12, 8), ..driver });
        refused(&libtorch(), &old, &["12.8", "13.0", "update the driver"]);
        refused(&libtorch(), &driver(&[]), &["cuda:0", "shows 0", "CUDA_VISIBLE_DEVICES", "--device cpu"]);
        let second = usable(&libtorch(), &driver(&[Version(9, 0)]), 1);
        assert_eq!(second, Err(Refusal::NoCard { index: 1, cards: 1 }));
    }

    #[test]
    fn a_card_without_kernels_is_too_old_or_too_new() {
        refused(
            &libtorch(),
            &driver(&[Version(6, 1)]),
            &["Card", "6.1", "too old", "7.5, 8.0, 9.0", "--device cpu"],
        );
        refused(&libtorch(), &driver(&[Version(7, 0)]), &["7.0", "too old"]);
        refused(&libtorch(), &driver(&[Version(12, 0)]), &["12.0", "too new"]);
    }

    #[test]
    fn a_card_that_libtorch_alone_does_not_see_is_said_to_be_so() {
        let blind = Libtorch { cards: Some(0), ..libtorch() };
        refused(&blind, &driver(&[Version(9, 0)]), &["sees 0", "nvidia-smi", "--device cpu"]);
    }
}
