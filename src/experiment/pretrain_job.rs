//! Source pre-training of one network, as a job.

use std::time::Instant;

use mmt_vocabulary::run_directory::RunDirectory;

use super::evaluation::{evaluate_networks, summary};
use super::job_checkpoint::{self, Found};
use super::jobs::{Job, PretrainJob};
use super::records::Records;
use super::run::{Context, Run};
use super::stopwatch::JobObserver;
use crate::error::Result;
use crate::model::{Named, Network};
use crate::random::stream;
use crate::record::{NetworkName, Split};
use crate::train::Pretraining;

/// Prefix of the state that is handed on: the best or the last one.
const KEPT: &str = "kept.";

impl Run {
    /// The network that a finished pre-training handed on, with a classifier of the source.
    pub(super) fn pretrained_network(&self, job: &PretrainJob) -> Result<Network> {
        let (state, path) =
            job_checkpoint::finished(self.layout.directory(&Job::Pretrain(job.clone()))?.path())?;
        let mut network = self.new_network(job)?;
        network.load_state(&state, KEPT, &path)?;
        Ok(network)
    }

    /// The network of a pre-training before its first step.
    pub(super) fn new_network(&self, job: &PretrainJob) -> Result<Network> {
        let mut rng = stream(job.network_seed(), "model/initial", 0, 0);
        let classes = self.domain(job.source, job.seeds).identities;
        let device = self.layout.device;
        Network::new(&self.layout.profile.backbone.spec(), classes, &mut rng, (tch::Kind::Float, device))
    }

    /// Runs, or goes on with, a pre-training.
    pub(super) fn pretrain(
        &self,
        job: &PretrainJob,
        directory: &RunDirectory,
        context: &Context<'_>,
    ) -> Result<()> {
        let settings = job.settings(&self.layout.profile.pretraining);
        let source = self.domain(job.source, job.seeds);
        let target = job.target.map(|target| self.domain(target, job.seeds).train.clone());
        let (seed, mut network) = (job.network_seed(), self.new_network(job)?);
        if let Some(init) = &self.layout.init {
            init.load(&mut network)?;
        }
        let mut training = Pretraining::new(settings.clone(), seed, network, source.as_source(), target)?;
        let (mut records, mut kept) = (Records::default(), Named::new());
        if let Some(Found { state, epoch, path, warning }) = job_checkpoint::read(directory.path())? {
            warning.iter().for_each(|text| context.monitor.warning(text));
            training.resume(&state, epoch, &path)?;
            records = Records::read(directory.path(), epoch)?;
            kept = state.into_iter().filter(|(name, _)| name.starts_with(KEPT)).collect();
        }
        let mut observer = JobObserver::new(context.monitor, &self.stop, context.job, settings.epochs);
        while training.epoch() < settings.epochs {
            let since = Instant::now();
            let epoch = training.epoch() + 1;
            observer.begin_epoch(epoch);
            let losses = training.next_epoch(&mut observer).and_then(|losses| losses.means());
            let losses = losses.map_err(|error| error.in_stage(directory.stage(epoch)))?;
            records.add_losses(epoch, &losses);
            let mut line = format!("epoch {epoch}/{}", settings.epochs);
            for (name, value) in &losses {
                line += &format!(" {name} {value:.3}");
            }
            if epoch == settings.epochs || epoch % settings.evaluate_every == 0 {
                let networks = [(NetworkName::Source, training.network())];
                let found = evaluate_networks(&networks, source, &[Split::SourceTest], epoch, &mut observer)?
                    .evaluations;
                line += &format!(" source {}", summary(&found));
                let best = records.evaluations.iter().map(|record| record.map).fold(-1.0, f64::max);
                if !settings.keep_best || found[0].map > best {
                    kept = training.network().state(KEPT);
                }
                records.evaluations.extend(found);
            }
            records.add_seconds(epoch, &observer.take_seconds());
            records.write(directory.path())?;
            let mut state = training.state();
            state.extend(kept.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())));
            job_checkpoint::write(directory.path(), state, epoch)?;
            context.monitor.epoch(context.job, &format!("{line} {:.1} s", since.elapsed().as_secs_f64()));
        }
        job_checkpoint::finish(directory)
    }
}
