//! Runs the jobs of a plan on a few threads, each as soon as what it needs is done.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::jobs::{Job, Plan};
use super::monitor::Stop;
use crate::device::memory::{guarded, message};
use crate::error::{Error, Result};

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Waiting,
    /// Another process has it; to be tried again then.
    Elsewhere(Instant),
    Running,
    Done,
}

/// The outcome of a call for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// The job is done.
    Done,
    /// Another process is at work on it.
    Elsewhere,
}

/// Name of the threads that run jobs. A panic there is reported as the run's error.
pub const WORKER: &str = "job";

/// Between two looks at a job that another process has.
const PATIENCE: Duration = Duration::from_millis(500);

struct Board {
    states: Vec<State>,
    failure: Option<Error>,
}

impl Board {
    /// The first job, in the plan's order, of which everything needed is done; those that another process has come last.
    fn ready(&self, plan: &Plan) -> Option<usize> {
        let now = Instant::now();
        let find = |wanted: &dyn Fn(State) -> bool| {
            (0..self.states.len()).find(|&at| {
                let done = |need: &usize| self.states[*need] == State::Done;
                wanted(self.states[at]) && plan.nodes[at].needs.iter().all(done)
            })
        };
        find(&|state| state == State::Waiting)
            .or_else(|| find(&|state| matches!(state, State::Elsewhere(again) if again <= now)))
    }
}

/// Calls `run` for every job of `plan` on `threads` threads. The first failure (or `stop`) ends everything: no job is started
/// any more, and `stop` is asked so that running ones end. A job that is at work elsewhere is asked for again while others are run.
///
/// # Errors
/// The first failure, or [`Error::Interrupted`].
pub(super) fn run_all(
    plan: &Plan,
    threads: usize,
    stop: &Stop,
    run: impl Fn(usize) -> Result<Turn> + Sync,
) -> Result<()> {
    let board = Mutex::new(Board { states: vec![State::Waiting; plan.nodes.len()], failure: None });
    let changed = Condvar::new();
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, plan.nodes.len().max(1)) {
            let worker = std::thread::Builder::new().name(WORKER.to_owned());
            let started = worker.spawn_scoped(scope, || work(plan, &board, &changed, stop, &run));
            if let Err(error) = started {
                stop.ask();
                lock(&board).failure = Some(Error::Training(format!("cannot start a thread: {error}")));
            }
        }
    });
    let board = board.into_inner().unwrap_or_else(PoisonError::into_inner);
    match board.failure {
        Some(failure) => Err(failure),
        None if board.states.iter().all(|state| *state == State::Done) => Ok(()),
        None => Err(Error::Interrupted),
    }
}

