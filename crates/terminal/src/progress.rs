//! Progress of a long operation, on standard error.
//!
//! An operation consists of tasks, such as the layers of a pull. On a terminal a thread redraws one line per task in place, so that
//! the operation does not wait for a slow terminal, and erases them at the end. Elsewhere each event is one line. Errors of writing
//! are ignored, so that progress does not make an operation fail.

mod board;
mod canvas;
mod frame;
mod painter;
mod plain;
mod rate;
mod span;

use std::io;

use crate::WindowSize;
use board::Board;
pub use painter::{Painter, Picture};
use plain::Plain;
pub use span::{Line, Span, columns_of};

/// The size of a terminal that does not know its own.
const USUAL_SIZE: WindowSize = WindowSize { rows: 24, columns: 80 };

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStyle {
    /// No progress.
    None,
    /// A line for each event.
    Plain,
    /// A bar for each task, redrawn in place; for terminals.
    Bars {
        /// With colours.
        color: bool,
    },
}

/// Shows the tasks of an operation while they run. Can be used from any thread; dropping it erases the bars.
pub struct Progress {
    output: Output,
}

enum Output {
    None,
    Plain(Plain),
    Bars(Painter<Board>),
}

impl Progress {
    /// Shows progress on standard error.
    #[must_use]
    pub fn stderr(style: ProgressStyle) -> Self {
        let output = match style {
            ProgressStyle::None => Output::None,
            ProgressStyle::Plain => Output::Plain(Plain::new(Box::new(io::stderr()))),
            ProgressStyle::Bars { color } => {
                // Without a thread there are no bars, which is no reason to fail.
                Painter::stderr(Board::default(), color).map_or(Output::None, Output::Bars)
            }
        };
        Self { output }
    }

    /// Shows what the operation as a whole is doing. Above the bars, the next text replaces it.
    pub fn say(&self, text: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.line(text),
            Output::Bars(painter) => painter.change(|board| board.say(text)),
        }
    }

    /// Adds a task that has not begun. `total` is in bytes, if it is known.
    pub fn queue(&self, task: &str, total: Option<u64>) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.queue(task, total)),
            Output::Bars(painter) => painter.change(|board| board.queue(task, total)),
        }
    }

    /// A task has transferred `done` bytes.
    pub fn advance(&self, task: &str, done: u64) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.advance(task, done)),
            Output::Bars(painter) => painter.change(|board| board.advance(task, done)),
        }
    }

    /// All bytes of a task are transferred and it is doing something else, for example `unpacking`.
    pub fn doing(&self, task: &str, what: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.doing(task, what)),
            Output::Bars(painter) => painter.change(|board| board.doing(task, what)),
        }
    }

    /// Shows a remark about a task, for example why it waits.
    pub fn remark(&self, task: &str, what: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.line(&format!("{task}: {what}")),
            Output::Bars(painter) => painter.change(|board| board.remark(task, what)),
        }
    }

    /// A task has ended; `outcome` says how, for example `done` or `already there`.
    pub fn finish(&self, task: &str, outcome: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.finish(task, outcome),
            Output::Bars(painter) => painter.change(|board| board.finish(task, outcome)),
        }
    }
}
