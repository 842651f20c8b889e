//! A list of the files of a dataset that somebody should look after: what is wrong with each, and what to do.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::data_check::DatasetCheck;

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// The file, or the dataset's folder where it cannot be read at all.
    pub path: PathBuf,
    /// The fault.
    pub problem: String,
    /// The way out.
    pub to_do: &'static str,
}

impl Fix {
    /// A dataset that cannot be read.
    pub fn of_unreadable(root: &Path, problem: String) -> Self {
        Self {
            path: root.to_owned(),
            problem,
            to_do: "mend what is named, and check again for what lies behind it",
        }
    }
}

/// All that is to be mended in a dataset, worst first: broken images, images under several identities, queries without a match, equal
/// files, images that are not read.
pub fn fix_list(check: &DatasetCheck) -> Vec<Fix> {
    let mut list = Vec::new();
    let mut add =
        |path: &Path, problem: String, to_do| list.push(Fix { path: path.to_owned(), problem, to_do });
    for broken in &check.broken {
        add(&broken.file, broken.reason.clone(), "put an intact copy in its place, or take it out");
    }
    for group in &check.contradicting {
        let to_do = "leave the image under one identity";
        for (at, file) in group.iter().enumerate() {
            let other = &group[usize::from(at == 0)];
            add(file, format!("the same image as {}, under several identities", other.display()), to_do);
        }
    }
    for query in &check.absent {
        let to_do = "put an image of this person by another camera into the gallery, or take the query out";
        add(query, "query without a match: its person is not in the gallery".to_owned(), to_do);
    }
    for query in &check.same_camera {
        let to_do = "put an image of this person by another camera into the gallery, or take the query out";
        let problem = "query without a match: the gallery has its person by the query's own camera only";
        add(query, problem.to_owned(), to_do);
    }
    let contradicting: BTreeSet<&Vec<PathBuf>> = check.contradicting.iter().collect();
    for group in check.duplicates.iter().filter(|group| !contradicting.contains(group)) {
        for file in &group[1..] {
            add(file, format!("the same image as {}", group[0].display()), "take it out, unless it is meant");
        }
    }
    for image in &check.ignored {
        add(
            image,
            "not read for its ending".to_owned(),
            "convert it to JPEG and end its name in .jpg, or take it out",
        );
    }
    list
}
