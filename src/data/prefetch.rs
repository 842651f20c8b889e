//! A background thread that works a few steps ahead.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{Builder, JoinHandle};

use crate::{Error, Result};

/// Values that wait, made but not yet taken. With the one in the making this bounds the memory.
const AHEAD: usize = 2;

/// Tells the worker that nobody waits for its values any more.
#[derive(Debug, Clone, Default)]
pub(super) struct StopFlag(Arc<AtomicBool>);

impl StopFlag {
    /// An error once the receiving end is gone, for `?` inside long work.
    pub fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// An iterator over values made on a thread of its own. It ends after the first error. Dropping it stops the thread.
#[derive(Debug)]
pub(super) struct Prefetch<T> {
    receiver: Option<Receiver<Result<T>>>,
    worker: Option<JoinHandle<()>>,
    stop: StopFlag,
}

impl<T: Send + 'static> Prefetch<T> {
    /// Starts making one value per element of `tasks`, in order.
    pub fn start<I: Send + 'static>(
        tasks: Vec<I>,
        mut make: impl FnMut(I, &StopFlag) -> Result<T> + Send + 'static,
    ) -> Result<Self> {
        let (sender, receiver) = sync_channel(AHEAD);
        let stop = StopFlag::default();
        let flag = stop.clone();
        let work = move || {
            for task in tasks {
                let value = make(task, &flag);
                let failed = value.is_err();
                if sender.send(value).is_err() || failed {
                    return;
                }
            }
        };
        let worker = Builder::new()
            .name("loader".to_owned())
            .spawn(work)
            .map_err(|error| Error::Training(format!("cannot start a loader thread: {error}")))?;
        Ok(Self { receiver: Some(receiver), worker: Some(worker), stop })
    }
}

impl<T> Iterator for Prefetch<T> {
    type Item = Result<T>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Ok(value) = self.receiver.as_ref()?.recv() {
            return Some(value);
        }
        // The thread is done, or it panicked: that must not pass for the end of the epoch.
        self.receiver = None;
        if let Some(Err(panic)) = self.worker.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        None
    }
}

impl<T> Drop for Prefetch<T> {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Relaxed);
        // Without a receiver a send that waits for room ends at once.
        self.receiver = None;
        if let Some(worker) = self.worker.take() {
            // A panic of the worker has been seen by `next`, or nobody waits for its values.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn values_come_in_order() {
        let values: Result<Vec<_>> = Prefetch::start((0..20).collect(), |i, _| Ok(i * i)).unwrap().collect();
        assert_eq!(values.unwrap(), (0..20).map(|i| i * i).collect::<Vec<i32>>());
    }

    #[test]
    fn it_ends_after_an_error() {
        let fail_at_3 =
            |i, _: &StopFlag| if i == 3 { Err(Error::Training("three".to_owned())) } else { Ok(i) };
        let values: Vec<_> = Prefetch::start((0..9).collect(), fail_at_3).unwrap().collect();
        assert_eq!(values.len(), 4);
        assert!(values[3].is_err());
    }

    #[test]
    fn dropping_it_stops_a_thread_that_waits_for_room_or_works() {
        let mut full = Prefetch::start(vec![(); 1000], |(), _| Ok(())).unwrap();
        full.next();
        std::thread::sleep(Duration::from_millis(20));
        drop(full);

        let endless = Prefetch::<()>::start(vec![()], |(), stop| {
            loop {
                stop.check()?;
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let start = Instant::now();
        drop(endless);
        assert!(start.elapsed() < Duration::from_secs(1));
    }

    #[test]
    #[should_panic(expected = "a bug in the worker")]
    fn a_panic_is_not_taken_for_the_end() {
        Prefetch::<()>::start(vec![()], |(), _| panic!("a bug in the worker")).unwrap().for_each(drop);
    }
}
