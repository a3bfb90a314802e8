//! Writing down what is observed, beside the things that happen.

use std::sync::mpsc::{self, Sender};

use container_model::Phase;
use container_state::ContainerLock;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::session::Ending;

/// Writes phases in their order on a thread of its own, so that a slow disk does not hold up the container. It holds the
/// container's lock.
pub(crate) struct Recorder {
    phases: Sender<(Phase, oneshot::Sender<()>)>,
    writer: JoinHandle<ContainerLock>,
}

impl Recorder {
    pub(crate) fn start(owned: ContainerLock) -> Self {
        let (phases, received) = mpsc::channel::<(Phase, oneshot::Sender<()>)>();
        let writer = spawn_blocking(move || {
            for (phase, written) in received {
                write(&owned, phase);
                // The caller may not wait for it.
                let _ = written.send(());
            }
            owned
        });
        Self { phases, writer }
    }

    /// Records a phase after those before it. The receiver hears when that is done.
    pub(crate) fn phase(&self, phase: Phase) -> oneshot::Receiver<()> {
        let (written, done) = oneshot::channel();
        // The writer lives until `finish`.
        let _ = self.phases.send((phase, written));
        done
    }

    /// Records the end, or removes the container when it is not to outlive it or when its maker has abandoned it. The lock is free
    /// afterwards.
    pub(crate) async fn finish(self, ending: &Ending, auto_remove: bool) {
        drop(self.phases);
        let phase = ending.phase();
        let finished = async {
            let owned = self.writer.await?;
            spawn_blocking(move || {
                if !(auto_remove || owned.bundle().is_abandoned()) {
                    write(&owned, phase);
                } else if let Err(error) = owned.delete() {
                    tracing::error!(%error, "cannot remove the container");
                }
            })
            .await
        };
        if let Err(error) = finished.await {
            tracing::error!(%error, "the container's end is not on record");
        }
    }
}

/// A record that cannot be written does not end the container: the next command finds a live record without an owner and repairs it.
fn write(owned: &ContainerLock, phase: Phase) {
    if let Err(error) = owned.write_phase(phase) {
        tracing::error!(%error, "cannot record the container's phase");
    }
}
