//! Signals to the launcher.

use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::launch::Limits;
use crate::session::Session;

/// Makes the signals that end programs end the container. Resolves when there was one.
pub(super) fn end_on_signals(session: &Arc<Session>, limits: Limits) -> impl Future<Output = ()> + use<> {
    let (told, mut receiver) = watch::channel(false);
    for kind in [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()] {
        match signal(kind) {
            Ok(mut signals) => {
                let (session, told) = (Arc::clone(session), told.clone());
                tokio::spawn(async move {
                    while signals.recv().await.is_some() {
                        tracing::info!("the launcher was told to end");
                        session.stop(None, limits.stop);
                        told.send_replace(true);
                    }
                });
            }
            Err(error) => tracing::warn!(%error, "cannot handle a signal"),
        }
    }
    async move {
        if receiver.wait_for(|told| *told).await.is_err() {
            std::future::pending().await
        }
    }
}
