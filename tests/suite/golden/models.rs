//! Group `models`: D29 … D31 at full size, and the generator of their weights.

use std::path::Path;

use mmt::loss::objective::hard_only;
use mmt::model::{BatchStatistics, Embedding, Named, Network, Spec};
use mmt::random::stream;
use mmt_testkit::golden::generator;
use mmt_testkit::{Failure, Trial, devices};
use tch::{Device, Kind, Tensor};

use super::run::{Run, Side};
use super::{reference_network, unknown_function};

const WITH_BN: &str = "published feature_withbn returns the neck's output first; unused by its scripts";

/// Runs a case of the group.
pub fn models(run: &mut Run) -> Trial {
    match run.case.function() {
        "the splitmix64 generator of FORMAT.md" => generated(run),
        "mmt.models.create('resnet50', ...)" => variants(run),
        "mmt.models.create('resnet50', cut_at_pooling=True)" => {
            run.skip_all(
                &[Side::Reference, Side::Double, Side::Single],
                "published dies; we have no such switch",
            );
            Ok(())
        }
        name if name.starts_with("mmt.models.create('resnet50', num_features") => {
            network(run, Spec::resnet50())
        }
        name if name.starts_with("mmt.models.create('resnet_ibn50a', num_features") => {
            network(run, Spec::resnet_ibn50a())
        }
        _ => unknown_function(run),
    }
}

fn generated(run: &mut Run) -> Trial {
    generator::check(run.case)?;
    run.skip_all(
        &[Side::Reference, Side::Double, Side::Single],
        "values of the test's own generator, checked bit for bit",
    );
    Ok(())
}

/// A network with the generator's weights under `prefix`.
pub fn generated_network(run: &Run, spec: &Spec, classes: usize, prefix: &str, kind: Kind) -> Trial<Network> {
    let place = (kind, devices::current());
    let mut network = Network::new(spec, classes, &mut stream(0, "golden", 0, 0), place)?;
    let state: Named = network
        .entries()
        .iter()
        .map(|entry| {
            let shape: Vec<usize> = entry.tensor.size().iter().map(|size| *size as usize).collect();
            (entry.name.clone(), generator::weight_tensor(run.case.seed(), prefix, &entry.name, &shape, kind))
        })
        .collect();
    network.load_state(&state, "", Path::new("generated"))?;
    Ok(network)
}

fn network(run: &mut Run, spec: Spec) -> Trial {
    let (embedding, classes) = (run.case.count("num_features")?, run.case.count("num_classes")?);
    let prefix = run.case.text("weights_prefix")?.to_owned();
    reference_network::network(run, (embedding > 0).then_some(embedding), classes, &prefix)?;
    let embedding = (embedding > 0).then_some(Embedding { features: embedding as i64, unit_length: false });
    let spec = Spec { embedding, ..spec };
    same_state_dict(run, &spec, classes)?;
    let labels = run.case.tensor("labels", Kind::Int64)?;
    for side in Side::FAST {
        let images = generator::case_images(run.case, side.kind())?;
        let network = generated_network(run, &spec, classes, &prefix, side.kind())?;
        stages(run, side, &network.duplicate()?, &images)?;
        let outputs = network.train(&images, None);
        run.compare(side, "pooled", &outputs.features)?;
        run.compare(side, "logits", &outputs.logits)?;
        let terms = hard_only(&outputs, &labels, 0.1, classes)?;
        run.compare(side, "loss", &terms.total)?;
        terms.total.backward();
        gradient_norms(run, side, &network)?;
        states(run, side, &network)?;
        run.compare(side, "evaluated", &network.embed(&images))?;
    }
    Ok(())
}

