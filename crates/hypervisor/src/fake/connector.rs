//! The way to the fake agent.

use std::io;
use std::pin::pin;

use async_trait::async_trait;
use container_stream::ByteStream;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::time::Instant;

use super::agent;
use super::guest::{Channel, Guest};
use super::template::{AgentMemory, while_paused};
use crate::{AgentConnector, AgentStream, ConnectError, ExitReporter, ExitWatch};

/// Plays what the guest's [`Channel`] says.
pub(super) struct FakeConnector {
    pub(super) guest: Guest,
    pub(super) agent: AgentMemory,
    pub(super) paused: watch::Receiver<bool>,
    pub(super) started_at: Instant,
    pub(super) exit: ExitReporter,
    pub(super) exit_watch: ExitWatch,
    pub(super) refused_count: usize,
}

#[async_trait]
impl AgentConnector for FakeConnector {
    async fn connect(&mut self) -> Result<AgentStream, ConnectError> {
        self.guest.observe().connect_count += 1;
        match self.guest.channel {
            Channel::Open => {}
            Channel::Late { after } => tokio::time::sleep_until(self.started_at + after).await,
            Channel::Silent => std::future::pending().await,
            Channel::Refused { count } if self.refused_count < count => {
                self.refused_count += 1;
                let source = io::ErrorKind::ConnectionRefused.into();
                return Err(ConnectError::NotListening { source });
            }
            Channel::Refused { .. } => {}
        }
        self.open().map_err(|source| ConnectError::Stream { source })
    }
}

impl FakeConnector {
    fn open(&self) -> io::Result<AgentStream> {
        // The server serves a pair of its own, joined to the caller's by a task: with that task the stream is cut,
        // whatever the server has spawned.
        let (near, mut cut_near) = UnixStream::pair()?;
        let (mut cut_far, far) = UnixStream::pair()?;
        let ended = self.exit_watch.clone();
        let mut paused = self.paused.clone();
        let agent = self.agent.clone();
        tokio::spawn(async move {
            let copied = async {
                let mut copied = pin!(tokio::io::copy_bidirectional(&mut cut_near, &mut cut_far));
                loop {
                    while_paused(&mut paused).await;
                    tokio::select! {
                        biased;
                        Ok(_) = paused.wait_for(|paused| *paused) => {}
                        _ = &mut copied => return,
                    }
                }
            };
            tokio::select! {
                () = copied => agent.tell_that_it_is_parked(),
                _ = ended.ended() => {}
            }
        });
        let guest = agent::play(
            self.guest.clone(),
            self.agent.clone(),
            far,
            self.started_at,
            self.exit.clone(),
        );
        let ended = self.exit_watch.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = guest => {}
                _ = ended.ended() => {}
            }
        });
        Ok(ByteStream::from(near))
    }
}
