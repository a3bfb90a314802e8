//! What a long operation is doing, on standard error.

mod bar;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bar::Task;

/// Least time between two drawings of the bars.
const REDRAW_INTERVAL: Duration = Duration::from_millis(100);

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStyle {
    /// Not at all.
    None,
    /// A line when a task begins and one when it has ended.
    Plain,
    /// A bar for each task, redrawn in place; for terminals.
    Bars,
}

/// Shows tasks, such as the layers of a pull, while they run. Can be told from any thread.
///
/// A message that cannot be written is dropped: progress never makes an operation fail.
pub struct Progress {
    style: ProgressStyle,
    columns: usize,
    board: Mutex<Board>,
}

struct Board {
    writer: Box<dyn Write + Send>,
    tasks: Vec<Task>,
    drawn_lines: usize,
    drawn_at: Option<Instant>,
}

impl Progress {
    /// Shows progress on standard error.
    #[must_use]
    pub fn stderr(style: ProgressStyle) -> Self {
        let columns = crate::window_size(io::stderr()).map_or(80, |size| usize::from(size.columns));
        Self::new(style, columns, Box::new(io::stderr()))
    }

    fn new(style: ProgressStyle, columns: usize, writer: Box<dyn Write + Send>) -> Self {
        Self {
            style,
            columns,
            board: Mutex::new(Board {
                writer,
                tasks: Vec::new(),
                drawn_lines: 0,
                drawn_at: None,
            }),
        }
    }

    /// Says one thing, above the bars.
    pub fn say(&self, text: &str) {
        if self.style == ProgressStyle::None {
            return;
        }
        self.with_board(|board| {
            board.erase();
            let _ = writeln!(board.writer, "{}", bar::printable(text));
            self.draw(board, true);
        });
    }

    /// A task has come to `done` of `total` units (bytes). The first call for a name begins the task.
    pub fn advance(&self, name: &str, done: u64, total: Option<u64>) {
        if self.style == ProgressStyle::None {
            return;
        }
        self.with_board(|board| {
            match board.tasks.iter_mut().find(|task| task.name == name) {
                Some(task) => task.advance(done, total),
                None => {
                    let task = Task::new(name, done, total);
                    if self.style == ProgressStyle::Plain {
                        let _ = writeln!(board.writer, "{}", task.beginning());
                    }
                    board.tasks.push(task);
                }
            }
            self.draw(board, false);
        });
    }

    /// A task has ended; `outcome` says how, for example `done` or `already there`.
    pub fn finish(&self, name: &str, outcome: &str) {
        if self.style == ProgressStyle::None {
            return;
        }
        self.with_board(|board| {
            let task = match board.tasks.iter().position(|task| task.name == name) {
                Some(index) => board.tasks.remove(index),
                None => Task::new(name, 0, None),
            };
            board.erase();
            let _ = writeln!(board.writer, "{}", task.end(outcome));
            self.draw(board, true);
        });
    }

    fn with_board(&self, act: impl FnOnce(&mut Board)) {
        let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut board);
        let _ = board.writer.flush();
    }

    fn draw(&self, board: &mut Board, now: bool) {
        let rested = board.drawn_at.is_none_or(|at| at.elapsed() >= REDRAW_INTERVAL);
        if self.style != ProgressStyle::Bars || !(now || rested) {
            return;
        }
        board.erase();
        let lines: Vec<String> = board.tasks.iter().map(|task| task.line(self.columns)).collect();
        for line in &lines {
            let _ = writeln!(board.writer, "{line}");
        }
        board.drawn_lines = lines.len();
        board.drawn_at = (!lines.is_empty()).then(Instant::now);
    }
}

impl Board {
    /// Removes the bars: the cursor goes up over them and what is below is cleared (ECMA-48 CUU and ED).
    fn erase(&mut self) {
        if self.drawn_lines > 0 {
            let _ = write!(self.writer, "\x1b[{}A\x1b[J", self.drawn_lines);
            self.drawn_lines = 0;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.with_board(Board::erase);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn shown(style: ProgressStyle) -> String {
        let paper = Paper::default();
        let progress = Progress::new(style, 60, Box::new(paper.clone()));
        progress.say("pulling alpine");
        progress.advance("layer 12ab", 0, Some(2048));
        progress.advance("layer 12ab", 1024, Some(2048));
        progress.finish("layer 12ab", "done");
        drop(progress);
        let bytes = paper.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn plain_lines_have_no_control_characters() {
        let text = shown(ProgressStyle::Plain);
        assert_eq!(text, "pulling alpine\nlayer 12ab: 2.0 KiB\nlayer 12ab: done\n");
    }

    #[test]
    fn bars_are_erased_again() {
        let text = shown(ProgressStyle::Bars);
        assert!(text.contains("\x1b[1A\x1b[J"), "{text:?}");
        assert!(text.ends_with("layer 12ab: done\n"), "{text:?}");
    }

    #[test]
    fn none_is_silent() {
        assert_eq!(shown(ProgressStyle::None), "");
    }
}
