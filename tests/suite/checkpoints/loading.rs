//! Loading into a network: what is reported, refused and allowed, and the names of torchvision and of the IBN release.

use std::path::PathBuf;

use mmt::experiment::InitialWeights;
use mmt::model::{
    BlockKind, Choice, Imported, Named, Network, Role, Spec, Stage, Stem, published_name, read_tensors,
    save_tensors, save_torch,
};
use mmt::random::stream;
use tch::{Device, Kind, Tensor};
use tempfile::TempDir;

use super::assert_same;

const PLACE: (Kind, Device) = (Kind::Float, Device::Cpu);

/// A small network of the published layout.
fn spec(ibn: bool) -> Spec {
    Spec {
        block: BlockKind::Bottleneck,
        stem: Stem { kernel: 3, stride: 2, channels: 4, relu: ibn, max_pool: true },
        stages: vec![
            Stage { blocks: 2, width: 2, stride: 1, ibn },
            Stage { blocks: 1, width: 4, stride: 2, ibn: false },
        ],
        projection: None,
        embedding: None,
    }
}

fn network(spec: &Spec, classes: usize, seed: u64) -> Network {
    Network::new(spec, classes, &mut stream(seed, "test", 0, 0), PLACE).unwrap()
}

/// A file of `tensors` in a folder of its own.
fn file(tensors: &Named) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.pth");
    save_torch(&path, tensors, None, None).unwrap();
    (folder, path)
}

