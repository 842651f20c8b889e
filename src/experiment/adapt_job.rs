//! What is done for a task: the start (pre-trained networks with the target's statistics), adaptation, the oracle.

use std::time::Instant;

use super::domains::Domain;
use super::evaluation::{evaluate_networks, summary};
use super::jobs::{PretrainJob, TaskJob};
use super::records::Records;
use super::run::{Context, Run};
use super::run_directory::RunDirectory;
use super::stopwatch::JobObserver;
use crate::error::Result;
use crate::eval::label_quality::label_quality;
use crate::eval::pair_errors::pair_errors;
use crate::model::Network;
use crate::record::{LabelRecord, SCHEMA_VERSION, Split};
use crate::train::{Adaptation, EpochOutcome, TargetStatistics, statistics};

/// Names of the two networks that a method answers for.
const NETWORKS: [&str; 2] = ["network-1", "network-2"];
/// Names of the networks that are trained, where mean networks answer.
const STUDENTS: [&str; 2] = ["student-1", "student-2"];

impl Run {
    /// The start: both source networks, with batch-norm statistics of the target where the profile asks for them.
    pub(super) fn start(&self, job: &TaskJob, directory: &RunDirectory, context: &Context<'_>) -> Result<()> {
        let parents = PretrainJob::of_task(&self.layout.profile, job.task, job.seeds);
        let mut observer = JobObserver::new(context.monitor, &self.stop, context.job, 0);
        let networks = [self.pretrained_network(&parents[0])?, self.pretrained_network(&parents[1])?];
        if self.layout.profile.pretraining.target_statistics == TargetStatistics::After {
            let source = &self.domain(job.task.source, job.seeds).train;
            let target = &self.domain(job.task.target, job.seeds).train;
            for (parent, network) in parents.iter().zip(&networks) {
                let (settings, seed) = (&self.layout.profile.pretraining, parent.network_seed());
                statistics::set_statistics(network, settings, seed, source, target, &mut observer)?;
            }
        }
        self.evaluate_once(job, &networks, directory, context, &mut observer)?;
        let mut state = networks[0].state("network-1.");
        state.append(&mut networks[1].state("network-2."));
        directory.write_checkpoint(state, 0)?;
        directory.finish()
    }

    /// The oracle: both networks trained on the target as their source.
    pub(super) fn oracle(
        &self,
        job: &TaskJob,
        directory: &RunDirectory,
        context: &Context<'_>,
    ) -> Result<()> {
        let parents = PretrainJob::of_oracle(&self.layout.profile, job.task, job.seeds);
        let mut observer = JobObserver::new(context.monitor, &self.stop, context.job, 0);
        let networks = [self.pretrained_network(&parents[0])?, self.pretrained_network(&parents[1])?];
        self.evaluate_once(job, &networks, directory, context, &mut observer)?;
        directory.finish()
    }

    /// Runs, or goes on with, an adaptation.
    pub(super) fn adapt(&self, job: &TaskJob, directory: &RunDirectory, context: &Context<'_>) -> Result<()> {
        let start = self.layout.start_directory(job)?;
        let settings = &job.row.adaptation;
        let target = self.domain(job.task.target, job.seeds);
        let networks = self.start_networks(job, &start)?;
        let mut adaptation =
            Adaptation::new(settings.clone(), job.seeds.training, networks, target.as_target())?;
        let mut warn = |text: &str| context.monitor.warning(text);
        let mut records = match directory.read_checkpoint(&mut warn)? {
            Some((state, epoch, path)) => {
                adaptation.resume(&state, epoch, &path)?;
                Records::read(directory.path(), epoch)?
            }
            // Epoch 0 is the start, which has been evaluated: those of its networks that go on.
            None => {
                let mut evaluations = Records::read(start.path(), 0)?.evaluations;
                let answering = &NETWORKS[..adaptation.answering().len()];
                evaluations.retain(|record| answering.contains(&record.network.as_str()));
                Records { evaluations, ..Records::default() }
            }
        };
        let mut observer = JobObserver::new(context.monitor, &self.stop, context.job, settings.epochs);
        while adaptation.epoch() < settings.epochs {
            let since = Instant::now();
            let epoch = adaptation.epoch() + 1;
            observer.begin_epoch(epoch);
            let outcome = adaptation.next_epoch(&mut observer);
            let line = outcome
                .and_then(|outcome| {
                    self.record_epoch(&adaptation, &outcome, target, &mut records, &mut observer)
                })
                .map_err(|error| error.in_stage(directory.stage(epoch)))?;
            records.add_seconds(epoch, &observer.take_seconds());
            records.write(directory.path())?;
            directory.write_checkpoint(adaptation.state(), epoch)?;
            let seconds = since.elapsed().as_secs_f64();
            let line = format!("epoch {epoch}/{} {line} {seconds:.1} s", settings.epochs);
            context.monitor.epoch(context.job, &line);
        }
        directory.finish()
    }

