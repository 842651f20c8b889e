//! What PyTorch wrote comes back value for value.

use std::fs;

use mmt::model::{Format, Named, read_any, read_checkpoint, read_tensors, save_tensors};
use mmt_testkit::golden::Golden;

use super::{assert_same, folder};

/// The expected tensors of one fixture.
fn expected(file: &str) -> Named {
    let all = read_tensors(&folder().join("expected.safetensors")).unwrap();
    let prefix = format!("{file}/");
    let own: Named = all
        .into_iter()
        .filter_map(|(name, tensor)| Some((name.strip_prefix(&prefix)?.to_owned(), tensor)))
        .collect();
    assert!(!own.is_empty(), "no expected value for {file}");
    own
}

fn same(actual: &Named, expected: &Named) {
    let names = |tensors: &Named| tensors.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(actual), names(expected));
    for (name, tensor) in actual {
        assert_same(name, tensor, &expected[name]);
        assert!(tensor.is_contiguous(), "{name}");
    }
}

#[test]
fn every_kind_in_both_formats() {
    for (file, format) in [("kinds.pth", Format::TorchZip), ("legacy.pth", Format::TorchStream)] {
        let checkpoint = read_checkpoint(&folder().join(file)).unwrap();
        assert_eq!((checkpoint.format, checkpoint.epoch, checkpoint.best_map), (format, None, None));
        same(&checkpoint.tensors, &expected(file));
    }
}

/// The names and instructions of PyTorch before 0.4, in which old ImageNet weights are.
#[test]
fn tensors_and_parameters_of_old_files() {
    same(&read_any(&folder().join("old.pth")).unwrap(), &expected("old.pth"));
}

#[test]
fn views_become_contiguous_and_ties_stay_tied() {
    for file in ["views.pth", "legacy_views.pth"] {
        let tensors = read_any(&folder().join(file)).unwrap();
        same(&tensors, &expected(file));
        assert_eq!(tensors["tied"].data_ptr(), tensors["base"].data_ptr());
        assert_ne!(tensors["transposed"].data_ptr(), tensors["base"].data_ptr());
    }
}

#[test]
fn epoch_and_a_score_that_numpy_computed_are_read_and_the_prefix_is_taken_off() {
    for file in ["numpy_score.pth.tar", "legacy_score.pth.tar"] {
        let checkpoint = read_checkpoint(&folder().join(file)).unwrap();
        assert_eq!((checkpoint.epoch, checkpoint.best_map), (Some(12), Some(0.625)), "{file}");
        same(&checkpoint.tensors, &expected(file));
    }
}

#[test]
fn files_are_told_apart_by_content_and_not_by_name() {
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("weights.png");
    fs::copy(folder().join("legacy.pth"), &path).unwrap();
    same(&read_any(&path).unwrap(), &expected("legacy.pth"));
    save_tensors(&path, &expected("kinds.pth")).unwrap();
    let checkpoint = read_checkpoint(&path).unwrap();
    assert_eq!(checkpoint.format, Format::Safetensors);
    same(&checkpoint.tensors, &expected("kinds.pth"));
}

#[test]
fn the_published_form_is_the_same_in_both_formats() {
    let root = Golden::folder().join("serialization");
    let [zip, legacy] = ["zip.pth.tar", "legacy.pth.tar"].map(|file| read_any(&root.join(file)).unwrap());
    same(&zip, &legacy);
}
