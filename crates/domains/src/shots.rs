//! Which images a domain has: who, under which camera, in which subset.

use mmt_vocabulary::DatasetName;
use mmt_vocabulary::error::{InvalidInput, Result};
use mmt_vocabulary::random::stream;
use rand::Rng;
use rand::seq::index;

use super::camera::Camera;
use super::person::Person;
use super::render::Walk;
use super::spec::DomainSpec;
use super::{DomainSettings, undrawn};

/// Subsets of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subset {
    Train,
    Query,
    Gallery,
}

/// An image to be taken.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    pub subset: Subset,
    /// Number in the file name; 0 for distractors.
    pub identity: usize,
    /// Place of the person in the domain.
    pub person: usize,
    /// Camera, from 0.
    pub camera: usize,
    /// How the person walks by: the same in all images of that person under that camera.
    pub walk: Walk,
    /// Number among all shots: names the random stream and the file.
    pub number: usize,
}

/// A domain: its people, its cameras and all images to be taken.
#[derive(Debug)]
pub(super) struct Domain {
    pub spec: DomainSpec,
    pub people: Vec<Person>,
    pub cameras: Vec<Camera>,
    pub shots: Vec<Shot>,
}

impl Domain {
    /// Everything about a domain but its pixels.
    ///
    /// # Errors
    /// A dataset that has no built-in domain. No image is left for the gallery: there are no distractors, and no test person is seen twice by a camera.
    pub fn draw(dataset: DatasetName, settings: &DomainSettings) -> Result<Self> {
        let spec = DomainSpec::of(dataset).ok_or_else(|| undrawn(dataset))?;
        let draw = |what: &str, item: usize| {
            stream(settings.seed, &format!("synthetic/{dataset}/{what}"), 0, item as u64)
        };
        let cameras = (0..spec.cameras).map(|at| Camera::draw(&spec, &mut draw("camera", at))).collect();
        let (train, test) = (settings.train_identities, settings.test_identities);
        let people = train + test + settings.distractors;
        let people: Vec<Person> =
            (0..people).map(|at| Person::draw(&spec, &mut draw("person", at))).collect();
        let mut shots: Vec<Shot> = Vec::new();
        for person in 0..people.len() {
            let (images, identity) = if person < train {
                (settings.train_images, person + 1)
            } else if person < train + test {
                (settings.test_images, person + 1)
            } else {
                (1, 0)
            };
            let cameras = cameras_of(&spec, images, &mut draw("cameras-of", person));
            for (at, camera) in cameras.iter().copied().enumerate() {
                let subset = if person < train {
                    Subset::Train
                } else if identity > 0 && !cameras[..at].contains(&camera) {
                    Subset::Query
                } else {
                    Subset::Gallery
                };
                let walk = Walk::draw(&mut draw("walk", person * spec.cameras + camera));
                shots.push(Shot { subset, identity, person, camera, walk, number: shots.len() });
            }
        }
        if !shots.iter().any(|shot| shot.subset == Subset::Gallery) {
            let what = "gallery images of a built-in domain";
            return Err(InvalidInput::TooFewSamples { what, needed: 1, found: 0 }.into());
        }
        Ok(Self { spec, people, cameras, shots })
    }
}

/// Cameras of a person's images: each of a few once, then some of them again.
fn cameras_of(spec: &DomainSpec, images: usize, rng: &mut impl Rng) -> Vec<usize> {
    let (least, most) = spec.cameras_per_identity;
    let count = rng.random_range(least..=most).min(spec.cameras);
    let seen = index::sample(rng, spec.cameras, count).into_vec();
    (0..images).map(|at| if at < count { seen[at] } else { seen[rng.random_range(0..count)] }).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn images_of_one_person_under_one_camera_share_a_walk_and_no_others_do() {
        let domain = Domain::draw(DatasetName::Market1501, &DomainSettings::default()).unwrap();
        let mut walks: BTreeMap<(usize, usize), Vec<u32>> = BTreeMap::new();
        for shot in &domain.shots {
            walks.entry((shot.person, shot.camera)).or_default().push(shot.walk.angle.to_bits());
        }
        assert!(walks.values().any(|angles| angles.len() > 1));
        assert!(walks.values().all(|angles| angles.iter().all(|angle| *angle == angles[0])));
        let different: std::collections::BTreeSet<u32> = walks.values().map(|angles| angles[0]).collect();
        assert_eq!(different.len(), walks.len(), "a draw of its own for each");
    }
}
