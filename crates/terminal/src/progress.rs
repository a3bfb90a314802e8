//! What a long operation is doing, on standard error.
//!
//! An operation consists of tasks, such as the layers of a pull. On a terminal each has a line that is redrawn in place by a thread
//! of its own, so that the operation never waits for a slow terminal, and all of it is gone at the end. Elsewhere there is a line for
//! each thing that happened. What cannot be written is dropped: progress never makes an operation fail.

mod board;
mod canvas;
mod frame;
mod painter;
mod plain;
mod rate;
mod span;

use std::io;

use crate::WindowSize;
use painter::Painter;
use plain::Plain;

/// The size that is assumed of what does not tell its own.
const USUAL_SIZE: WindowSize = WindowSize { rows: 24, columns: 80 };

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProgressStyle {
    /// Not at all.
    None,
    /// A line for each thing that happened.
    Plain,
    /// A bar for each task, redrawn in place; for terminals.
    Bars {
        /// With colours.
        color: bool,
    },
}

/// Shows the tasks of an operation while they run. Can be told from any thread; dropping it takes the bars away.
pub struct Progress {
    output: Output,
}

enum Output {
    None,
    Plain(Plain),
    Bars(Painter),
}

impl Progress {
    /// Shows progress on standard error.
    #[must_use]
    pub fn stderr(style: ProgressStyle) -> Self {
        let output = match style {
            ProgressStyle::None => Output::None,
            ProgressStyle::Plain => Output::Plain(Plain::new(Box::new(io::stderr()))),
            ProgressStyle::Bars { color } => {
                let size = || crate::window_size(io::stderr()).unwrap_or(USUAL_SIZE);
                // Without a thread nothing can be drawn in time; that is no reason to fail.
                Painter::start(Box::new(io::stderr()), Box::new(size), color).map_or(Output::None, Output::Bars)
            }
        };
        Self { output }
    }

    /// Says what the operation as a whole is at. Above the bars, the next text takes its place.
    pub fn say(&self, text: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.line(text),
            Output::Bars(painter) => painter.change(|board| board.say(text)),
        }
    }

    /// There is a task, and it has not begun. `total` is in bytes, if it is known.
    pub fn queue(&self, task: &str, total: Option<u64>) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.queue(task, total)),
            Output::Bars(painter) => painter.change(|board| board.queue(task, total)),
        }
    }

    /// A task has come to `done` bytes.
    pub fn advance(&self, task: &str, done: u64) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.advance(task, done)),
            Output::Bars(painter) => painter.change(|board| board.advance(task, done)),
        }
    }

    /// All bytes of a task are there and it is at something else, for example `unpacking`.
    pub fn doing(&self, task: &str, what: &str) {
        match &self.output {
            Output::None => {}
            Output::Plain(plain) => plain.change(|board| board.doing(task, what)),
            Output::Bars(painter) => painter.change(|board| board.doing(task, what)),
        }
    }

    /// Something is worth knowing about a task, for example why it waits.
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
