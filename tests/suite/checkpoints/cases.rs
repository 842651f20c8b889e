//! Situations that users reported, by their ids in `docs/cases.md`: checkpoints as people have them.

use std::fs;
use std::path::Path;

use mmt::experiment::InitialWeights;
use mmt::model::{
    Backbone, CheckpointFile, Choice, Imported, Named, Network, Spec, TensorSource, read_any, save_tensors,
};
use mmt::random::stream;
use mmt::tools::network_file::Loaded;
use mmt::{Error, Result};
use tch::{Device, Kind, Tensor};

use super::assert_same;
use super::made::{Py, save, zip};

const PLACE: (Kind, Device) = (Kind::Float, Device::Cpu);

fn network(seed: u64) -> Network {
    Network::new(&Spec::small(), 3, &mut stream(seed, "test", 0, 0), PLACE).unwrap()
}

/// A small network's state under `prefix`, in 32-bit floats throughout.
fn state(seed: u64, prefix: &str) -> Named {
    let state = network(seed).state(prefix).into_iter();
    state.map(|(name, tensor)| (name, tensor.to_kind(Kind::Float))).collect()
}

fn small() -> Py {
    Py::dict(&[("w", Py::Tensor(vec![1.0, 2.0], vec![2])), ("b", Py::Tensor(vec![3.0], vec![1]))])
}

/// All ways into a network: `evaluate` and `extract`, `import`, `--init`.
fn ways(path: &Path, choice: &Choice) -> [Result<()>; 3] {
    [
        Loaded::open(path, choice, None, Device::Cpu).map(drop),
        Imported::open(path, choice, &Spec::small(), &[]).and_then(|imported| imported.verify()),
        InitialWeights::open(path, choice.prefix.as_deref(), &Spec::small()).map(drop),
    ]
}

fn refusals(path: &Path, choice: &Choice) -> [String; 3] {
    ways(path, choice).map(|way| {
        let text = way.unwrap_err().to_string();
        assert!(!text.contains('\n') && text.len() < 600, "{text}");
        text
    })
}

#[test]
fn t2_1_a_file_is_read_whatever_it_is_called() {
    let folder = tempfile::tempdir().unwrap();
    for length in (1..=90).chain([120, 200, 250]) {
        let path = save(folder.path(), &format!("{}.pth", "m".repeat(length)), &small());
        let found = read_any(&path).unwrap_or_else(|error| panic!("a name of {length} letters: {error}"));
        assert_eq!(found["w"], Tensor::from_slice(&[1.0_f32, 2.0]), "a name of {length} letters");
    }
    for name in
        ["torchreid_nosched.pth.tar", "data.pth", "code.pth", "m\u{fc}nchen \u{1f600}.pth", "no-ending"]
    {
        assert_eq!(read_any(&save(folder.path(), name, &small())).unwrap().len(), 2, "{name}");
    }
}

#[test]
fn t2_2_two_networks_of_one_file_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = [1, 2].map(|seed| state(seed, "module."));
    let object = Py::dict(&[
        ("state_dict_1", Py::state(&one)),
        ("state_dict_2", Py::state(&two)),
        ("epoch", Py::Int(7)),
        ("best_mAP", Py::Float(0.5)),
    ]);
    let path = save(folder.path(), "openunreid.pth", &object);
    let file = CheckpointFile::open(&path).unwrap();
    assert_eq!((file.epoch(), file.best_map()), (Some(7), Some(0.5)));
    assert_eq!(file.networks(), ["state_dict_1.", "state_dict_2."]);
    assert_eq!(
        file.keys().iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(),
        ["state_dict_1", "state_dict_2"]
    );
    for text in refusals(&path, &Choice::default()) {
        assert!(text.contains("several networks") && text.contains("`state_dict_2.`"), "{text}");
    }
    let by_key = Choice { key: Some("state_dict_2".to_owned()), prefix: None };
    for choice in [Choice::prefix("state_dict_2"), Choice::prefix("state_dict_2."), by_key] {
        let part = CheckpointFile::open_part(&path, &choice).unwrap();
        // A prefix keeps the rest of the name as it is.
        assert_same("stem", &part.tensor("base.0.weight").unwrap(), &two["module.base.0.weight"]);
        let loaded = Loaded::open(&path, &choice, None, Device::Cpu).unwrap();
        assert_same("stem", &loaded.network.state("")["base.0.weight"], &two["module.base.0.weight"]);
    }
    let unknown = Choice { key: Some("ema".to_owned()), prefix: None };
    let error = CheckpointFile::open_part(&path, &unknown).unwrap_err();
    assert!(error.is_usage() && error.to_string().contains("`state_dict_1` ("), "{error}");
}