    /// Adds the records of an epoch and returns the line that sums it up.
    fn record_epoch(
        &self,
        adaptation: &Adaptation,
        outcome: &EpochOutcome,
        target: &Domain,
        records: &mut Records,
        observer: &mut JobObserver<'_>,
    ) -> Result<String> {
        let epoch = adaptation.epoch();
        let losses = outcome.losses.means()?;
        records.add_losses(epoch, &losses);
        let labels = &outcome.pseudo_labels;
        let quality = label_quality(&labels.labels, &target.train_identities)?;
        let pairs = pair_errors(&labels.labels, &target.train_identities, &target.train_cameras)?;
        records.labels.push(LabelRecord {
            schema: SCHEMA_VERSION,
            epoch,
            clusters: labels.clusters,
            unassigned: labels.unassigned(),
            ari: quality.ari,
            nmi: quality.nmi,
            purity: quality.purity,
            wrong_merges: pairs.wrong_merges,
            wrong_splits: pairs.wrong_splits,
            one_camera: pairs.one_camera,
            one_camera_by_chance: pairs.one_camera_by_chance,
        });
        let mut networks: Vec<_> = NETWORKS.into_iter().zip(adaptation.answering()).collect();
        if !adaptation.mean_networks().is_empty() {
            networks.extend(STUDENTS.into_iter().zip(adaptation.students()));
        }
        let found = evaluate_networks(&networks, target, self.target_splits(), epoch, observer)?;
        let mut line = summary(&found.evaluations);
        records.add_found(found);
        line += &format!(" clusters {}", labels.clusters);
        if labels.unassigned() > 0 {
            line += &format!(" noise {}", labels.unassigned());
        }
        line += &format!(" ARI {:.3}{}", quality.ari, losses_text(&losses));
        Ok(line)
    }

    /// Evaluates both networks and writes the records of a job that does not train.
    fn evaluate_once(
        &self,
        job: &TaskJob,
        networks: &[Network; 2],
        directory: &RunDirectory,
        context: &Context<'_>,
        observer: &mut JobObserver<'_>,
    ) -> Result<()> {
        let target = self.domain(job.task.target, job.seeds);
        let named = [(NETWORKS[0], &networks[0]), (NETWORKS[1], &networks[1])];
        let found = evaluate_networks(&named, target, self.target_splits(), 0, observer)?;
        context.monitor.epoch(context.job, &summary(&found.evaluations));
        let mut records = Records::default();
        records.add_found(found);
        records.add_seconds(0, &observer.take_seconds());
        records.write(directory.path())
    }

    /// What networks are evaluated on.
    fn target_splits(&self) -> &'static [Split] {
        if self.layout.profile.rerank {
            &[Split::TargetTest, Split::TargetTestReRanked]
        } else {
            &[Split::TargetTest]
        }
    }

    fn start_networks(&self, job: &TaskJob, start: &RunDirectory) -> Result<[Network; 2]> {
        let (state, path) = start.finished_checkpoint()?;
        let [one, two] = PretrainJob::of_task(&self.layout.profile, job.task, job.seeds);
        let load = |parent: &PretrainJob, prefix: &str| -> Result<Network> {
            let mut network = self.new_network(parent)?;
            network.load_state(&state, prefix, &path)?;
            Ok(network)
        };
        Ok([load(&one, "network-1.")?, load(&two, "network-2.")?])
    }
}

/// ` ce 2.10/2.13 tri 0.61/0.60 … total 4.31`: the losses of both networks side by side.
fn losses_text(losses: &[(&str, f64)]) -> String {
    let mut text = String::new();
    for (name, value) in losses {
        match (name.strip_suffix("_1"), name.strip_suffix("_2")) {
            (Some(name), _) => text += &format!(" {name} {value:.2}"),
            (_, Some(_)) => text += &format!("/{value:.2}"),
            _ => text += &format!(" {name} {value:.2}"),
        }
    }
    text
}
