//! A network from a file: which networks it holds, which backbone they are, and what is missing.

use std::path::{Path, PathBuf};

use tch::{Device, Kind, Tensor};

use crate::error::{Error, Result};
use crate::model::{Backbone, BlockKind, Embedding, LoadReport, Named, Network, Spec, read_any};
use crate::random::stream;

/// The first tensor of every network; what stands before it in a file is the network's prefix.
const FIRST: &str = "base.0.weight";
/// Names told in a message.
const NAMED: usize = 5;

/// The tensors of a file.
#[derive(Debug)]
pub struct NetworkFile {
    path: PathBuf,
    tensors: Named,
}

/// A network of such a file.
#[derive(Debug)]
pub struct Loaded {
    /// The network, without its classifier: nothing here needs one.
    pub network: Network,
    /// Its backbone.
    pub backbone: Backbone,
    /// Its prefix in the file.
    pub prefix: String,
    /// Rows of the classifier in the file, 0 where there is none.
    pub classes: usize,
}

impl NetworkFile {
    /// Reads a file of named tensors: the `checkpoint.safetensors` of a run, or any other under the published names, a PyTorch
    /// checkpoint as well.
    ///
    /// # Errors
    /// An unreadable file, or one of another format.
    pub fn read(path: &Path) -> Result<Self> {
        Ok(Self { path: path.to_owned(), tensors: read_any(path)? })
    }

    /// The prefixes under which the file has networks, such as `mean-1.`; the empty one where names have none.
    pub fn prefixes(&self) -> Vec<&str> {
        let starts = self.tensors.keys().filter_map(|name| name.strip_suffix(FIRST));
        starts.filter(|start| start.is_empty() || start.ends_with('.')).collect()
    }

    /// The network under `prefix` (its last dot may be left out) on `device`; without one, the only network of the file. Its backbone is told by the
    /// tensors unless it is given; so is the width of its embedding (published `num_features`).
    ///
    /// # Errors
    /// No such network, or several without a prefix (a wrong command; the prefixes are listed); a backbone that cannot be told; tensors
    /// that are missing or have another shape, which are named.
    pub fn network(
        &self,
        prefix: Option<&str>,
        backbone: Option<Backbone>,
        device: Device,
    ) -> Result<Loaded> {
        let prefix = self.choose(prefix)?;
        let backbone = match backbone {
            Some(backbone) => backbone,
            None => self.recognise(&prefix).ok_or_else(|| self.unknown(&prefix))?,
        };
        let mut spec = backbone.spec();
        spec.embedding = self.get(&prefix, "feat.weight").map(|weight| Embedding {
            features: weight.size().first().copied().unwrap_or(0),
            // Of no account in evaluation mode.
            unit_length: false,
        });
        let placeholder = &mut stream(0, "model/placeholder", 0, 0);
        let mut network = Network::new(&spec, 0, placeholder, (Kind::Float, device))?;
        self.check(&network, &prefix, backbone)?;
        network.load_state(&self.tensors, &prefix, &self.path)?;
        let classifier = self.get(&prefix, "classifier.weight");
        let classes = classifier.and_then(|weight| weight.size().first().copied()).unwrap_or(0) as usize;
        Ok(Loaded { network, backbone, prefix, classes })
    }

    fn get(&self, prefix: &str, name: &str) -> Option<&Tensor> {
        self.tensors.get(&format!("{prefix}{name}"))
    }

    fn choose(&self, wanted: Option<&str>) -> Result<String> {
        let prefixes = self.prefixes();
        let list = || prefixes.iter().map(|prefix| format!("`{prefix}`")).collect::<Vec<_>>().join(", ");
        let path = self.path.display();
        match (wanted, prefixes.as_slice()) {
            (_, []) => Err(Error::file(
                &self.path,
                format!("no network: none of its {} tensors is called {FIRST}", self.tensors.len()),
            )),
            (Some(wanted), all) => {
                let matches = |prefix: &&&str| **prefix == wanted || prefix.strip_suffix('.') == Some(wanted);
                let found = all.iter().find(matches);
                found.map(|prefix| (**prefix).to_owned()).ok_or_else(|| {
                    Error::Usage(format!(
                        "{path}: no network under the prefix `{wanted}`; there are {}",
                        list()
                    ))
                })
            }
            (None, [only]) => Ok((*only).to_owned()),
            (None, _) => Err(Error::Usage(format!(
                "{path} holds several networks; choose one by its prefix: {}",
                list()
            ))),
        }
    }

    /// The backbone whose stem and blocks have these names and shapes.
    fn recognise(&self, prefix: &str) -> Option<Backbone> {
        let stem = self.get(prefix, FIRST)?.size();
        let has = |name: String| self.get(prefix, &name).is_some();
        let fits = |spec: &Spec| {
            let (kernel, channels) = (spec.stem.kernel, spec.stem.channels);
            let norm = if spec.stages[0].ibn { "bn1.IN.weight" } else { "bn1.weight" };
            let first = spec.first_stage();
            // Bottlenecks have a third convolution; how many blocks a stage has tells the depth.
            let whole = |at: usize, blocks: usize| {
                has(format!("base.{at}.{}.conv2.weight", blocks - 1))
                    && !has(format!("base.{at}.{blocks}.conv2.weight"))
            };
            stem == [channels, 3, kernel, kernel]
                && has(format!("base.{first}.0.{norm}"))
                && has(format!("base.{first}.0.conv3.weight")) == (spec.block == BlockKind::Bottleneck)
                && spec.stages.iter().enumerate().all(|(at, stage)| whole(first + at, stage.blocks))
        };
        Backbone::ALL.into_iter().find(|backbone| fits(&backbone.spec()))
    }