#[test]
fn t2_2_a_state_dict_is_found_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let (count, state) = (state(1, "").len(), Py::state(&state(1, "module.")));
    let momentum = Py::dict(&[("exp_avg", Py::Tensor(vec![0.0], vec![1])), ("step", Py::Int(3))]);
    let optimizer =
        Py::dict(&[("state", Py::Dict(vec![(Py::Int(0), momentum)])), ("param_groups", Py::List(vec![]))]);
    let centers = Py::dict(&[("centers", Py::Tensor(vec![0.0; 6], vec![2, 3]))]);
    let with = |pairs: &[(&str, Py)]| {
        let all = [
            pairs,
            &[("optimizer", optimizer.clone()), ("criterion", centers.clone()), ("iteration", Py::Int(9))],
        ];
        Py::dict(&all.concat())
    };
    for (key, object) in [
        ("model", with(&[("model", state.clone())])),
        ("net", with(&[("net", state.clone())])),
        ("network", with(&[("network", state.clone()), ("mean", Py::Tensor(vec![0.0; 3], vec![3]))])),
        ("model_state_dict", with(&[("model_state_dict", state.clone())])),
        ("checkpoint.student", with(&[("checkpoint", Py::dict(&[("student", state.clone())]))])),
        ("0", Py::Tuple(vec![state.clone(), optimizer.clone(), Py::Int(3)])),
        ("", state.clone()),
    ] {
        let path = save(folder.path(), "own.pth", &object);
        let file = CheckpointFile::open(&path).unwrap();
        assert_eq!(file.keys()[0], (key.to_owned(), count), "{key}");
        assert!(file.has("base.0.weight") && file.shapes().len() == count, "{key}");
        for way in ways(&path, &Choice::default()) {
            way.unwrap_or_else(|error| panic!("{key}: {error}"));
        }
        if !key.is_empty() {
            assert!(CheckpointFile::open_at(&path, Some(key)).unwrap().has("base.0.weight"));
            Loaded::open(&path, &Choice::prefix(key), None, Device::Cpu).unwrap();
        }
    }
    let path = save(folder.path(), "own.pth", &with(&[("model", state)]));
    let small = CheckpointFile::open_at(&path, Some("criterion")).unwrap();
    assert_eq!(small.shapes(), [("centers".to_owned(), vec![2, 3])].into());
}

/// Everything that trainers put beside a state dict.
fn beside() -> Vec<(&'static str, Py)> {
    let counter =
        Py::Object("collections", "Counter", vec![Py::Dict(vec![(Py::Int(30), Py::Int(1))])], None, vec![]);
    let scheduler = Py::dict(&[("milestones", counter), ("gamma", Py::Float(0.1))]);
    let runs = Py::Object("posix", "system", vec![Py::text("touch hostile-was-here")], None, vec![]);
    vec![
        ("scheduler", scheduler),
        ("args", Py::object("argparse", "Namespace", &[("lr", Py::Float(0.1))])),
        ("cfg", Py::object("yacs.config", "CfgNode", &[("runs", runs)])),
        ("centroids", Py::array(4000)),
        ("scores", Py::array(3)),
        ("log", Py::Text("loss ".repeat(10_000))),
        ("items", Py::Object("own.module", "Items", vec![], None, vec![(Py::Int(1), Py::Int(2))])),
        ("sizes", Py::Object("torch", "Size", vec![Py::Tuple(vec![Py::Int(3)])], None, vec![])),
        ("rank1", Py::Float(0.9)),
    ]
}

/// Files of these contents, for mutations to start from.
pub fn seeds() -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut pairs = beside();
    pairs.retain(|(name, _)| *name != "centroids" && *name != "log");
    pairs.push(("state_dict", small()));
    let several = [("state_dict_1", small()), ("state_dict_2", small()), ("models", Py::List(vec![small()]))];
    let objects = [Py::dict(&pairs), Py::dict(&several), Py::dict(&beside())];
    objects.map(|object| fs::read(save(folder.path(), "seed.pth", &object)).unwrap()).into()
}

