//! Group `datasets`: what the readers find in small trees of the real layouts, and what they say to broken ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use mmt::data::{self, Dataset, DatasetName, LabelledItem};
use mmt_reference::data::file_names;
use mmt_testkit::{Failure, Trial};
use serde::Deserialize;
use serde_json::Value;

use super::run::{Run, Side};
use super::unknown_function;

/// An image in `datasets.json`.
#[derive(Deserialize)]
struct Image {
    file: PathBuf,
    identity: i64,
    camera: usize,
}

/// A broken tree in `datasets.json`.
#[derive(Deserialize)]
struct Broken {
    dataset: String,
    what: String,
}

/// Runs a case of the group `datasets`.
pub fn datasets(run: &mut Run) -> Trial {
    let table = run.case.table()?;
    match run.case.function() {
        "mmt.datasets.create" => {
            for broken in Vec::<Broken>::deserialize(&table["broken"])? {
                broken_tree(run, &broken)?;
            }
            Ok(())
        }
        function if function.starts_with("mmt.datasets.create(") => {
            loaded(run, &table["loaded"][run.case.name()])
        }
        _ => unknown_function(run),
    }
}

fn loaded(run: &mut Run, expected: &Value) -> Trial {
    let name: DatasetName = run.case.name().parse()?;
    let root = run.case.path(run.case.text("root")?);
    let dataset = data::read(name, &root)?;
    let base = expected["images_dir"].as_str().map_or(root.clone(), |inner| root.join(inner));
    for (subset, items) in
        [("train", &dataset.train), ("query", &dataset.query), ("gallery", &dataset.gallery)]
    {
        let images = Vec::<Image>::deserialize(&expected[subset])?;
        let files = |item: &LabelledItem| (item.path.clone(), item.camera);
        let found: Vec<_> = items.iter().map(files).collect();
        let wanted: Vec<_> = images.iter().map(|image| (base.join(&image.file), image.camera)).collect();
        run.equal(Side::Double, subset, found, wanted)?;
        // Published numbers the training identities of Market and Duke in the order of a Python set.
        let renamed = subset == "train" && name != DatasetName::Msmt17;
        same_identities(run, subset, items, &images, renamed)?;
    }
    counts(run, &dataset, expected)?;
    reference(run, &dataset, expected)
}

/// The same identities; under a one-to-one renaming where the numbering is not defined.
fn same_identities(
    run: &mut Run,
    what: &str,
    items: &[LabelledItem],
    images: &[Image],
    renamed: bool,
) -> Trial {
    let ours: Vec<i64> = items.iter().map(|item| item.identity).collect();
    let theirs: Vec<i64> = images.iter().map(|image| image.identity).collect();
    if !renamed {
        return run.equal(Side::Double, what, ours, theirs);
    }
    let pairs: BTreeSet<(i64, i64)> = theirs.iter().copied().zip(ours.iter().copied()).collect();
    let forward: BTreeMap<i64, i64> = pairs.iter().copied().collect();
    let backward: BTreeMap<i64, i64> = pairs.iter().map(|&(a, b)| (b, a)).collect();
    run.equal(Side::Double, what, (forward.len(), backward.len()), (pairs.len(), pairs.len()))?;
    run.equal(
        Side::Double,
        what,
        backward.into_keys().collect::<Vec<_>>(),
        (0..forward.len() as i64).collect(),
    )
}

/// The counts published prints (`num_train_pids` and its like), where the table has them.
fn counts(run: &mut Run, dataset: &Dataset, expected: &Value) -> Trial {
    for (subset, items) in
        [("train", &dataset.train), ("query", &dataset.query), ("gallery", &dataset.gallery)]
    {
        let identities: BTreeSet<i64> = items.iter().map(|item| item.identity).collect();
        let cameras: BTreeSet<usize> = items.iter().map(|item| item.camera).collect();
        for (what, count) in [("pids", identities.len()), ("imgs", items.len()), ("cams", cameras.len())] {
            let name = format!("num_{subset}_{what}");
            if let Some(wanted) = expected[&name].as_u64() {
                run.equal(Side::Double, &name, count as u64, wanted)?;
            }
        }
    }
    Ok(())
}

