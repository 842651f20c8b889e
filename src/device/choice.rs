//! `--device`: which device is meant.

use tch::Device;

use super::cuda_part::{CudaPart, load_cuda_part};
use super::overview::Overview;
use crate::error::{Error, Result};

/// The device that `auto`, `cpu`, `cuda` or `cuda:N` means. `auto` is card 0 where it can be used, else the processor.
///
/// Loads libtorch's CUDA part unless `cpu` was asked for; see [`load_cuda_part`] on what must not come before.
///
/// # Errors
/// Another word, or a card that cannot be used ([`Refusal`](super::Refusal)).
pub fn choose(text: &str) -> Result<Device> {
    let card = |index| {
        let usable = Overview::ask().usable(index);
        usable.map(|()| Device::Cuda(index)).map_err(|refusal| Error::Usage(refusal.to_string()))
    };
    match text {
        "cpu" => Ok(Device::Cpu),
        "auto" if !matches!(load_cuda_part(), CudaPart::Loaded(_)) => Ok(Device::Cpu),
        "auto" => Ok(card(0).unwrap_or(Device::Cpu)),
        "cuda" => card(0),
        _ => match text.strip_prefix("cuda:").and_then(|index| index.parse().ok()) {
            Some(index) => card(index),
            None => Err(Error::Usage("expected auto, cpu, cuda or cuda:N".to_owned())),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_words_are_refused() {
        for text in ["gpu", "cuda:", "cuda:-1", "cuda:x", ""] {
            assert!(choose(text).unwrap_err().to_string().contains("auto, cpu, cuda or cuda:N"), "{text}");
        }
        assert_eq!(choose("cpu").unwrap(), Device::Cpu);
    }
}