#[test]
fn t2_4_what_stands_beside_a_state_dict_is_not_looked_into() {
    let folder = tempfile::tempdir().unwrap();
    let mut pairs = beside();
    // Before and after: nothing of it may shift what is read.
    pairs.insert(4, ("state_dict", small()));
    let path = save(folder.path(), "torchreid.pth.tar", &Py::dict(&pairs));
    let file = CheckpointFile::open(&path).unwrap();
    assert_eq!(file.tensor("w").unwrap(), Tensor::from_slice(&[1.0_f32, 2.0]));
    let beside: Vec<&str> = file.beside().iter().map(|(_, what)| what.as_str()).collect();
    for what in
        ["an object of `argparse.Namespace`", "an object of `own.module.Items`", "a text of 50000 bytes"]
    {
        assert!(beside.contains(&what), "`{what}` is not in {beside:?}");
    }
    assert!(!Path::new("hostile-was-here").exists());
}

#[test]
fn t2_4_what_is_no_tensor_is_refused_where_a_tensor_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = save(folder.path(), "args.pth", &Py::dict(&beside()));
    let text = read_any(&path).unwrap_err().to_string();
    for part in
        ["args.pth", "no state dict", "nothing of it was run", "`args` is an object of `argparse.Namespace`"]
    {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    let path = save(folder.path(), "module.pth", &Py::object("own.model", "Net", &[("w", small())]));
    let text = read_any(&path).unwrap_err().to_string();
    assert!(text.contains("an object of `own.model.Net`") && text.contains("state_dict()"), "{text}");
}

#[test]
fn t2_6_counts_of_batches_may_be_absent_or_of_one_dimension() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let original = network(1);
    let is_count = |name: &str| name.ends_with("num_batches_tracked");
    let mut tensors = original.state("");
    for (name, tensor) in &mut tensors {
        if is_count(name) {
            *tensor = Tensor::from_slice(&[5_i64]);
        }
    }
    save_tensors(&path, &tensors).unwrap();
    ways(&path, &Choice::default()).into_iter().for_each(Result::unwrap);
    let imported = Imported::open(&path, &Choice::default(), &Spec::small(), &[]).unwrap();
    let count = imported.report.loaded.iter().find(|name| is_count(name)).unwrap();
    let found = imported.tensor(count).unwrap();
    assert_eq!((found.size(), found.int64_value(&[])), (vec![], 5));
    tensors.retain(|name, _| !is_count(name));
    save_tensors(&path, &tensors).unwrap();
    ways(&path, &Choice::default()).into_iter().for_each(Result::unwrap);
    let report = Imported::open(&path, &Choice::default(), &Spec::small(), &[]).unwrap().report;
    // What the program filled in was not loaded.
    assert!(report.filled.iter().all(|name| is_count(name)) && !report.filled.is_empty());
    assert_eq!((report.loaded.len(), report.missing.len()), (tensors.len(), 0));
    let loaded = Loaded::open(&path, &Choice::default(), None, Device::Cpu).unwrap();
    let images = Tensor::arange(2 * 3 * 64 * 32, PLACE).sin().view([2, 3, 64, 32]);
    assert_eq!(loaded.network.embed(&images), original.embed(&images));
}

