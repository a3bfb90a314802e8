//! Progress on a terminal: a block that is redrawn in place, and stays at the end.

use std::io::{self, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use container_build::{BuildEvent, BuildProgress, BuildWarning};
use container_terminal::{Line, Painter, Picture, WindowSize};

use super::Shown;
use super::board::Board;
use super::frame::{frame, last_frame};
use super::warnings;

/// Draws a build on standard error.
pub(super) struct TtyProgress {
    began: Instant,
    /// Gone when nothing is drawn any more.
    painter: Mutex<Option<Painter<BuildPicture>>>,
}

/// A build and when it began.
struct BuildPicture {
    began: Instant,
    board: Board,
}

impl TtyProgress {
    /// Begins to draw.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start() -> io::Result<Self> {
        let began = Instant::now();
        let picture = BuildPicture {
            began,
            board: Board::default(),
        };
        Ok(Self {
            began,
            painter: Mutex::new(Some(Painter::stderr(picture, false)?)),
        })
    }

    fn painter(&self) -> std::sync::MutexGuard<'_, Option<Painter<BuildPicture>>> {
        self.painter.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BuildProgress for TtyProgress {
    fn event(&self, event: BuildEvent) {
        let now = self.began.elapsed();
        if let Some(painter) = &*self.painter() {
            painter.change(|picture| picture.board.event(event, now));
        }
    }
}

impl Shown for TtyProgress {
    fn end(&self) {
        let Some(painter) = self.painter().take() else { return };
        let warnings: Vec<BuildWarning> = painter.change(|picture| std::mem::take(&mut picture.board.warnings));
        drop(painter);
        // Nobody is told when standard error is closed.
        let _ = io::stderr().write_all(warnings::summary(&warnings).as_bytes());
    }
}

impl Picture for BuildPicture {
    /// Times are in tenths of a second.
    const IDLE_INTERVAL: Duration = Duration::from_millis(100);

    fn lines(&mut self, now: Instant, size: WindowSize, _: bool) -> Vec<Line> {
        frame(&self.board, now.saturating_duration_since(self.began), size)
    }

    fn last_lines(&mut self, now: Instant, size: WindowSize, _: bool) -> Vec<Line> {
        last_frame(&self.board, now.saturating_duration_since(self.began), size)
    }
}
