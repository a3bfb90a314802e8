//! The disks of a running container, which its guest holds still.

use std::time::{Duration, Instant};

use container_launcher::control::ControlClient;
use container_launcher::control::v1::{FreezeRequest, FreezeResponse};
use tonic::{Status, Streaming};

/// How long they may be read. The guest holds its disks still for 30 seconds; that this is over is heard of a moment later.
const READ_LIMIT: Duration = Duration::from_secs(25);

/// Disks to which everything was written, and to which nothing more is as long as this value lives; but not for ever, so that it has to be asked at the
/// end whether it was so.
pub(crate) struct FrozenDisks {
    responses: Streaming<FreezeResponse>,
    since: Instant,
}

impl FrozenDisks {
    /// Has the guest hold them still; nothing when it ends without a word.
    pub(crate) async fn hold(client: &mut ControlClient) -> Result<Option<Self>, Status> {
        let mut responses = client.freeze(FreezeRequest {}).await?.into_inner();
        let begun = responses.message().await?;
        Ok(begun.map(|FreezeResponse {}| Self {
            responses,
            since: Instant::now(),
        }))
    }

    /// When reading them must have ended.
    pub(crate) fn deadline(&self) -> Instant {
        self.since + READ_LIMIT
    }

    /// Lets them go, and says whether they were still until now.
    pub(crate) async fn were_held(mut self) -> bool {
        // A stream that has ended says that the disks were written to again.
        let is_held = tokio::time::timeout(Duration::ZERO, self.responses.message())
            .await
            .is_err();
        is_held && Instant::now() < self.deadline()
    }
}
