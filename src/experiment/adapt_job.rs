//! The work for a task: the start (pre-trained networks with the target's statistics), adaptation, the oracle.

use std::time::Instant;

use mmt_vocabulary::run_directory::RunDirectory;

use super::domains::Domain;
use super::evaluation::{evaluate_networks, summary};
use super::job_checkpoint::{self, Found};
use super::jobs::{PretrainJob, TaskJob};
use super::records::Records;
use super::run::{Context, Run};
use super::stopwatch::JobObserver;
use crate::error::Result;
use crate::eval::label_quality::label_quality;
use crate::eval::pair_errors::pair_errors;
use crate::eval::teaching::teaching;
use crate::model::Network;
use crate::record::{LabelRecord, NetworkName, SCHEMA_VERSION, Split};
use crate::train::{Adaptation, EpochOutcome, TargetStatistics, methods, statistics};

impl Run {
    /// The start: both source networks, with batch-norm statistics of the target where the profile asks for them.
    pub(super) fn start(&self, job: &TaskJob, directory: &RunDirectory, context: &Context<'_>) -> Result<()> {
        let parents = PretrainJob::of_task(&self.layout.profile, job.task, job.seeds);
        let mut observer = JobObserver::new(context.monitor, &self.stop, context.job, 0);
        let networks =
            parents.iter().map(|parent| self.pretrained_network(parent)).collect::<Result<Vec<_>>>()?;
        if self.layout.profile.pretraining.target_statistics == TargetStatistics::After {
            let source = &self.domain(job.task.source, job.seeds).train;
            let target = &self.domain(job.task.target, job.seeds).train;
            for (parent, network) in parents.iter().zip(&networks) {
                let (settings, seed) = (&self.layout.profile.pretraining, parent.network_seed());
                statistics::set_statistics(network, settings, seed, source, target, &mut observer)?;
            }
        }
        self.evaluate_once(job, &networks, directory, context, &mut observer)?;
        let states = named(NetworkName::Answering, &networks)
            .flat_map(|(name, network)| network.state(&format!("{name}.")));
        job_checkpoint::write(directory.path(), states.collect(), 0)?;
        job_checkpoint::finish(directory)
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
        let networks =
            parents.iter().map(|parent| self.pretrained_network(parent)).collect::<Result<Vec<_>>>()?;
        self.evaluate_once(job, &networks, directory, context, &mut observer)?;
        directory.finish()
    }

    /// Runs, or goes on with, an adaptation.
    pub(super) fn adapt(&self, job: &TaskJob, directory: &RunDirectory, context: &Context<'_>) -> Result<()> {
        let start = self.layout.start_directory(job)?;
        let settings = &job.row.adaptation;
        let target = self.domain(job.task.target, job.seeds);
        let networks = self.start_networks(job, &start)?;
        let (seed, method) = (job.seeds.training, methods::of(settings));
        let mut adaptation = Adaptation::new(settings.clone(), seed, method, networks, target.as_target())?;
        let mut records = match job_checkpoint::read(directory.path())? {
            Some(Found { state, epoch, path, warning }) => {
                warning.iter().for_each(|text| context.monitor.warning(text));
                adaptation.resume(&state, epoch, &path)?;
                Records::read(directory.path(), epoch)?
            }
            // Epoch 0 is the start, which has been evaluated: those of its networks that go on.
            None => {
                let mut evaluations = Records::read(start.path(), 0)?.evaluations;
                let answering: Vec<NetworkName> =
                    named(NetworkName::Answering, adaptation.answering()).map(|(name, _)| name).collect();
                evaluations.retain(|record| answering.contains(&record.network));
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
            job_checkpoint::write(directory.path(), adaptation.state(), epoch)?;
            let seconds = since.elapsed().as_secs_f64();
            let line = format!("epoch {epoch}/{} {line} {seconds:.1} s", settings.epochs);
            context.monitor.epoch(context.job, &line);
        }
        job_checkpoint::finish(directory)
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
        let labels = label_record(epoch, outcome, target)?;
        let mut networks: Vec<_> = named(NetworkName::Answering, adaptation.answering()).collect();
        if !adaptation.mean_networks().is_empty() {
            networks.extend(named(NetworkName::Student, adaptation.students()));
        }
        let found = evaluate_networks(&networks, target, self.target_splits(), epoch, observer)?;
        let mut line = summary(&found.evaluations);
        records.add_found(found);
        line += &format!(" clusters {}", labels.clusters);
        if labels.unassigned > 0 {
            line += &format!(" noise {}", labels.unassigned);
        }
        line += &format!(" ARI {:.3}{}", labels.ari, losses_text(&losses));
        records.labels.push(labels);
        Ok(line)
    }

    /// Evaluates the networks and writes the records of a job that does not train.
    fn evaluate_once(
        &self,
        job: &TaskJob,
        networks: &[Network],
        directory: &RunDirectory,
        context: &Context<'_>,
        observer: &mut JobObserver<'_>,
    ) -> Result<()> {
        let target = self.domain(job.task.target, job.seeds);
        let networks: Vec<_> = named(NetworkName::Answering, networks).collect();
        let found = evaluate_networks(&networks, target, self.target_splits(), 0, observer)?;
        context.monitor.epoch(context.job, &summary(&found.evaluations));
        let mut records = Records::default();
        records.add_found(found);
        records.add_seconds(0, &observer.take_seconds());
        records.write(directory.path())
    }

    /// Returns the splits that networks are evaluated on.
    fn target_splits(&self) -> &'static [Split] {
        if self.layout.profile.rerank {
            &[Split::TargetTest, Split::TargetTestReRanked]
        } else {
            &[Split::TargetTest]
        }
    }

