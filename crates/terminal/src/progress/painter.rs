//! The thread that redraws a picture in place.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::USUAL_SIZE;
use super::canvas::Canvas;
use super::span::Line;
use crate::WindowSize;

/// Least time between two drawings. An operation that ends sooner shows nothing of its course, so that nothing flashes.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// What is drawn, as lines that are fewer than the terminal has, each narrower than it is, so that nothing scrolls or wraps.
pub trait Picture: Send + 'static {
    /// The longest time between two drawings while nothing changes.
    const IDLE_INTERVAL: Duration;

    /// The lines as they are now.
    fn lines(&mut self, now: Instant, size: WindowSize, color: bool) -> Vec<Line>;

    /// What stays on the terminal at the end, which may be longer than that is; without lines everything is erased.
    fn last_lines(&mut self, now: Instant, size: WindowSize, color: bool) -> Vec<Line>;
}

/// Draws a picture whenever it has changed, until it is dropped. The operation does not wait for a slow terminal, except at the end.
pub struct Painter<P: Picture> {
    shared: Arc<Shared<P>>,
    thread: Option<JoinHandle<()>>,
}

struct Shared<P> {
    state: Mutex<State<P>>,
    changed: Condvar,
}

struct State<P> {
    picture: P,
    is_new: bool,
    has_ended: bool,
}

impl<P> Shared<P> {
    fn lock(&self) -> MutexGuard<'_, State<P>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<P: Picture> Painter<P> {
    /// Draws on standard error.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn stderr(picture: P, color: bool) -> io::Result<Self> {
        let size = || crate::window_size(io::stderr()).unwrap_or(USUAL_SIZE);
        Self::start(picture, Box::new(io::stderr()), Box::new(size), color)
    }

    /// Draws on standard output.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn stdout(picture: P, color: bool) -> io::Result<Self> {
        let size = || crate::window_size(io::stdout()).unwrap_or(USUAL_SIZE);
        Self::start(picture, Box::new(io::stdout()), Box::new(size), color)
    }

    pub(super) fn start(
        picture: P,
        writer: Box<dyn Write + Send>,
        size: Box<dyn Fn() -> WindowSize + Send>,
        color: bool,
    ) -> io::Result<Self> {
        let state = State {
            picture,
            is_new: false,
            has_ended: false,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            changed: Condvar::new(),
        });
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

    /// Changes the picture.
    pub fn change<T>(&self, act: impl FnOnce(&mut P) -> T) -> T {
        let mut state = self.shared.lock();
        let result = act(&mut state.picture);
        state.is_new = true;
        self.shared.changed.notify_one();
        result
    }
}

impl<P: Picture> Drop for Painter<P> {
    fn drop(&mut self) {
        self.shared.lock().has_ended = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn paint<P: Picture>(
    shared: &Shared<P>,
    mut writer: Box<dyn Write + Send>,
    size: &dyn Fn() -> WindowSize,
    color: bool,
) {
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
            .wait_timeout_while(shared.lock(), P::IDLE_INTERVAL, |state| {
                !state.is_new && !state.has_ended
            });
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.has_ended {
            break;
        }
        state.is_new = false;
        let size = size();
        let lines = state.picture.lines(Instant::now(), size, color);
        // Writing may block on a slow terminal; the operation must not wait for it.
        drop(state);
        write(canvas.draw(&lines, size));
    }
    let size = size();
    let last = shared.lock().picture.last_lines(Instant::now(), size, color);
    write(match last.as_slice() {
        [] => canvas.erase(size),
        lines => canvas.draw(lines, size),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::board::Board;
    use crate::progress::span::Span;

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

    fn painter<P: Picture>(picture: P, paper: &Paper) -> Painter<P> {
        let size = || WindowSize { rows: 24, columns: 80 };
        Painter::start(picture, Box::new(paper.clone()), Box::new(size), false).unwrap()
    }

    #[test]
    fn bars_appear_and_are_taken_away_again() {
        let paper = Paper::default();
        let painter = painter(Board::default(), &paper);
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
        drop(painter(Board::default(), &paper));
        assert_eq!(paper.text(), "");
    }

    /// A picture that leaves something.
    struct Result;

    impl Picture for Result {
        const IDLE_INTERVAL: Duration = Duration::from_secs(1);

        fn lines(&mut self, _: Instant, _: WindowSize, _: bool) -> Vec<Line> {
            vec![Line::fit(&[Span::plain("working")], 79, false)]
        }

        fn last_lines(&mut self, _: Instant, _: WindowSize, _: bool) -> Vec<Line> {
            vec![Line::fit(&[Span::plain("done")], 79, false)]
        }
    }

    #[test]
    fn the_last_picture_takes_the_place_of_the_others_and_stays() {
        let paper = Paper::default();
        let painter = painter(Result, &paper);
        painter.change(|_| ());
        while !paper.text().contains("working") {
            thread::yield_now();
        }
        drop(painter);
        assert!(paper.text().ends_with("\r\x1b[1Adone\x1b[K\n"), "{:?}", paper.text());
    }
}
