//! The thread that redraws the bars.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::board::Board;
use super::canvas::Canvas;
use super::frame::frame;
use crate::WindowSize;

/// Least time between two drawings. An operation that ends sooner shows nothing, so that nothing flashes.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);
/// Longest time between two drawings, so that the rate of a stalled download falls.
const IDLE_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct Painter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    board: Board,
    is_new: bool,
    has_ended: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Painter {
    pub(super) fn start(
        writer: Box<dyn Write + Send>,
        size: Box<dyn Fn() -> WindowSize + Send>,
        color: bool,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("progress".to_owned())
            .stack_size(128 * 1024)
            .spawn(move || paint(&theirs, writer, &size, color))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    pub(super) fn change(&self, act: impl FnOnce(&mut Board)) {
        let mut state = self.shared.lock();
        act(&mut state.board);
        state.is_new = true;
        self.shared.changed.notify_one();
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn paint(shared: &Shared, mut writer: Box<dyn Write + Send>, size: &dyn Fn() -> WindowSize, color: bool) {
    let mut canvas = Canvas::default();
    let mut write = |text: String| {
        if !text.is_empty() {
            let _ = writer.write_all(text.as_bytes()).and_then(|()| writer.flush());
        }
    };
    loop {
        let pause = shared
            .changed
            .wait_timeout_while(shared.lock(), REDRAW_INTERVAL, |state| !state.has_ended);
        drop(pause);
        let waited = shared
            .changed
            .wait_timeout_while(shared.lock(), IDLE_INTERVAL, |state| !state.is_new && !state.has_ended);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.has_ended {
            break;
        }
        state.is_new = false;
        state.board.tick(Instant::now());
        let size = size();
        let lines = frame(&state.board, size, color);
        // Writing may block on a slow terminal; the operation must not wait for it.
        drop(state);
        write(canvas.draw(&lines, size));
    }
    write(canvas.erase(size()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Paper {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn painter(paper: &Paper) -> Painter {
        let size = || WindowSize { rows: 24, columns: 80 };
        Painter::start(Box::new(paper.clone()), Box::new(size), false).unwrap()
    }

    #[test]
    fn bars_appear_and_are_taken_away_again() {
        let paper = Paper::default();
        let painter = painter(&paper);
        painter.change(|board| board.advance("layer 12ab", 1024));
        while !paper.text().contains("layer 12ab") {
            thread::yield_now();
        }
        drop(painter);
        assert!(paper.text().ends_with("\r\x1b[1A\x1b[J"), "{:?}", paper.text());
    }

    #[test]
    fn an_operation_that_ends_at_once_shows_nothing() {
        let paper = Paper::default();
        drop(painter(&paper));
        assert_eq!(paper.text(), "");
    }
}
