//! The built-in domains, as the readers of the real datasets find them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mmt::data::{self, DatasetName};
use mmt::synthetic::{DATASETS, DomainSettings, HEIGHT, WIDTH, prepare};

fn settings(seed: u64) -> DomainSettings {
    DomainSettings {
        seed,
        train_identities: 4,
        train_images: 5,
        test_identities: 3,
        test_images: 7,
        distractors: 2,
    }
}

fn draw(name: DatasetName, settings: &DomainSettings, folder: &Path) -> mmt::Result<PathBuf> {
    prepare(name, settings, folder, &mut |_, _| Ok(()))
}

#[test]
fn the_readers_find_what_was_drawn() {
    let folder = tempfile::tempdir().unwrap();
    for name in DATASETS {
        let root = draw(name, &settings(3), folder.path()).unwrap();
        let dataset = data::read(name, &root).unwrap();
        assert_eq!((dataset.train.len(), dataset.train_identity_count()), (20, 4), "{name}");
        assert_eq!(dataset.query.len() + dataset.gallery.len(), 3 * 7 + 2, "{name}");
        let pairs = |items: &[data::LabelledItem]| -> BTreeSet<(i64, usize)> {
            let persons = items.iter().filter(|item| item.identity != 0);
            persons.map(|item| (item.identity, item.camera)).collect()
        };
        let queries = pairs(&dataset.query);
        assert_eq!(queries.len(), dataset.query.len(), "one query per identity and camera, {name}");
        assert!(pairs(&dataset.gallery).is_subset(&queries), "none without a query, {name}");
        assert_eq!(dataset.gallery.iter().filter(|item| item.identity == 0).count(), 2, "{name}");
        let size = data::decode(&dataset.train[0].path).unwrap().size;
        assert_eq!((size.height, size.width), (HEIGHT, WIDTH));
    }
}

#[test]
fn other_settings_are_another_root() {
    let folder = tempfile::tempdir().unwrap();
    let larger = DomainSettings { distractors: 3, ..settings(3) };
    let roots = [settings(3), settings(4), larger]
        .map(|settings| draw(DatasetName::Market1501, &settings, folder.path()).unwrap());
    let gallery = |root| data::read(DatasetName::Market1501, root).unwrap().gallery;
    let distractors = |root| gallery(root).iter().filter(|item| item.identity == 0).count();
    assert_eq!(roots.each_ref().map(|root| distractors(root)), [2, 2, 3]);
    assert_ne!(roots[0], roots[1]);
}
