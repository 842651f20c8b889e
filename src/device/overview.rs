//! Everything that bears on the choice of a device, as text.

use std::fmt;

use super::cuda_part::CudaPart;
use super::driver::Driver;
use super::libtorch::Libtorch;
use super::refusal::{Refusal, list, usable};

/// libtorch and the driver of this machine.
#[derive(Debug, Clone)]
pub struct Overview {
    /// The libtorch in use.
    pub libtorch: Libtorch,
    /// The driver, or why there is none.
    pub driver: Result<Driver, String>,
}

impl Overview {
    /// Asks both.
    pub fn ask() -> Self {
        Self { libtorch: Libtorch::ask(), driver: Driver::ask() }
    }

    /// Whether card `index` can be used ([`usable`]). libtorch itself is asked last, where nothing else stands in the way.
    ///
    /// # Errors
    /// The first thing that stands in the way.
    pub fn usable(&self, index: usize) -> Result<(), Refusal> {
        usable(&self.libtorch, &self.driver, index)?;
        let mut libtorch = self.libtorch.clone();
        if libtorch.cards.is_none() {
            libtorch.count_cards();
        }
        usable(&libtorch, &self.driver, index)
    }

    fn libtorch_lines(&self) -> [(&'static str, String); 2] {
        let libtorch = &self.libtorch;
        let version = libtorch.version.as_deref().unwrap_or("of unknown version");
        let folder =
            libtorch.folder.as_ref().map_or("unknown folder".into(), |folder| folder.to_string_lossy());
        let part = match &libtorch.cuda_part {
            CudaPart::Absent => "none".to_owned(),
            CudaPart::Broken { path, reason } => format!("does not load: {} ({reason})", path.display()),
            CudaPart::Loaded(path) => {
                let cuda = libtorch.cuda.map_or_else(|| "?".to_owned(), |cuda| cuda.to_string());
                let kernels = match libtorch.kernels.is_empty() {
                    true => String::new(),
                    false => format!(", kernels for compute capability {}", list(&libtorch.kernels)),
                };
                format!("CUDA {cuda}{kernels}, loaded from {}", path.display())
            }
        };
        [("libtorch", format!("{version}, {folder}")), ("CUDA part", part)]
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.libtorch_lines().to_vec();
        let cards = match &self.driver {
            Ok(driver) => {
                lines.push(("driver", format!("serves CUDA up to {}", driver.cuda)));
                driver.cards.as_slice()
            }
            Err(reason) => {
                lines.push(("driver", format!("none ({reason})")));
                &[]
            }
        };
        for (index, card) in cards.iter().enumerate() {
            let memory = card.memory as f64 / f64::from(1 << 30);
            let capability = card.capability;
            let text = format!("{}, {memory:.1} GiB, compute capability {capability}", card.name);
            lines.push(("card", format!("cuda:{index}: {text}")));
        }
        if cards.is_empty() {
            lines.push(("card", "none".to_owned()));
        }
        for index in 0..cards.len().max(1) {
            let answer = self.usable(index);
            let answer = answer.map_or_else(|refusal| refusal.to_string(), |()| "can be used".to_owned());
            lines.push(("", format!("--device cuda:{index}: {answer}")));
        }
        let text: Vec<String> =
            lines.iter().map(|(name, text)| format!("{name:<10}{text}").trim_end().to_owned()).collect();
        f.write_str(&text.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::driver::{Card, Version};
    use super::*;

    #[test]
    fn every_card_has_a_line_and_an_answer() {
        let card = |name: &str, capability| Card { name: name.to_owned(), memory: 80 << 30, capability };
        let libtorch = Libtorch {
            version: Some("2.11.0".to_owned()),
            folder: Some("/opt/lib".into()),
            cuda_part: CudaPart::Loaded("/opt/lib/libtorch_cuda.so".into()),
            cuda: Some(Version(13, 0)),
            kernels: vec![Version(9, 0)],
            cards: Some(2),
        };
        let cards = vec![card("New", Version(9, 0)), card("Old", Version(6, 1))];
        let driver = Ok(Driver { cuda: Version(13, 0), cards });
        let text = Overview { libtorch: libtorch.clone(), driver }.to_string();
        for part in [
            "2.11.0, /opt/lib",
            "CUDA 13.0, kernels for compute capability 9.0",
            "cuda:0: New, 80.0 GiB, compute capability 9.0",
            "--device cuda:0: can be used",
            "--device cuda:1: card cuda:1 (Old) has compute capability 6.1, too old",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
        let cpu =
            Libtorch { cuda_part: CudaPart::Absent, cuda: None, kernels: vec![], cards: None, ..libtorch };
        let text = Overview { libtorch: cpu, driver: Err("no libcuda.so.1".to_owned()) }.to_string();
        assert!(text.contains("CUDA part none") && text.contains("none (no libcuda.so.1)"), "{text}");
        assert!(text.contains("--device cuda:0: this libtorch (/opt/lib) has no CUDA part"), "{text}");
    }
}