fn names(list: &[&str]) -> Vec<String> {
    list.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn a_whole_checkpoint_is_taken_over_bit_for_bit() {
    let (source, mut target) = (network(&spec(true), 3, 1), network(&spec(true), 3, 2));
    let (_folder, path) = file(&source.state("module."));
    let report = target.load_checkpoint(&path, &Choice::default(), &[]).unwrap();
    assert_eq!(report.loaded.len(), source.entries().len());
    assert!(report.missing.is_empty() && report.other_shape.is_empty() && report.left_over.is_empty());
    let state = source.state("");
    for entry in target.entries() {
        assert_same(&entry.name, &entry.tensor, &state[&entry.name]);
        assert_eq!(entry.tensor.requires_grad(), entry.role == Role::Trained, "{}", entry.name);
    }
}

#[test]
fn missing_and_misfitting_entries_are_refused_unless_allowed_by_name() {
    let mut state = network(&spec(false), 3, 1).state("");
    state.remove("feat_bn.weight");
    state.insert("fc.weight".to_owned(), Tensor::zeros([2], PLACE));
    let (_folder, path) = file(&state);
    let mut target = network(&spec(false), 5, 2);
    let before = target.state("");
    let text =
        target.load_checkpoint(&path, &Choice::default(), &names(&["classifier"])).unwrap_err().to_string();
    assert!(text.contains("1 are missing (feat_bn: 1), such as feat_bn.weight"), "{text}");
    let text =
        target.load_checkpoint(&path, &Choice::default(), &names(&["feat_bn"])).unwrap_err().to_string();
    assert!(text.contains("classifier.weight, which has shape [3, 16], expected [5, 16]"), "{text}");
    for (name, tensor) in target.state("") {
        assert_same(&name, &tensor, &before[&name]);
    }
    let report =
        target.load_checkpoint(&path, &Choice::default(), &names(&["feat_bn", "classifier"])).unwrap();
    assert_eq!(report.left_over, [("fc.weight".to_owned(), vec![2])]);
    let after = target.state("");
    for name in ["classifier.weight", "feat_bn.weight"] {
        assert_same(name, &after[name], &before[name]);
    }
    assert_same("base.0.weight", &after["base.0.weight"], &state["base.0.weight"]);
    let table = report.to_string();
    for line in [
        "1 missing, 1 of another shape, 1 left over",
        "| feat_bn.weight | missing | | [16] |",
        "| classifier.weight | another shape | [3, 16] | [5, 16] |",
        "| fc.weight | left over | [2] | |",
    ] {
        assert!(table.contains(line), "{table}");
    }
}

/// The names torchvision and the IBN release give the entries of a published network, written out from their models.
#[test]
fn names_of_torchvision_and_of_the_ibn_release_become_the_published_ones() {
    for (name, plain, ibn) in [
        ("conv1.weight", "base.0.weight", "base.0.weight"),
        ("bn1.running_var", "base.1.running_var", "base.1.running_var"),
        ("layer1.0.conv1.weight", "base.3.0.conv1.weight", "base.4.0.conv1.weight"),
        ("layer1.2.bn1.IN.bias", "base.3.2.bn1.IN.bias", "base.4.2.bn1.IN.bias"),
        ("layer1.2.bn1.BN.running_mean", "base.3.2.bn1.BN.running_mean", "base.4.2.bn1.BN.running_mean"),
        (
            "layer3.5.bn3.num_batches_tracked",
            "base.5.5.bn3.num_batches_tracked",
            "base.6.5.bn3.num_batches_tracked",
        ),
        ("layer4.0.downsample.1.weight", "base.6.0.downsample.1.weight", "base.7.0.downsample.1.weight"),
        ("layer5.0.conv1.weight", "layer5.0.conv1.weight", "layer5.0.conv1.weight"),
        ("fc.weight", "fc.weight", "fc.weight"),
        ("base.0.weight", "base.0.weight", "base.0.weight"),
        ("feat_bn.bias", "feat_bn.bias", "feat_bn.bias"),
    ] {
        assert_eq!(published_name(name, &Spec::resnet50()), plain);
        assert_eq!(published_name(name, &Spec::resnet_ibn50a()), ibn);
    }
    let two = ["conv1.weight", "base.0.weight"].map(|name| (name.to_owned(), Tensor::zeros([1], PLACE)));
    let (_folder, path) = file(&Named::from(two));
    let text =
        Imported::open(&path, &Choice::default(), &Spec::resnet50(), &names(&[""])).unwrap_err().to_string();
    assert!(text.contains("two of its tensors are called base.0.weight"), "{text}");
}

/// A file as torchvision's old ImageNet weights: its own names, no counts of batches, a classifier `fc`.
#[test]
fn imagenet_weights_fill_the_trunk() {
    let spec = spec(true);
    let network = network(&spec, 2, 1);
    let foreign = |name: &str| {
        let [_, place, rest] = name.splitn(3, '.').collect::<Vec<_>>()[..] else { panic!("{name}") };
        let first = match place {
            "0" => "conv1".to_owned(),
            "1" => "bn1".to_owned(),
            stage => format!("layer{}", stage.parse::<usize>().unwrap() - 3),
        };
        format!("{first}.{rest}")
    };
    let mut state: Named = network
        .state("")
        .into_iter()
        .filter(|(name, _)| name.starts_with("base.") && !name.ends_with("num_batches_tracked"))
        .map(|(name, tensor)| (foreign(&name), tensor.to_kind(Kind::Double)))
        .collect();
    state.insert("fc.weight".to_owned(), Tensor::zeros([10, 16], PLACE));
    let (_folder, path) = file(&state);
    let text = Imported::open(&path, &Choice::default(), &spec, &[]).unwrap_err().to_string();
    assert!(text.contains("(classifier: 1, feat_bn: 4)"), "{text}");
    let imported =
        Imported::open(&path, &Choice::default(), &spec, &names(&["classifier", "feat_bn"])).unwrap();
    let out = path.with_extension("safetensors");
    save_tensors(&out, &imported).unwrap();
    let tensors = read_tensors(&out).unwrap();
    assert_eq!(imported.report.left_over, [("fc.weight".to_owned(), vec![10, 16])]);
    let counts = tensors.iter().filter(|(name, _)| name.ends_with("num_batches_tracked")).count();
    assert!(counts > 0 && tensors.len() == counts + state.len() - 1, "counts of batches begin at 0");
    let expected = network.state("");
    for (name, tensor) in &tensors {
        assert_same(name, tensor, &expected[name]);
    }
}

/// Both source networks of a run get the same trunk and keep their own heads.
#[test]
fn given_weights_are_those_of_the_trunk_alone() {
    let mut given = network(&spec(false), 4, 1).state("");
    given.retain(|name, _| name.starts_with("base."));
    let (_folder, path) = file(&given);
    let mut target = network(&spec(false), 3, 2);
    let before = target.state("");
    let weights = InitialWeights::open(&path, None, &spec(false)).unwrap();
    weights.load(&mut target).unwrap();
    assert!(weights.line().contains("; 4 stay as they are drawn (feat_bn: 4)"), "{}", weights.line());
    for (name, tensor) in target.state("") {
        assert_same(&name, &tensor, given.get(&name).unwrap_or(&before[&name]));
    }
    given.remove("base.0.weight");
    let (_folder, path) = file(&given);
    let text = InitialWeights::open(&path, None, &spec(false)).unwrap_err().to_string();
    assert!(text.contains("base.0.weight"), "{text}");
}

/// A file never asks for a network larger than itself.
#[test]
fn a_matrix_of_foreign_columns_makes_no_large_network() {
    let tensors = ["classifier.weight", "feat.weight"]
        .map(|name| (name.to_owned(), Tensor::zeros([1 << 40, 0], PLACE)));
    let (_folder, path) = file(&Named::from(tensors));
    let text = Imported::open(&path, &Choice::default(), &spec(false), &[]).unwrap_err().to_string();
    assert!(text.contains("are missing (base:"), "{text}");
}
