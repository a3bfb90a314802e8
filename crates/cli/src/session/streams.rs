//! Which of the user's streams a process gets.

use std::io;

use container_engine::WindowSize;
use container_terminal::{DetachKeys, Keyboard, RawMode, Resizes, Source, is_terminal, window_size};

use crate::error::{CommandError, cannot};

/// How the user's streams are tied to a process.
#[derive(Debug, Clone)]
pub(crate) struct Streams {
    /// Pass standard input on.
    pub(crate) stdin: bool,
    /// The process has a terminal.
    pub(crate) terminal: bool,
    /// What to type to leave the session.
    pub(crate) detach_keys: DetachKeys,
}

impl Streams {
    /// The size that the process's terminal should have at first.
    pub(crate) fn window_size(&self) -> Option<WindowSize> {
        if !self.terminal {
            return None;
        }
        [
            window_size(io::stdin()),
            window_size(io::stdout()),
            window_size(io::stderr()),
        ]
        .into_iter()
        .flatten()
        .next()
        .map(engine_size)
    }

    /// Whether keys go to the process one by one, and with them Ctrl-C.
    pub(crate) fn is_raw(&self) -> bool {
        self.terminal && self.stdin && is_terminal(io::stdin())
    }

    pub(super) fn enter_raw_mode(&self) -> Result<Option<RawMode>, CommandError> {
        if !self.is_raw() {
            return Ok(None);
        }
        RawMode::enter(io::stdin())
            .map(Some)
            .map_err(|error| cannot("set up the terminal", error))
    }

    pub(super) fn resizes(&self) -> Result<Option<Resizes>, CommandError> {
        if self.terminal && is_terminal(io::stdin()) {
            return Resizes::watch(io::stdin())
                .map(Some)
                .map_err(|error| cannot("watch the terminal's size", error));
        }
        if self.terminal && is_terminal(io::stdout()) {
            return Resizes::watch(io::stdout())
                .map(Some)
                .map_err(|error| cannot("watch the terminal's size", error));
        }
        Ok(None)
    }

    /// What the process reads. Only at a terminal are there keys to leave with; other bytes are the process's alone.
    pub(super) fn keyboard(&self) -> Result<Option<Keyboard>, CommandError> {
        if !self.stdin {
            return Ok(None);
        }
        let source = Source::read(io::stdin()).map_err(|error| cannot("read standard input", error))?;
        let keys = self.is_raw().then(|| self.detach_keys.clone());
        Ok(Some(Keyboard::new(source, keys)))
    }
}

pub(super) fn engine_size(size: container_terminal::WindowSize) -> WindowSize {
    WindowSize {
        rows: size.rows,
        columns: size.columns,
    }
}
