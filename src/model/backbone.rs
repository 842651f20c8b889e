//! The backbones that profiles and commands can name.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::spec::{BlockKind, Spec};
use crate::data::ImageSize;
use crate::error::{Error, Result};

/// A backbone by its published name. ResNet-18 and -34 are done right here: the published code wants to change the strides of layers
/// that their blocks do not have, and dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Backbone {
    /// 2, 2, 2, 2 basic blocks.
    #[serde(rename = "resnet18")]
    ResNet18,
    /// 3, 4, 6, 3 basic blocks.
    #[serde(rename = "resnet34")]
    ResNet34,
    /// [`Spec::resnet50`]: 3, 4, 6, 3 bottlenecks.
    #[serde(rename = "resnet50")]
    ResNet50,
    /// 3, 4, 23, 3 bottlenecks.
    #[serde(rename = "resnet101")]
    ResNet101,
    /// 3, 8, 36, 3 bottlenecks.
    #[serde(rename = "resnet152")]
    ResNet152,
    /// [`Spec::resnet_ibn50a`]: ResNet-50 with IBN.
    #[serde(rename = "resnet_ibn50a")]
    ResNetIbn50a,
    /// ResNet-101 with IBN.
    #[serde(rename = "resnet_ibn101a")]
    ResNetIbn101a,
    /// [`Spec::small`].
    #[serde(rename = "small")]
    Small,
}

impl Backbone {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ResNet18,
        Self::ResNet34,
        Self::ResNet50,
        Self::ResNet101,
        Self::ResNet152,
        Self::ResNetIbn50a,
        Self::ResNetIbn101a,
        Self::Small,
    ];

    /// Its spec.
    pub fn spec(self) -> Spec {
        let (block, blocks, ibn) = match self {
            Self::ResNet18 => (BlockKind::Basic, [2, 2, 2, 2], false),
            Self::ResNet34 => (BlockKind::Basic, [3, 4, 6, 3], false),
            Self::ResNet50 => return Spec::resnet50(),
            Self::ResNet101 => (BlockKind::Bottleneck, [3, 4, 23, 3], false),
            Self::ResNet152 => (BlockKind::Bottleneck, [3, 8, 36, 3], false),
            Self::ResNetIbn50a => return Spec::resnet_ibn50a(),
            Self::ResNetIbn101a => (BlockKind::Bottleneck, [3, 4, 23, 3], true),
            Self::Small => return Spec::small(),
        };
        Spec::published(block, blocks, ibn)
    }

    /// The size of the images it is meant for: 256 × 128 as published, 64 × 32 for the small one.
    pub fn image_size(self) -> ImageSize {
        match self {
            Self::Small => ImageSize { height: 64, width: 32 },
            _ => ImageSize { height: 256, width: 128 },
        }
    }
}

impl fmt::Display for Backbone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResNet18 => "resnet18",
            Self::ResNet34 => "resnet34",
            Self::ResNet50 => "resnet50",
            Self::ResNet101 => "resnet101",
            Self::ResNet152 => "resnet152",
            Self::ResNetIbn50a => "resnet_ibn50a",
            Self::ResNetIbn101a => "resnet_ibn101a",
            Self::Small => "small",
        })
    }
}

impl FromStr for Backbone {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|backbone| backbone.to_string() == text);
        found.ok_or_else(|| Error::unknown("backbone", text, &Self::ALL.map(|backbone| backbone.to_string())))
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::model::Network;
    use crate::random::stream;

    /// Parameters of torchvision's networks without `fc` (its published counts less 1000 · D + 1000), and of the neck: 2 D.
    #[test]
    fn the_published_networks_have_as_many_parameters_as_those_of_torchvision() {
        for (backbone, all, features) in [
            (Backbone::ResNet18, 11_689_512, 512),
            (Backbone::ResNet34, 21_797_672, 512),
            (Backbone::ResNet50, 25_557_032, 2048),
            (Backbone::ResNet101, 44_549_160, 2048),
            (Backbone::ResNet152, 60_192_808, 2048),
        ] {
            let place = (Kind::Float, Device::Cpu);
            let network = Network::new(&backbone.spec(), 0, &mut stream(0, "test", 0, 0), place).unwrap();
            let parameters: usize = network
                .entries()
                .iter()
                .filter(|entry| entry.role.is_parameter())
                .map(|entry| entry.tensor.numel())
                .sum();
            assert_eq!(parameters, all - 1000 * features - 1000 + 2 * features, "{backbone}");
        }
    }

    #[test]
    fn the_last_stage_of_basic_blocks_keeps_its_resolution_too() {
        let place = (Kind::Float, Device::Cpu);
        let network =
            Network::new(&Backbone::ResNet18.spec(), 0, &mut stream(0, "test", 0, 0), place).unwrap();
        let outputs = network
            .layer_outputs(&Tensor::zeros([2, 3, 64, 32], place), crate::model::BatchStatistics::Running);
        assert_eq!(outputs[outputs.len() - 2].size(), [2, 256, 4, 2]);
        assert_eq!(outputs[outputs.len() - 1].size(), [2, 512, 4, 2]);
    }
}
