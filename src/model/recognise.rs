//! Which backbone the tensors of a file are.

use std::collections::BTreeMap;

use super::backbone::Backbone;
use super::checkpoint::Shapes;
use super::naming::published_name;
use super::spec::{BlockKind, Spec};

impl Backbone {
    /// The backbone whose stem and blocks have these names, published or torchvision's, and shapes.
    pub(super) fn recognise(shapes: &Shapes) -> Option<Self> {
        Self::ALL.into_iter().find(|backbone| fits(&backbone.spec(), shapes))
    }
}

fn fits(spec: &Spec, shapes: &Shapes) -> bool {
    let named: BTreeMap<String, &Vec<i64>> =
        shapes.iter().map(|(name, shape)| (published_name(name, spec), shape)).collect();
    let has = |name: String| named.contains_key(&name);
    let (kernel, channels) = (spec.stem.kernel, spec.stem.channels);
    let norm = if spec.stages[0].ibn { "bn1.IN.weight" } else { "bn1.weight" };
    let first = spec.first_stage();
    // Bottlenecks have a third convolution; how many blocks a stage has tells the depth.
    let whole = |at: usize, blocks: usize| {
        has(format!("base.{at}.{}.conv2.weight", blocks - 1))
            && !has(format!("base.{at}.{blocks}.conv2.weight"))
    };
    named.get("base.0.weight").is_some_and(|stem| ***stem == [channels, 3, kernel, kernel])
        && has(format!("base.{first}.0.{norm}"))
        && has(format!("base.{first}.0.conv3.weight")) == (spec.block == BlockKind::Bottleneck)
        && spec.stages.iter().enumerate().all(|(at, stage)| whole(first + at, stage.blocks))
}
