//! Reader of the golden folder: what the published code returns on small inputs (`tests/golden/FORMAT.md`).
//!
//! Everything comes from `manifest.json`: names, sizes, parameters and the rule by which each output is compared. Opening
//! the folder checks that every tensor the manifest names is stored with the shape and dtype it says.

mod case;
pub mod generator;
mod manifest;
mod stored;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub use case::Case;
pub use manifest::{Output, Raises, Rule, Spec};
pub use stored::Stored;

use crate::{Failure, Trial};

/// The golden folder: its cases with their tensors.
pub struct Golden {
    root: PathBuf,
    seed: u64,
    cases: Vec<Case>,
}

impl Golden {
    /// The folder `MMT_GOLDEN_DIR` names, else the repository's `tests/golden`.
    pub fn folder() -> PathBuf {
        std::env::var_os("MMT_GOLDEN_DIR")
            .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden"), PathBuf::from)
    }

    /// Opens [`Golden::folder`].
    pub fn open() -> Trial<Self> {
        Self::open_at(&Self::folder())
    }

    /// Opens a golden folder; refuses one in which a tensor is missing or not as the manifest says.
    pub fn open_at(root: &Path) -> Trial<Self> {
        let manifest = manifest::read(&root.join("manifest.json"))?;
        let mut files = HashMap::new();
        let mut cases = Vec::new();
        for entry in manifest.cases {
            let tensors = match &entry.file {
                None => Rc::default(),
                Some(file) => match files.get(file) {
                    Some(tensors) => Rc::clone(tensors),
                    None => {
                        let tensors = Rc::new(stored::read(&root.join(file))?);
                        files.insert(file.clone(), Rc::clone(&tensors));
                        tensors
                    }
                },
            };
            cases.push(Case::new(root, manifest.seed, entry, tensors)?);
        }
        if cases.is_empty() {
            return Err(Failure::new(format!("{} holds no cases", root.display())));
        }
        Ok(Self { root: root.to_owned(), seed: manifest.seed, cases })
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The seed of the weight and image generator.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// All cases, in the manifest's order.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// The cases of one group.
    pub fn group(&self, group: &str) -> Vec<&Case> {
        self.cases.iter().filter(|case| case.group() == group).collect()
    }

    /// Number of cases in each group.
    pub fn groups(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for case in &self.cases {
            *counts.entry(case.group()).or_insert(0) += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tensor_of_the_manifest_is_stored_as_it_says() {
        let golden = Golden::open().unwrap();
        assert_eq!(golden.groups().values().sum::<usize>(), golden.cases().len());
    }

    #[test]
    fn the_generator_gives_the_stored_values_bit_for_bit() {
        let golden = Golden::open().unwrap();
        let case = golden.cases().iter().find(|case| case.name() == "generator").unwrap();
        generator::check(case).unwrap();
    }

    #[test]
    fn a_folder_without_manifest_is_refused_by_name() {
        let Err(failure) = Golden::open_at(Path::new("no-such-folder")) else { panic!("opened") };
        assert!(failure.0.contains("no-such-folder"), "{failure}");
    }
}
