//! A method of one's own: three networks, each taught by the mean networks of the two others, whose losses are averaged. The library stays
//! as it is: clustering, sampler, optimizer, mean networks and checkpoints are those of every method.
//!
//! `cargo run --example own_method` takes two epochs on a small domain that it draws.

use std::sync::Arc;

use mmt::data::{DatasetName, ImageStore, read};
use mmt::experiment::Profile;
use mmt::loss::objective::{StudentTerms, mean_teaching};
use mmt::model::Network;
use mmt::random::stream;
use mmt::synthetic::prepare;
use mmt::train::{Adaptation, Batch, Losses, Method, Networks, TargetImages};
use mmt::{Error, Result};
use tch::{Device, Kind, Tensor};

/// Three students with their mean networks.
#[derive(Debug)]
struct Three;

/// The terms of a student's part of the objective, in the order of the names.
const TERMS: [fn(&StudentTerms) -> &Tensor; 4] =
    [|terms| &terms.ce, |terms| &terms.tri, |terms| &terms.soft_ce, |terms| &terms.soft_tri];

impl Method for Three {
    fn students(&self) -> usize {
        3
    }

    fn names(&self) -> &'static [&'static str] {
        &[
            "ce_1",
            "ce_2",
            "ce_3",
            "tri_1",
            "tri_2",
            "tri_3",
            "soft_ce_1",
            "soft_ce_2",
            "soft_ce_3",
            "soft_tri_1",
            "soft_tri_2",
            "soft_tri_3",
            "total",
        ]
    }

    fn forward(&self, networks: &Networks, batch: &Batch<'_>) -> Result<Losses> {
        let (students, teachers) = (networks.student_outputs(batch), networks.mean_outputs(batch));
        let mut of_students = Vec::new();
        for (own, student) in students.iter().enumerate() {
            let others = teachers.iter().enumerate().filter(|(at, _)| *at != own);
            let terms =
                others.map(|(_, teacher)| mean_teaching(student, teacher, batch.labels, batch.weights));
            of_students.push(terms.collect::<Result<Vec<_>>>()?);
        }
        let values: Vec<Tensor> =
            TERMS.iter().flat_map(|term| of_students.iter().map(|terms| mean(terms, *term))).collect();
        let totals: Vec<Tensor> = of_students.iter().map(|terms| mean(terms, |terms| &terms.total)).collect();
        let total = Tensor::stack(&totals, 0).sum(None::<Kind>);
        let lessons = of_students.into_iter().flatten().map(|terms| terms.lesson);
        Ok(Losses::new(&values.iter().collect::<Vec<_>>(), total).with_lessons(lessons))
    }
}

/// The mean of a term over the teachers of a student. (Hard terms are the same with each.)
fn mean(terms: &[StudentTerms], term: fn(&StudentTerms) -> &Tensor) -> Tensor {
    Tensor::stack(&terms.iter().map(term).collect::<Vec<_>>(), 0).mean(None::<Kind>)
}

/// Training images of a drawn domain: images and cameras, no identities.
fn target(profile: &Profile) -> Result<TargetImages> {
    let folder = tempfile::tempdir().map_err(Error::io("write", &std::env::temp_dir()))?;
    let domain = profile.domains.settings(1);
    let root = prepare(DatasetName::DukeMtmc, &domain, folder.path(), &mut |_, _| Ok(()))?;
    let items = read(DatasetName::DukeMtmc, &root)?.train;
    let paths = items.iter().map(|item| item.path.clone()).collect();
    // In memory, all of them: the folder is gone when this ends.
    let images = ImageStore::open(paths, profile.image_size, usize::MAX, &mut |_, _| Ok(()))?;
    Ok(TargetImages { images: Arc::new(images), cameras: items.iter().map(|item| item.camera).collect() })
}

/// The mean losses of every epoch, by name.
pub fn run() -> Result<Vec<Vec<(&'static str, f64)>>> {
    let profile = Profile::load("miniature")?;
    // Networks of random weights. Of use are pre-trained ones: see the example `adapt`.
    let network = |seed| {
        let (spec, place) = (profile.backbone.spec(), (Kind::Float, Device::Cpu));
        Network::new(&spec, 0, &mut stream(seed, "own-method", 0, 0), place)
    };
    let networks = (1..=3).map(network).collect::<Result<Vec<_>>>()?;
    let settings = profile.rows[0].adaptation.clone();
    let epochs = settings.epochs;
    let mut adaptation = Adaptation::new(settings, 1, Box::new(Three), networks, target(&profile)?)?;
    (0..epochs).map(|_| adaptation.next_epoch(&mut ())?.losses.means()).collect()
}

fn main() -> Result<()> {
    for (epoch, losses) in run()?.iter().enumerate() {
        let losses: Vec<String> = losses.iter().map(|(name, value)| format!("{name} {value:.2}")).collect();
        println!("epoch {}: {}", epoch + 1, losses.join(" "));
    }
    Ok(())
}
