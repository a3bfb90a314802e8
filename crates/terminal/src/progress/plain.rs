//! Progress as lines, for logs and pipes.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::board::Board;
use crate::HumanSize;
use crate::printable;

/// Time without events after which a line says that the operation goes on. Without it a long transfer would seem to hang in a log.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

pub(super) struct Plain {
    state: Mutex<State>,
}

struct State {
    writer: Box<dyn Write + Send>,
    board: Board,
    spoke: Instant,
}

impl Plain {
    pub(super) fn new(writer: Box<dyn Write + Send>) -> Self {
        Self {
            state: Mutex::new(State {
                writer,
                board: Board::default(),
                spoke: Instant::now(),
            }),
        }
    }

    pub(super) fn line(&self, text: &str) {
        self.with(|state| state.write(text));
    }

    pub(super) fn change(&self, act: impl FnOnce(&mut Board)) {
        self.with(|state| {
            act(&mut state.board);
            if state.spoke.elapsed() >= SIGN_OF_LIFE {
                let text = sign_of_life(&state.board);
                state.write(&text);
            }
        });
    }

    pub(super) fn finish(&self, task: &str, outcome: &str) {
        self.with(|state| {
            state.board.finish(task, outcome);
            let size = state.board.tasks.iter().find(|known| known.name == printable(task));
            let size = size.map_or(0, |known| known.done);
            let text = match size {
                0 => format!("{task}: {outcome}"),
                size => format!("{task}: {outcome} ({})", HumanSize(size)),
            };
            state.write(&text);
        });
    }

    fn with(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    fn write(&mut self, text: &str) {
        self.spoke = Instant::now();
        // One write a line, so that lines of several processes do not mix.
        let _ = self.writer.write_all(format!("{}\n", printable(text)).as_bytes());
        let _ = self.writer.flush();
    }
}

fn sign_of_life(board: &Board) -> String {
    let figures = match board.total() {
        Some(total) => format!("{} of {}", HumanSize(board.done()), HumanSize(total)),
        None => HumanSize(board.done()).to_string(),
    };
    format!("{} of {} done, {figures}", board.ended(), board.tasks.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
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

    #[test]
    fn a_line_for_each_end_and_no_control_characters() {
        let paper = Paper::default();
        let plain = Plain::new(Box::new(paper.clone()));
        plain.line("pulling\x1b[2J alpine");
        plain.change(|board| board.queue("layer 12ab", Some(2048)));
        for done in 0..1000 {
            plain.change(|board| board.advance("layer 12ab", done));
        }
        plain.change(|board| board.doing("layer 12ab", "unpacking"));
        plain.finish("layer 12ab", "done");
        let text = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "pulling\u{fffd}[2J alpine\nlayer 12ab: done (2.05 kB)\n");
    }

    #[test]
    fn a_sign_of_life_counts_everything() {
        let mut board = Board::default();
        board.queue("a", Some(1_000_000));
        board.queue("b", Some(3_000_000));
        board.finish("a", "done");
        assert_eq!(sign_of_life(&board), "1 of 2 done, 1 MB of 4 MB");
    }
}