#[test]
fn t2_8_what_a_file_is_instead_is_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let named = |names: &[&str]| {
        zip(&names.iter().map(|name| ((*name).to_owned(), b"x".to_vec())).collect::<Vec<_>>())
    };
    let mut tar = vec![0; 1024];
    tar[257..262].copy_from_slice(b"ustar");
    let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 94\n".to_vec();
    for (bytes, parts) in [
        (lfs, ["a Git LFS pointer", "git lfs pull"]),
        (b"<!DOCTYPE html>\n<title>Sign in</title>".to_vec(), ["a web page", "download"]),
        (b"<?xml version=\"1.0\"?><Error/>".to_vec(), ["an XML text", "download"]),
        (Vec::new(), ["an empty file", "again"]),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(), ["a gzip file", "gunzip"]),
        (tar, ["a TAR archive", "tar xf"]),
        (named(&["weights/model.pth", "weights/README"]), ["`weights/model.pth`", "unzip"]),
        (named(&["arr_0.npy", "arr_1.npy"]), [".npz", "torch.save"]),
        (
            named(&["net/data.pkl", "net/code/__torch__.py", "net/constants.pkl"]),
            ["TorchScript", "state_dict()"],
        ),
        (named(&["notes.doc", "a.txt"]), ["no PyTorch checkpoint", "no data.pkl"]),
        (b"MATLAB 5.0 MAT-file, Platform".to_vec(), ["MATLAB", "safetensors"]),
        (b"MATLAB 7.3 MAT-file, Platform".to_vec(), ["MATLAB", "safetensors"]),
        (b"\x89HDF\r\n\x1a\n".to_vec(), ["HDF5", "safetensors"]),
        (b"\x80\x03}q\0.".to_vec(), ["a pickle that torch.save did not write", "state_dict()"]),
        (b"\x08\x07\x12\x07pytorch\x1a\x052.1.0".to_vec(), ["ONNX", "PyTorch weights"]),
        (b"\0\0\x06\x08\x01\x1a\x02\x08\x01".to_vec(), ["TensorFlow", "PyTorch weights"]),
        (b"{\"weight_map\": {}}".to_vec(), ["JSON", "in parts"]),
    ] {
        let path = folder.path().join("lfs.pth");
        fs::write(&path, bytes).unwrap();
        for text in refusals(&path, &Choice::default()) {
            assert!(
                parts.iter().all(|part| text.contains(part)) && text.contains("lfs.pth"),
                "{parts:?}: {text}"
            );
        }
    }
    let text = read_any(folder.path()).unwrap_err().to_string();
    assert!(text.contains("a folder, no checkpoint: give a file, such as `lfs.pth`"), "{text}");
}

#[test]
fn t2_13_a_prefix_that_is_not_there_is_answered_by_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bare.safetensors");
    save_tensors(&path, &state(1, "")).unwrap();
    for text in refusals(&path, &Choice::prefix("mean-1")) {
        assert!(text.contains("its network has no prefix, leave it out"), "{text}");
    }
    // Names of another program: both sides are shown.
    let mut foreign = state(1, "base.");
    foreign.retain(|name, _| !name.contains("feat_bn"));
    foreign.insert("bottleneck.weight".to_owned(), Tensor::zeros([512], PLACE));
    save_tensors(&path, &foreign).unwrap();
    let error = Loaded::open(&path, &Choice::default(), Some(Backbone::Small), Device::Cpu).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::File { .. }), "{error:?}");
    for part in ["the prefix `base.`", "(feat_bn: 4)", "bottleneck: 1"] {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
}

#[test]
fn every_way_takes_every_naming() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("own.safetensors");
    let foreign = |name: &str| match name.splitn(3, '.').collect::<Vec<_>>()[..] {
        ["base", "0", rest] => format!("conv1.{rest}"),
        ["base", "1", rest] => format!("bn1.{rest}"),
        ["base", stage, rest] => {
            format!("layer{}.{rest}", stage.parse::<usize>().unwrap() + 1 - Spec::small().first_stage())
        }
        _ => name.to_owned(),
    };
    for prefix in ["", "module.", "_orig_mod.", "mean-1.", "model.backbone."] {
        let original = state(1, "");
        let rename = |name: &String| format!("{prefix}{}", foreign(name));
        let tensors: Named =
            original.iter().map(|(name, tensor)| (rename(name), tensor.shallow_clone())).collect();
        save_tensors(&path, &tensors).unwrap();
        for way in ways(&path, &Choice::default()) {
            way.unwrap_or_else(|error| panic!("{prefix}: {error}"));
        }
        let loaded = Loaded::open(&path, &Choice::default(), None, Device::Cpu).unwrap();
        assert_eq!(loaded.backbone, Backbone::Small);
        assert_same("stem", &loaded.network.state("")["base.0.weight"], &original["base.0.weight"]);
    }
}

#[test]
fn t2_38_a_network_of_nan_is_named_before_it_is_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nan.safetensors");
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let mut tensors = state(1, "");
        let _ = tensors.get_mut("base.0.weight").unwrap().get(0).fill_(value);
        save_tensors(&path, &tensors).unwrap();
        for text in refusals(&path, &Choice::default()) {
            assert!(text.contains("base.0.weight holds NaN or infinite values (27 of 432)"), "{text}");
        }
    }
    // What is not used may hold anything.
    let mut tensors = state(1, "");
    let _ = tensors.get_mut("classifier.weight").unwrap().fill_(f64::NAN);
    save_tensors(&path, &tensors).unwrap();
    Loaded::open(&path, &Choice::default(), None, Device::Cpu).unwrap();
}
