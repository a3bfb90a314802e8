//! When the processes of a run stand still, or its machine does.

use tokio::sync::watch;

use super::{Notice, Run, Session};

/// Whether the processes of a run stand still: because a client has paused them, or because their machine has no room on the host.
pub(crate) struct Stillness {
    paused: watch::Receiver<bool>,
    notice: watch::Receiver<Notice>,
}

impl Stillness {
    pub(crate) fn of(session: &Session, run: &Run) -> Self {
        Self {
            paused: run.is_still.subscribe(),
            notice: session.notice.subscribe(),
        }
    }

    /// Waits until they stand still, or are about to.
    pub(crate) async fn begun(&mut self) {
        self.is(true).await;
    }

    /// Waits until they go on.
    pub(crate) async fn over(&mut self) {
        self.is(false).await;
    }

    async fn is(&mut self, still: bool) {
        loop {
            let is_paused = *self.paused.borrow_and_update();
            let is_stalled = matches!(*self.notice.borrow_and_update(), Notice::Paused { .. });
            if (is_paused || is_stalled) == still {
                return;
            }
            let changed = tokio::select! {
                changed = self.paused.changed() => changed,
                changed = self.notice.changed() => changed,
            };
            if changed.is_err() {
                // The run or its session is gone, and whoever waits goes with it.
                std::future::pending::<()>().await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    #[test]
    fn processes_stand_still_for_either_reason() {
        let paused = watch::Sender::new(false);
        let notice = watch::Sender::new(Notice::None);
        let mut still = Stillness {
            paused: paused.subscribe(),
            notice: notice.subscribe(),
        };
        let mut is_still = || {
            let (begun, over) = (still.begun().now_or_never(), still.over().now_or_never());
            assert_ne!(begun.is_some(), over.is_some());
            begun.is_some()
        };
        assert!(!is_still());
        paused.send_replace(true);
        assert!(is_still());
        let reason = String::new();
        notice.send_replace(Notice::Paused { reason });
        paused.send_replace(false);
        assert!(is_still());
        notice.send_replace(Notice::GoesOn);
        assert!(!is_still());
    }
}
