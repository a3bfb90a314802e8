//! A machine that stands still because the host has no room for what its guest writes: how all that wait for it learn of it, and have it go on.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

/// What a machine that stands still is short of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stall {
    /// Images that could not grow, or all that may be written where the hypervisor names none.
    pub disks: Vec<PathBuf>,
}

/// Tells when one machine stands still for want of room on the host, and when it goes on. While it stands still it loses nothing: what
/// could not be written waits. Clones watch the same machine, and do not keep it alive.
#[derive(Debug, Clone)]
pub struct StallWatch {
    receiver: watch::Receiver<Observed>,
    another_try: Arc<Notify>,
}

/// The backend's side of a [`StallWatch`], for as long as there is a machine.
#[derive(Debug)]
pub struct StallReporter {
    sender: watch::Sender<Observed>,
    another_try: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Observed {
    now: Option<Stall>,
    over_count: u64,
}

impl StallWatch {
    /// The watch of one machine, which runs, and the way to report its stalls.
    #[must_use]
    pub fn new() -> (StallReporter, Self) {
        let (sender, receiver) = watch::channel(Observed::default());
        let another_try = Arc::<Notify>::default();
        let reporter = StallReporter {
            sender,
            another_try: Arc::clone(&another_try),
        };
        (reporter, Self { receiver, another_try })
    }

    /// What the machine is short of if it stands still. One that has ended does not.
    #[must_use]
    pub fn now(&self) -> Option<Stall> {
        self.receiver.borrow().now.clone()
    }

    /// Waits until the machine stands still; for ever when it has ended.
    pub async fn stalled(&self) -> Stall {
        let mut receiver = self.receiver.clone();
        if let Ok(observed) = receiver.wait_for(|observed| observed.now.is_some()).await
            && let Some(stall) = observed.now.clone()
        {
            return stall;
        }
        std::future::pending().await
    }

    /// Waits until the machine goes on, or has ended.
    pub async fn over(&self) {
        // The last report of all is that it does not stand still any more.
        let _ = self.receiver.clone().wait_for(|observed| observed.now.is_none()).await;
    }

    /// How many stalls are over.
    #[must_use]
    pub fn over_count(&self) -> u64 {
        self.receiver.borrow().over_count
    }

    /// Asks for what could not be written to be tried once more, and for the machine to go on. Where there still is no room it stands still
    /// again.
    pub fn try_again(&self) {
        self.another_try.notify_one();
    }
}

impl StallReporter {
    /// Reports that the machine stands still, or that it runs.
    pub fn report(&self, stall: Option<Stall>) {
        self.sender.send_if_modified(|observed| {
            let is_news = observed.now != stall;
            if is_news {
                observed.over_count += u64::from(stall.is_none());
                observed.now = stall;
            }
            is_news
        });
    }

    /// Waits until somebody asks for another try.
    pub async fn asked(&self) {
        self.another_try.notified().await;
    }
}

impl Drop for StallReporter {
    fn drop(&mut self) {
        // The machine is gone.
        self.report(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stall(disk: &str) -> Stall {
        Stall {
            disks: vec![disk.into()],
        }
    }

    #[tokio::test]
    async fn everybody_who_waits_hears_of_a_stall_and_of_its_end() {
        let (reporter, watch) = StallWatch::new();
        assert_eq!((watch.now(), watch.over_count()), (None, 0));
        let early = watch.clone();
        let waiter = tokio::spawn(async move { early.stalled().await });
        reporter.report(Some(stall("/a")));
        assert_eq!(watch.stalled().await, stall("/a"));
        assert_eq!(waiter.await.unwrap(), stall("/a"));
        let early = watch.clone();
        let waiter = tokio::spawn(async move { early.over().await });
        reporter.report(None);
        waiter.await.unwrap();
        watch.over().await;
        assert_eq!((watch.now(), watch.over_count()), (None, 1));
    }

    #[tokio::test]
    async fn a_wish_for_another_try_waits_for_the_backend() {
        let (reporter, watch) = StallWatch::new();
        watch.try_again();
        reporter.asked().await;
    }

    #[tokio::test]
    async fn a_machine_that_has_ended_does_not_stand_still() {
        let (reporter, watch) = StallWatch::new();
        reporter.report(Some(stall("/a")));
        drop(reporter);
        assert_eq!(watch.now(), None);
        watch.over().await;
    }
}
