//! Folders, file names and lists of the real datasets.

use std::path::{Path, PathBuf};

use mmt_vocabulary::DatasetName;

use super::VALIDATION_EVERY;
use super::shots::{Domain, Shot, Subset};

/// The folder of MSMT17, which holds its lists.
pub(super) const MSMT17: &str = "MSMT17_V1";

/// Path of a shot's file below the domain's folder.
pub(super) fn file(dataset: DatasetName, shot: &Shot) -> PathBuf {
    let Shot { identity, number, .. } = *shot;
    let camera = shot.camera + 1;
    let subset = match shot.subset {
        Subset::Train => "bounding_box_train",
        Subset::Query => "query",
        Subset::Gallery => "bounding_box_test",
    };
    match dataset {
        DatasetName::Market1501 => Path::new("Market-1501-v15.09.15")
            .join(subset)
            .join(format!("{identity:04}_c{camera}s1_{number:06}_00.jpg")),
        DatasetName::DukeMtmc => {
            Path::new("DukeMTMC-reID").join(subset).join(format!("{identity:04}_c{camera}_f{number:07}.jpg"))
        }
        // Only MSMT17 itself is drawn: see [`super::DATASETS`].
        _ => {
            let folder = if shot.subset == Subset::Train { "train" } else { "test" };
            Path::new(MSMT17).join(folder).join(listed(shot))
        }
    }
}

/// The path of an MSMT17 image in its list.
fn listed(shot: &Shot) -> String {
    // Training identities count from 0, as in the real lists; identity 0 of the test set are the distractors.
    let identity = if shot.subset == Subset::Train { shot.identity - 1 } else { shot.identity };
    let (camera, number) = (shot.camera + 1, shot.number);
    format!("{identity:04}/{identity:04}_{number:05}_{camera:02}_synthetic_0000_0.jpg")
}

/// MSMT17's lists, each with its name. The real training set is split into two lists; here the second one holds every
/// fifth image.
pub(super) fn lists(domain: &Domain) -> [(&'static str, String); 4] {
    let mut lists = ["train", "val", "query", "gallery"].map(|list| (list, String::new()));
    for shot in &domain.shots {
        let list = match shot.subset {
            Subset::Train => usize::from(shot.number % VALIDATION_EVERY == VALIDATION_EVERY - 1),
            Subset::Query => 2,
            Subset::Gallery => 3,
        };
        let path = listed(shot);
        let identity = path.split('/').next().unwrap_or_default().trim_start_matches('0');
        let identity = if identity.is_empty() { "0" } else { identity };
        lists[list].1.push_str(&format!("{path} {identity}\n"));
    }
    lists
}