    fn start_networks(&self, job: &TaskJob, start: &RunDirectory) -> Result<Vec<Network>> {
        let (state, path) = job_checkpoint::finished(start.path())?;
        let parents = PretrainJob::of_task(&self.layout.profile, job.task, job.seeds);
        let load = |(at, parent): (usize, &PretrainJob)| {
            let mut network = self.new_network(parent)?;
            network.load_state(&state, &format!("{}.", NetworkName::Answering(at + 1)), &path)?;
            Ok(network)
        };
        parents.iter().enumerate().map(load).collect()
    }
}

/// The pseudo labels of an epoch, and what teachers told of them, against the true identities of the target.
fn label_record(epoch: usize, outcome: &EpochOutcome, target: &Domain) -> Result<LabelRecord> {
    let (found, identities) = (&outcome.pseudo_labels, &target.train_identities);
    let quality = label_quality(&found.labels, identities)?;
    let pairs = pair_errors(&found.labels, identities, &target.train_cameras)?;
    let taught = teaching(&outcome.lessons.anchors()?, &found.labels, identities)?;
    Ok(LabelRecord {
        schema: SCHEMA_VERSION,
        epoch,
        clusters: found.clusters,
        unassigned: found.unassigned(),
        ari: quality.ari,
        nmi: quality.nmi,
        purity: quality.purity,
        wrong_merges: pairs.wrong_merges,
        wrong_splits: pairs.wrong_splits,
        one_camera: pairs.one_camera,
        one_camera_by_chance: pairs.one_camera_by_chance,
        teacher_q10: taught.teacher_q10,
        teacher_q50: taught.teacher_q50,
        teacher_q90: taught.teacher_q90,
        teacher_certainty: taught.teacher_certainty,
        wrong_triplets: taught.wrong_triplets,
        teacher_right_where_student_wrong: taught.teacher_right_where_student_wrong,
        teacher_right_where_triplet_wrong: taught.teacher_right_where_triplet_wrong,
        hard_label_accuracy: taught.hard_label_accuracy,
        soft_label_accuracy: taught.soft_label_accuracy,
        soft_right_where_hard_wrong: taught.soft_right_where_hard_wrong,
        soft_wrong_where_hard_right: taught.soft_wrong_where_hard_right,
    })
}

/// Networks of a role with their names, counted from 1.
fn named(
    role: fn(usize) -> NetworkName,
    networks: &[Network],
) -> impl Iterator<Item = (NetworkName, &Network)> {
    networks.iter().enumerate().map(move |(at, network)| (role(at + 1), network))
}

/// ` ce 2.10/2.13 tri 0.61/0.60 … total 4.31`: the losses of the networks side by side.
fn losses_text(losses: &[(&str, f64)]) -> String {
    let mut text = String::new();
    let mut before = "";
    for (name, value) in losses {
        let kind = name.rsplit_once('_').filter(|(_, number)| number.parse::<usize>().is_ok());
        let kind = kind.map_or(*name, |(kind, _)| kind);
        text += &if kind == before { format!("/{value:.2}") } else { format!(" {kind} {value:.2}") };
        before = kind;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_losses_of_however_many_networks_stand_side_by_side() {
        let losses = [("ce_1", 1.0), ("ce_2", 2.0), ("ce_3", 3.0), ("soft_ce_1", 4.0), ("total", 5.0)];
        assert_eq!(losses_text(&losses), " ce 1.00/2.00/3.00 soft_ce 4.00 total 5.00");
    }
}
