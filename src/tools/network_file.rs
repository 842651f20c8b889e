//! A network from a file: which networks it holds, which backbone they are, and what is missing.

use std::path::Path;

use tch::{Device, Kind};

use crate::error::Result;
use crate::model::{Backbone, Choice, Imported, Network};
use crate::random::stream;

/// A network of a file.
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

impl Loaded {
    /// The network that `choice` says of the checkpoint at `path`, of any format and either naming ([`Imported`]), on `device`. Its
    /// backbone is told by the tensors unless it is given; so is the width of its embedding (published `num_features`).
    ///
    /// # Errors
    /// Those of [`Imported::recognised`] and [`Imported::load_into`].
    pub fn open(path: &Path, choice: &Choice, backbone: Option<Backbone>, device: Device) -> Result<Self> {
        let (imported, backbone, spec, classes) = Imported::recognised(path, choice, backbone)?;
        let placeholder = &mut stream(0, "model/placeholder", 0, 0);
        let mut network = Network::new(&spec, 0, placeholder, (Kind::Float, device))?;
        imported.load_into(&mut network)?;
        Ok(Self { network, backbone, prefix: imported.prefix, classes })
    }
}

#[cfg(test)]
mod tests {
    use tch::Tensor;
    use tempfile::TempDir;

    use super::*;
    use crate::model::{Embedding, Named, Spec, save_tensors};

    fn network(spec: &Spec, classes: usize, seed: u64) -> Network {
        Network::new(spec, classes, &mut stream(seed, "test", 0, 0), (Kind::Float, Device::Cpu)).unwrap()
    }

    /// A file of these networks.
    struct File(TempDir, Named);

    impl File {
        fn of(networks: &[(&str, &Network)]) -> Self {
            let tensors = networks.iter().flat_map(|(prefix, network)| network.state(prefix)).collect();
            Self(tempfile::tempdir().unwrap(), tensors)
        }

        fn open(&self, prefix: Option<&str>, backbone: Option<Backbone>) -> Result<Loaded> {
            let path = self.0.path().join("own.safetensors");
            save_tensors(&path, &self.1).unwrap();
            let choice = prefix.map(Choice::prefix).unwrap_or_default();
            Loaded::open(&path, &choice, backbone, Device::Cpu)
        }
    }

    fn images() -> Tensor {
        Tensor::arange(2 * 3 * 64 * 32, (Kind::Float, Device::Cpu)).sin().view([2, 3, 64, 32])
    }

    #[test]
    fn a_network_comes_back_as_it_was_without_being_told_what_it_is() {
        let embedding = Some(Embedding { features: 24, unit_length: true });
        for spec in [Spec::small(), Spec { embedding, ..Spec::small() }] {
            let original = network(&spec, 7, 1);
            let loaded = File::of(&[("", &original)]).open(None, None).unwrap();
            assert_eq!((loaded.backbone, loaded.classes, loaded.prefix.as_str()), (Backbone::Small, 7, ""));
            assert_eq!(loaded.network.embed(&images()), original.embed(&images()));
        }
    }

    #[test]
    fn every_backbone_is_recognised() {
        for backbone in Backbone::ALL {
            let file = File::of(&[("some.module.", &network(&backbone.spec(), 0, 1))]);
            assert_eq!(file.open(None, None).unwrap().backbone, backbone);
        }
    }

    #[test]
    fn of_several_networks_one_must_be_chosen() {
        let (one, two) = (network(&Spec::small(), 3, 1), network(&Spec::small(), 3, 2));
        let file = File::of(&[("mean-1.", &one), ("student-1.", &two)]);
        for chosen in ["student-1", "student-1."] {
            let loaded = file.open(Some(chosen), None).unwrap();
            assert_eq!(loaded.prefix, "student-1.");
            assert_eq!(loaded.network.embed(&images()), two.embed(&images()));
        }
        for wanted in [None, Some("mean")] {
            let error = file.open(wanted, None).unwrap_err();
            assert!(error.is_usage() && error.to_string().contains("`mean-1.`, `student-1.`"), "{error}");
        }
    }

    #[test]
    fn what_does_not_fit_is_counted_and_named_on_both_sides() {
        let mut file = File::of(&[("", &network(&Spec::small(), 3, 1))]);
        file.1.remove("feat_bn.running_var");
        file.1.insert("bottleneck.running_var".to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu)));
        file.1.insert("base.1.bias".to_owned(), Tensor::zeros([3], (Kind::Float, Device::Cpu)));
        let message = file.open(None, None).unwrap_err().to_string();
        for part in [
            "own.safetensors: 2 of the",
            "1 are missing (feat_bn: 1), such as feat_bn.running_var",
            "1 of another shape, such as base.1.bias, which has shape [3], expected [16]",
            "the file has 2 others (bottleneck: 1, classifier: 1), such as bottleneck.running_var",
        ] {
            assert!(message.contains(part), "{message}");
        }
        let message = file.open(None, Some(Backbone::ResNet50)).unwrap_err().to_string();
        assert!(message.contains("base.0.weight, which has shape [16, 3, 3, 3]"), "{message}");
        file.1.remove("base.2.0.conv2.weight");
        let message = file.open(None, None).unwrap_err().to_string();
        assert!(message.contains("none of resnet18"), "{message}");
        file.1.remove("base.0.weight");
        let message = file.open(None, None).unwrap_err().to_string();
        assert!(message.contains("no network") && message.contains("`base`, `bottleneck`"), "{message}");
    }
}
