//! Signals to the launcher.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::launch::Limits;
use crate::session::Session;

/// Whether a signal has told the launcher to end.
#[derive(Debug, Clone)]
pub(super) struct ToldToEnd(watch::Receiver<bool>);

impl ToldToEnd {
    /// Resolves when there was such a signal.
    pub(super) async fn told(mut self) {
        if self.0.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}

/// Makes the signals that end programs end the container.
pub(super) fn end_on_signals(session: &Arc<Session>, limits: Limits) -> ToldToEnd {
    let (told, receiver) = watch::channel(false);
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        match signal(kind) {
            Ok(mut signals) => {
                let (session, told) = (Arc::clone(session), told.clone());
                tokio::spawn(async move {
                    while signals.recv().await.is_some() {
                        tracing::info!("the launcher was told to end");
                        // The systems of hosts send them to all that runs when they go down, and when a session ends.
                        session.note_end_with_host();
                        session.stop_as_wanted(limits.stop);
                        told.send_replace(true);
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "cannot handle a signal"),
        }
    }
    ToldToEnd(receiver)
}