/// Names, shapes and roles of all entries are the published ones.
fn same_state_dict(run: &mut Run, spec: &Spec, classes: usize) -> Trial {
    let table = run.case.table()?;
    let name = run.case.name().to_owned();
    let published = table[name.as_str()]["state_dict"].as_array().cloned();
    let published = published.ok_or_else(|| Failure::new(format!("state_dicts.json has no list {name}")))?;
    let place = (Kind::Float, Device::Cpu);
    let network = Network::new(spec, classes, &mut stream(0, "golden", 0, 0), place)?;
    let mut ours: Vec<String> = network
        .entries()
        .iter()
        .map(|entry| format!("{} {:?} {:?}", entry.name, entry.tensor.size(), entry.role))
        .collect();
    let mut theirs: Vec<String> = published
        .iter()
        .map(|entry| {
            let shape: Vec<i64> =
                entry["shape"].as_array().into_iter().flatten().filter_map(|size| size.as_i64()).collect();
            let role = match (entry["buffer"].as_bool(), entry["trained"].as_bool()) {
                (Some(true), _) => "Buffer",
                (_, Some(true)) => "Trained",
                _ => "Frozen",
            };
            format!("{} {shape:?} {role}", entry["key"].as_str().unwrap_or(""))
        })
        .collect();
    ours.sort();
    theirs.sort();
    run.equal(Side::Double, "state dict", ours, theirs)
}

fn stages(run: &mut Run, side: Side, network: &Network, images: &Tensor) -> Trial {
    let outputs = network.layer_outputs(images, BatchStatistics::Batch { group: None });
    let rows: Vec<Tensor> =
        outputs.iter().map(|x| Tensor::stack(&[x.mean(x.kind()), x.abs().mean(x.kind())], 0)).collect();
    run.compare(side, "stages", &Tensor::stack(&rows, 0))
}

/// The names that stand in the meaning of an output: `...: a, b, c`.
pub fn named_in_meaning(run: &Run, output: &str) -> Vec<String> {
    let meaning = run.case.outputs().get(output).map_or("", |output| output.spec.meaning.as_str());
    let list = meaning.rsplit(": ").next().unwrap_or("");
    list.split([',', ';', '(']).map(str::trim).filter(|name| name.contains('.')).map(str::to_owned).collect()
}

fn entry<'a>(network: &'a Network, name: &str) -> Trial<&'a Tensor> {
    let found = network.entries().iter().find(|entry| entry.name == name);
    found.map(|entry| &entry.tensor).ok_or_else(|| Failure::new(format!("the network has no {name}")))
}

fn gradient_norms(run: &mut Run, side: Side, network: &Network) -> Trial {
    let norms: Vec<f64> = named_in_meaning(run, "out.grad_norms")
        .iter()
        .map(|name| Ok(entry(network, name)?.grad().norm().double_value(&[])))
        .collect::<Trial<_>>()?;
    run.compare(side, "grad_norms", norms.as_slice())
}

/// Entries of the state that a case keeps, and how many of their first values.
pub fn kept_entries(run: &Run) -> Vec<(String, usize)> {
    let outputs = run.case.outputs().iter();
    let kept = outputs.filter_map(|(name, output)| Some((name.strip_prefix("out.state.")?, output)));
    kept.map(|(name, output)| (name.to_owned(), output.spec.shape.iter().product())).collect()
}

fn states(run: &mut Run, side: Side, network: &Network) -> Trial {
    for (stem, kept) in kept_entries(run) {
        let values = entry(network, &stem)?.narrow(0, 0, kept as i64);
        run.compare(side, &format!("state.{stem}"), &values)?;
    }
    run.compare(side, "num_batches_tracked", entry(network, "base.1.num_batches_tracked")?)
}

/// Switches of the published constructor.
fn variants(run: &mut Run) -> Trial {
    let classes = run.case.count("num_classes")?;
    let prefix = run.case.text("weights_prefix")?.to_owned();
    reference_network::variants(run, classes, &prefix)?;
    run.skip_output(Side::Reference, "with_bn_first", WITH_BN);
    let embedding = |unit_length| Some(Embedding { features: 64, unit_length });
    for side in Side::FAST {
        let images = generator::case_images(run.case, side.kind())?;
        let plain = generated_network(run, &Spec::resnet50(), 0, &prefix, side.kind())?;
        let neck = plain.train(&images, None).logits;
        run.compare(
            side,
            "no_classes_second",
            &neck.narrow(1, 0, run.case.stored("out.no_classes_second")?.shape()[1] as i64),
        )?;
        let unit = Spec { embedding: embedding(true), ..Spec::resnet50() };
        let unit = generated_network(run, &unit, classes, &prefix, side.kind())?;
        run.compare(side, "norm_logits", &unit.train(&images, None).logits)?;
        run.skip_output(side, "with_bn_first", WITH_BN);
    }
    Ok(())
}
