//! The two namings of a network's entries: the published one and torchvision's.

use super::spec::Spec;

/// The published form of torchvision's name of a ResNet's entry (`conv1`, `bn1`, `layer1` …, also those of the IBN release):
/// `base.0`, `base.1`, `base.3` …, where the stages begin depends on the stem. Other names stay.
pub fn published_name(name: &str, spec: &Spec) -> String {
    known_name(name, spec).unwrap_or_else(|| name.to_owned())
}

fn known_name(name: &str, spec: &Spec) -> Option<String> {
    let (first, rest) = name.split_once('.')?;
    let place = match first {
        "conv1" => 0,
        "bn1" => 1,
        _ => {
            let stage: usize = first.strip_prefix("layer")?.parse().ok()?;
            let stage = stage.checked_sub(1).filter(|stage| *stage < spec.stages.len())?;
            spec.first_stage() + stage
        }
    };
    Some(format!("base.{place}.{rest}"))
}