    fn unknown(&self, prefix: &str) -> Error {
        let known = Backbone::ALL.map(|backbone| backbone.to_string()).join(", ");
        Error::file(&self.path, format!("the network `{prefix}` is none of {known}"))
    }

    /// Names all that does not fit, not only the first.
    fn check(&self, network: &Network, prefix: &str, backbone: Backbone) -> Result<()> {
        let entries = network.entries().iter();
        let expected: Vec<_> = entries.map(|entry| (entry.name.clone(), entry.tensor.size())).collect();
        let own =
            |(name, tensor): (&String, &Tensor)| Some((name.strip_prefix(prefix)?.to_owned(), tensor.size()));
        let report = LoadReport::of(&expected, &self.tensors.iter().filter_map(own).collect());
        let misfit = |(name, found, expected): &(String, Vec<i64>, Vec<i64>)| {
            format!("{prefix}{name} has shape {found:?}, expected {expected:?}")
        };
        let missing = |(name, _): &(String, Vec<i64>)| format!("{prefix}{name} is missing");
        let wrong: Vec<String> =
            report.other_shape.iter().map(misfit).chain(report.missing.iter().map(missing)).collect();
        if wrong.is_empty() {
            return Ok(());
        }
        let more = wrong.len().saturating_sub(NAMED);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let (count, all) = (wrong.len(), expected.len());
        let first = wrong[..count.min(NAMED)].join("; ");
        Err(Error::file(
            &self.path,
            format!("{count} of the {all} tensors of a {backbone} do not fit: {first}{more}"),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(spec: &Spec, classes: usize, seed: u64) -> Network {
        Network::new(spec, classes, &mut stream(seed, "test", 0, 0), (Kind::Float, Device::Cpu)).unwrap()
    }

    fn file(networks: &[(&str, &Network)]) -> NetworkFile {
        let tensors = networks.iter().flat_map(|(prefix, network)| network.state(prefix)).collect();
        NetworkFile { path: "own.safetensors".into(), tensors }
    }

    fn images() -> Tensor {
        Tensor::arange(2 * 3 * 64 * 32, (Kind::Float, Device::Cpu)).sin().view([2, 3, 64, 32])
    }

    #[test]
    fn a_network_comes_back_as_it_was_without_being_told_what_it_is() {
        let embedding = Some(Embedding { features: 24, unit_length: true });
        for spec in [Spec::small(), Spec { embedding, ..Spec::small() }] {
            let original = network(&spec, 7, 1);
            let loaded = file(&[("", &original)]).network(None, None, Device::Cpu).unwrap();
            assert_eq!((loaded.backbone, loaded.classes, loaded.prefix.as_str()), (Backbone::Small, 7, ""));
            assert_eq!(loaded.network.embed(&images()), original.embed(&images()));
        }
    }

    #[test]
    fn every_backbone_is_recognised() {
        for backbone in Backbone::ALL {
            let loaded =
                file(&[("module.", &network(&backbone.spec(), 0, 1))]).network(None, None, Device::Cpu);
            assert_eq!(loaded.unwrap().backbone, backbone);
        }
    }

    #[test]
    fn of_several_networks_one_must_be_chosen() {
        let (one, two) = (network(&Spec::small(), 3, 1), network(&Spec::small(), 3, 2));
        let file = file(&[("mean-1.", &one), ("student-1.", &two)]);
        assert_eq!(file.prefixes(), ["mean-1.", "student-1."]);
        for chosen in ["student-1", "student-1."] {
            let loaded = file.network(Some(chosen), None, Device::Cpu).unwrap();
            assert_eq!(loaded.network.embed(&images()), two.embed(&images()));
        }
        for wanted in [None, Some("mean")] {
            let error = file.network(wanted, None, Device::Cpu).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("`mean-1.`, `student-1.`"), "{error}");
        }
    }

    #[test]
    fn all_that_does_not_fit_is_named() {
        let mut file = file(&[("", &network(&Spec::small(), 3, 1))]);
        file.tensors.remove("feat_bn.running_var");
        file.tensors.insert("base.1.bias".to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu)));
        let message = file.network(None, None, Device::Cpu).unwrap_err().to_string();
        for part in
            ["own.safetensors", "2 of the", "feat_bn.running_var is missing", "base.1.bias has shape [3]"]
        {
            assert!(message.contains(part), "{message}");
        }
        let message = file.network(None, Some(Backbone::ResNet50), Device::Cpu).unwrap_err().to_string();
        assert!(message.contains("resnet50") && message.contains("more"), "{message}");
        file.tensors.remove("base.2.0.conv2.weight");
        let message = file.network(None, None, Device::Cpu).unwrap_err().to_string();
        assert!(message.contains("none of resnet18"), "{message}");
        file.tensors.remove(FIRST);
        assert!(file.network(None, None, Device::Cpu).unwrap_err().to_string().contains("no network"));
    }
}
