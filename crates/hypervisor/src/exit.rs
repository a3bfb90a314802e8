//! How a machine ended, and how all that wait for it learn of it.

use tokio::sync::watch;

/// How a machine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MachineExit {
    /// The guest ended the machine: by a power-off, or, where a reset ends a machine, by that, as after a panic. The caller knows
    /// whether it asked for a power-off; the console's log tells the rest.
    PowerOff,
    /// It was ended through [`crate::Machine::kill`], or because its last handle was dropped.
    Killed,
    /// The hypervisor itself failed or was ended from outside, or it ended a machine whose guest's kernel had panicked.
    Failed {
        /// What is known of it, e.g. the signal and QEMU's last words, or the panic.
        reason: String,
    },
}

/// Tells when and how one machine ends. Clones watch the same machine; any number of them may wait at the same time, and one that
/// is made after the end finds it.
#[derive(Debug, Clone)]
pub struct ExitWatch {
    receiver: watch::Receiver<Option<MachineExit>>,
}

/// The backend's side of an [`ExitWatch`]. Clones report for the same machine.
#[derive(Debug, Clone)]
pub struct ExitReporter {
    sender: watch::Sender<Option<MachineExit>>,
}

impl ExitWatch {
    /// The watch of one machine, and the way to report its end.
    #[must_use]
    pub fn new() -> (ExitReporter, Self) {
        let (sender, receiver) = watch::channel(None);
        (ExitReporter { sender }, Self { receiver })
    }

    /// How the machine ended, if it has.
    #[must_use]
    pub fn now(&self) -> Option<MachineExit> {
        // In this order: once all reporters are gone, no further report can come.
        let abandoned = self.receiver.has_changed().is_err();
        let reported = self.receiver.borrow().clone();
        reported.or_else(|| abandoned.then(Self::lost))
    }

    /// Waits until the machine has ended. A call that is dropped loses nothing: the next one finds the same end. For a machine that
    /// is never started this waits until it is killed or dropped.
    pub async fn ended(&self) -> MachineExit {
        let mut receiver = self.receiver.clone();
        match receiver.wait_for(Option::is_some).await {
            Ok(exit) => exit.clone().unwrap_or_else(Self::lost),
            // All reporters are gone.
            Err(_) => self.now().unwrap_or_else(Self::lost),
        }
    }

    /// The end of a machine whose backend is gone without a report.
    fn lost() -> MachineExit {
        MachineExit::Failed {
            reason: "its hypervisor was lost without a word about its end".to_owned(),
        }
    }
}

impl ExitReporter {
    /// Reports the end. The first report counts; later ones change nothing.
    pub fn report(&self, exit: MachineExit) {
        self.sender.send_if_modified(|current| {
            let is_first = current.is_none();
            if is_first {
                *current = Some(exit);
            }
            is_first
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everybody_who_waits_hears_the_first_report() {
        let (reporter, watch) = ExitWatch::new();
        assert_eq!(watch.now(), None);
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let watch = watch.clone();
                tokio::spawn(async move { watch.ended().await })
            })
            .collect();
        reporter.report(MachineExit::PowerOff);
        reporter.clone().report(MachineExit::Killed);
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), MachineExit::PowerOff);
        }
        drop(reporter);
        assert_eq!(
            (watch.now(), watch.ended().await),
            (Some(MachineExit::PowerOff), MachineExit::PowerOff)
        );
    }

    #[tokio::test]
    async fn a_wait_that_was_given_up_loses_nothing() {
        let (reporter, watch) = ExitWatch::new();
        assert!(poll_once(watch.ended()).await.is_none());
        reporter.report(MachineExit::Killed);
        assert_eq!(watch.ended().await, MachineExit::Killed);
    }

    #[tokio::test]
    async fn a_backend_that_vanishes_is_an_end_with_a_reason() {
        let (reporter, watch) = ExitWatch::new();
        assert_eq!(watch.now(), None);
        drop(reporter);
        let exit = watch.ended().await;
        assert!(
            matches!(&exit, MachineExit::Failed { reason } if reason.contains("lost")),
            "{exit:?}"
        );
        assert_eq!(watch.now(), Some(exit));
    }

    /// Polls once and drops the future.
    async fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            value = future => Some(value),
            () = std::future::ready(()) => None,
        }
    }
}