fn work(
    plan: &Plan,
    board: &Mutex<Board>,
    changed: &Condvar,
    stop: &Stop,
    run: &(impl Fn(usize) -> Result<Turn> + Sync),
) {
    loop {
        let mut guard = lock(board);
        let job = loop {
            if stop.is_asked() || guard.states.iter().all(|state| *state == State::Done) {
                changed.notify_all();
                return;
            }
            if let Some(job) = guard.ready(plan) {
                break job;
            }
            // Jobs elsewhere and Ctrl-C change without a sign.
            guard = changed.wait_timeout(guard, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        };
        guard.states[job] = State::Running;
        drop(guard);
        let result = caught(|| run(job), &plan.nodes[job].job);
        let mut guard = lock(board);
        match result {
            Ok(Turn::Done) => guard.states[job] = State::Done,
            Ok(Turn::Elsewhere) => guard.states[job] = State::Elsewhere(Instant::now() + PATIENCE),
            Err(error) => {
                stop.ask();
                // The others end as interrupted because of this one: it is the failure to report.
                if guard.failure.is_none() || matches!(guard.failure, Some(Error::Interrupted)) {
                    guard.failure = Some(error);
                }
            }
        }
        changed.notify_all();
    }
}

/// The settings to lower where memory is lacking in training.
const LOWER: &str = "the batch of the profile ([pretraining] or [adaptation]) or its image_size";

/// Calls `run`; a panic in it becomes an error, so that no thread waits for a job that has ended.
fn caught(run: impl FnOnce() -> Result<Turn>, job: &Job) -> Result<Turn> {
    // Nothing that `run` could leave half-done is looked at again: the run ends.
    catch_unwind(AssertUnwindSafe(|| guarded(LOWER, run))).unwrap_or_else(|panic| {
        let line = message(&*panic).lines().next().unwrap_or_default();
        Err(Error::Training(format!("internal error, please report it: {line}")).in_stage(job.label()))
    })
}

fn lock(board: &Mutex<Board>) -> MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::jobs::{Job, Node, PretrainJob, Purpose};
    use super::super::seeds::Seeds;
    use super::*;
    use crate::data::DatasetName;

    fn plan(needs: &[&[usize]]) -> Plan {
        let seeds = Seeds { domain: None, training: 1 };
        let (source, purpose) = (DatasetName::Market1501, Purpose::Source);
        let job = |network| Job::Pretrain(PretrainJob { source, target: None, network, seeds, purpose });
        let nodes = needs.iter().enumerate().map(|(at, needs)| Node { job: job(at), needs: needs.to_vec() });
        Plan { nodes: nodes.collect() }
    }

    #[test]
    fn a_job_starts_after_all_it_needs() {
        let plan = plan(&[&[], &[0], &[0, 1], &[], &[2, 3]]);
        let done: Vec<AtomicUsize> = plan.nodes.iter().map(|_| AtomicUsize::new(0)).collect();
        run_all(&plan, 3, &Stop::new(), |at| {
            assert!(plan.nodes[at].needs.iter().all(|need| done[*need].load(Ordering::SeqCst) == 1));
            std::thread::sleep(std::time::Duration::from_millis(2));
            done[at].fetch_add(1, Ordering::SeqCst);
            Ok(Turn::Done)
        })
        .unwrap();
        assert!(done.iter().all(|count| count.load(Ordering::SeqCst) == 1));
    }

    #[test]
    fn a_failure_is_reported_and_nothing_more_is_started() {
        let plan = plan(&[&[], &[0], &[1]]);
        let started = AtomicUsize::new(0);
        let error = run_all(&plan, 2, &Stop::new(), |at| {
            started.fetch_add(1, Ordering::SeqCst);
            if at == 1 { Err(Error::Training("loss became NaN".to_owned())) } else { Ok(Turn::Done) }
        });
        assert_eq!(error.unwrap_err().to_string(), "loss became NaN");
        assert_eq!(started.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn a_job_elsewhere_is_asked_for_again_after_the_others() {
        let plan = plan(&[&[], &[0], &[]]);
        let order = Mutex::new(Vec::new());
        run_all(&plan, 1, &Stop::new(), |at| {
            let mut order = order.lock().unwrap();
            order.push(at);
            let first = order.iter().filter(|other| **other == at).count() == 1;
            Ok(if at == 0 && first { Turn::Elsewhere } else { Turn::Done })
        })
        .unwrap();
        assert_eq!(*order.lock().unwrap(), [0, 2, 0, 1]);
    }

    #[test]
    fn a_job_that_panics_ends_the_run_and_no_thread_waits_for_it() {
        // The third job needs the one that panics, so the other thread has nothing to do but wait.
        let plan = plan(&[&[], &[0], &[0]]);
        let (stop, started) = (Stop::new(), AtomicUsize::new(0));
        let error = run_all(&plan, 2, &stop, |at| {
            started.fetch_add(1, Ordering::SeqCst);
            assert!(at != 0, "attempt to add with overflow\nand a second line");
            Ok(Turn::Done)
        });
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("market pretrain 0 seed 1: ") && text.ends_with("attempt to add with overflow"),
            "{text}"
        );
        assert!(stop.is_asked() && started.load(Ordering::SeqCst) == 1);
    }

    #[test]
    fn a_stop_is_an_interruption() {
        let stop = Stop::new();
        let result = run_all(&plan(&[&[], &[0]]), 1, &stop, |_| {
            stop.ask();
            Ok(Turn::Done)
        });
        assert!(matches!(result, Err(Error::Interrupted)));
    }
}
