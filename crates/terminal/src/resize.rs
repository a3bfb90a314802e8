//! Changes of the terminal's size.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{WindowSize, window_size};

/// The changes of a terminal's size.
#[derive(Debug)]
pub struct Resizes {
    terminal: OwnedFd,
    changed: Signal,
}

impl Resizes {
    /// Watches a terminal. Needs a tokio runtime.
    ///
    /// # Errors
    /// When no handler for SIGWINCH can be installed.
    pub fn watch(terminal: impl AsFd) -> io::Result<Self> {
        Ok(Self {
            terminal: terminal.as_fd().try_clone_to_owned()?,
            changed: signal(SignalKind::window_change())?,
        })
    }

    /// The size as it is now.
    #[must_use]
    pub fn current(&self) -> Option<WindowSize> {
        window_size(&self.terminal)
    }

    /// The next size. Never ready after the handler for SIGWINCH has ended.
    pub async fn next(&mut self) -> WindowSize {
        loop {
            if self.changed.recv().await.is_none() {
                std::future::pending::<()>().await;
            }
            if let Some(size) = self.current() {
                return size;
            }
        }
    }
}
