//! Whose turn it is to work on the disks as a whole: one at a time, the next one waits. A shutdown makes all of them end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, watch};
use tokio::time::timeout;
use tonic::Status;

/// How long work may take to end after it was killed.
const END_WAIT: Duration = Duration::from_secs(5);

/// Who works on the disks, and whether that is to end.
#[derive(Default)]
pub(crate) struct DiskTurn {
    turn: Arc<Mutex<()>>,
    ending: watch::Sender<bool>,
}

impl DiskTurn {
    /// Makes what is at work end, and everything that comes later fail; waits for it.
    pub(crate) async fn end(&self) {
        self.ending.send_replace(true);
        if timeout(END_WAIT, self.turn.lock()).await.is_err() {
            eprintln!("vminitd: the work on the disks does not end");
        }
    }

    /// Waits for the turn, which lasts as long as the returned value.
    pub(crate) async fn take(&self) -> Result<OwnedMutexGuard<()>, Status> {
        let turn = self.turn.clone().lock_owned().await;
        match *self.ending.borrow() {
            true => Err(Status::failed_precondition("the machine is shutting down")),
            false => Ok(turn),
        }
    }

    /// Waits until the work is to end.
    pub(crate) async fn ended(&self) {
        // The sender is ours, so the channel cannot close.
        let _ = self.ending.subscribe().wait_for(|ending| *ending).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_end_waits_for_the_turn_and_lets_no_other_begin() {
        let turn = Arc::new(DiskTurn::default());
        let working = turn.take().await.unwrap();
        let ending = tokio::spawn({
            let turn = turn.clone();
            async move { turn.end().await }
        });
        turn.ended().await;
        assert!(!ending.is_finished());
        drop(working);
        ending.await.unwrap();
        assert!(turn.take().await.is_err());
    }
}
