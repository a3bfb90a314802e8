//! The end of all stages after the failure of one.

use std::sync::{Mutex, PoisonError};

use tokio::sync::watch;

use crate::BuildError;

/// Tells the stages of a build, of all its platforms, that one has failed.
pub(crate) struct Halt {
    has_failed: watch::Sender<bool>,
    first: Mutex<Option<BuildError>>,
}

impl Default for Halt {
    fn default() -> Self {
        Self {
            has_failed: watch::Sender::new(false),
            first: Mutex::default(),
        }
    }
}

impl Halt {
    /// Ends everything; the first failure is the one that is told.
    pub(super) fn fail(&self, error: BuildError) {
        self.first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_or_insert(error);
        self.has_failed.send_replace(true);
    }

    /// Waits until something has failed.
    pub(super) async fn failed(&self) {
        let mut has_failed = self.has_failed.subscribe();
        // The sender lives as long as `self`.
        if has_failed.wait_for(|has_failed| *has_failed).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The first failure, if there was one.
    pub(super) fn take(&self) -> Option<BuildError> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_failure_ends_all_and_is_told() {
        let halt = Halt::default();
        let (_, ()) = tokio::join!(halt.failed(), async {
            tokio::task::yield_now().await;
            halt.fail(BuildError::NoText);
            halt.fail(BuildError::Interrupted);
        });
        halt.failed().await;
        assert!(matches!(halt.take(), Some(BuildError::NoText)));
        assert!(halt.take().is_none());
    }
}