/// The reference knows what a file name says and how identities are numbered; folders it never sees.
fn reference(run: &mut Run, dataset: &Dataset, expected: &Value) -> Trial {
    let name = reference_name(dataset.name);
    for subset in ["train", "query", "gallery"] {
        let images = Vec::<Image>::deserialize(&expected[subset])?;
        let mut people = Vec::new();
        for image in &images {
            let person = file_names::read(name, &image.file.to_string_lossy())?;
            people
                .push(person.ok_or_else(|| Failure::new("junk among the images").at(image.file.display()))?);
        }
        let cameras: Vec<usize> = people.iter().map(|person| person.camera).collect();
        run.equal(Side::Reference, subset, cameras, images.iter().map(|image| image.camera).collect())?;
        let mut identities: Vec<i64> = people.iter().map(|person| person.identity).collect();
        if subset == "train" {
            let numbered = file_names::renumbered(&identities)?;
            identities = numbered.into_iter().map(|identity| identity as i64).collect();
            let ours: Vec<i64> = dataset.train.iter().map(|item| item.identity).collect();
            run.equal(Side::Reference, "numbering", &identities, &ours)?;
        } else {
            run.equal(
                Side::Reference,
                subset,
                identities,
                images.iter().map(|image| image.identity).collect(),
            )?;
        }
    }
    Ok(())
}

fn reference_name(name: DatasetName) -> file_names::Dataset {
    match name {
        DatasetName::Market1501 => file_names::Dataset::Market1501,
        DatasetName::DukeMtmc => file_names::Dataset::DukeMtmc,
        DatasetName::Msmt17 => file_names::Dataset::Msmt17,
        DatasetName::Msmt17V2 | DatasetName::Own => panic!("no golden case is about {name}"),
    }
}

/// Copies a whole tree, breaks it as `what` says, and expects an error.
fn broken_tree(run: &mut Run, broken: &Broken) -> Trial {
    run.skip(Side::Reference, "the reference reads no folders");
    let name: DatasetName = broken.dataset.parse()?;
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root");
    copy_tree(&run.case.path("datasets").join(&broken.dataset), &root)?;
    data::read(name, &root).map_err(|error| Failure::from(error).at("before it was broken"))?;
    break_it(&root, &broken.what)?;
    run.refuses(Side::Double, data::read(name, &root))?;
    // Ours never makes a folder where it looks for one.
    run.equal(Side::Double, &broken.what, root.exists(), broken.what != "root folder does not exist")
}

fn break_it(root: &Path, what: &str) -> Trial {
    let inner = find(root, |path| path.join("query").is_dir() || path.join("list_query.txt").is_file())?;
    let query = inner.join("query");
    let number = what.rsplit(' ').next().unwrap_or_default();
    match what {
        "root folder does not exist" => fs::remove_dir_all(root)?,
        "query folder missing" => fs::remove_dir_all(query)?,
        "query holds a name that does not match" => add(&query, |_| "portrait.jpg".to_owned())?,
        _ if what.ends_with(" missing") => fs::remove_file(inner.join(what.trim_end_matches(" missing")))?,
        _ if what.starts_with("query holds camera ") => {
            add(&query, |name| {
                name.replacen(&name[name.find("_c").unwrap_or(0)..][..3], &format!("_c{number}"), 1)
            })?;
        }
        _ if what.starts_with("query holds identity ") => {
            add(&query, |name| format!("{number}{}", &name[name.find('_').unwrap_or(0)..]))?;
        }
        _ => return Err(Failure::new(format!("no test knows how to break a tree like this: {what}"))),
    }
    Ok(())
}

/// Copies an image of the folder under the name that `rename` makes of its own.
fn add(folder: &Path, rename: impl Fn(&str) -> String) -> Trial {
    let image = find(folder, |path| path.extension().is_some_and(|extension| extension == "jpg"))?;
    let name = image.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    fs::copy(&image, folder.join(rename(name)))?;
    Ok(())
}

/// The first of a folder's entries (or their like one level down) for which `wanted` holds.
fn find(folder: &Path, wanted: impl Fn(&Path) -> bool) -> Trial<PathBuf> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)? {
        entries.push(entry?.path());
    }
    entries.sort();
    let found = entries.into_iter().find(|path| wanted(path));
    found.ok_or_else(|| Failure::new(format!("{} has no such entry", folder.display())))
}

fn copy_tree(from: &Path, to: &Path) -> Trial {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
