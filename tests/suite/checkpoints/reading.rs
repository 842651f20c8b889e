//! Files of PyTorch come back value for value.

use std::fs;

use mmt::model::{
    CheckpointFile, Format, Named, TensorSource, read_any, read_checkpoint, read_tensors, save_tensors,
    save_torch,
};
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

/// A file written from an open checkpoint has the bytes of one that is written from its tensors.
#[test]
fn what_is_copied_from_an_open_file_is_what_is_read_from_it() {
    let other = tempfile::tempdir().unwrap();
    let [whole, streamed] = ["whole", "streamed"].map(|name| other.path().join(name));
    for file in
        ["kinds.pth", "legacy.pth", "old.pth", "views.pth", "legacy_views.pth", "expected.safetensors"]
    {
        let open = CheckpointFile::open(&folder().join(file)).unwrap();
        let tensors = open.read_all().unwrap();
        assert_eq!(open.list(), tensors.list(), "{file}");
        save_tensors(&whole, &tensors).unwrap();
        save_tensors(&streamed, &open).unwrap();
        assert!(fs::read(&whole).unwrap() == fs::read(&streamed).unwrap(), "{file} as safetensors");
        save_torch(&whole, &tensors, None, None).unwrap();
        save_torch(&streamed, &open, None, None).unwrap();
        assert!(fs::read(&whole).unwrap() == fs::read(&streamed).unwrap(), "{file} as PyTorch's");
    }
}

/// A file that changes after it was opened: the copy ends in an error, and nothing is written.
#[test]
fn a_file_that_is_cut_while_it_is_copied_is_an_error() {
    let other = tempfile::tempdir().unwrap();
    let [path, out] = ["in.pth", "out"].map(|name| other.path().join(name));
    fs::copy(folder().join("legacy.pth"), &path).unwrap();
    let open = CheckpointFile::open(&path).unwrap();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(100).unwrap();
    for result in [save_tensors(&out, &open), save_torch(&out, &open, None, None)] {
        assert!(result.unwrap_err().to_string().contains("cut short"));
        assert!(!out.exists());
    }
}
