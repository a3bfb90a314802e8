//! What is being done and what was done: the state that a terminal shows.

use std::collections::VecDeque;
use std::time::Duration;

use container_build::{BuildEvent, BuildWarning, VertexId};
use container_terminal::printable;

use super::lines::OutputLines;

/// The last lines of a command that are kept.
pub(super) const LOG_LINES: usize = 6;

/// A build so far. Times are since it began.
#[derive(Debug, Default)]
pub(super) struct Board {
    pub(super) vertices: Vec<Vertex>,
    /// How many vertices there will be, as far as it is known.
    expected: usize,
    pub(super) warnings: Vec<BuildWarning>,
    pub(super) has_failed: bool,
}

/// Something that is done.
#[derive(Debug)]
pub(super) struct Vertex {
    id: VertexId,
    pub(super) name: String,
    pub(super) started: Duration,
    pub(super) state: VertexState,
    pub(super) is_cached: bool,
    /// What it is at, besides what it writes.
    pub(super) remark: Option<String>,
    log: VecDeque<String>,
    output: OutputLines,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VertexState {
    /// It is being done.
    Running,
    /// It was done, and took so long.
    Done(Duration),
    /// It failed after so long.
    Failed(Duration),
}

impl Board {
    /// Takes an event that happened at `now`.
    pub(super) fn event(&mut self, event: BuildEvent, now: Duration) {
        match event {
            BuildEvent::Started { vertex, name } => self.vertices.push(Vertex {
                id: vertex,
                name: printable(&name),
                started: now,
                state: VertexState::Running,
                is_cached: false,
                remark: None,
                log: VecDeque::new(),
                output: OutputLines::default(),
            }),
            BuildEvent::Planned { further } => self.expected = self.vertices.len() + further,
            BuildEvent::Waiting { vertex } => self.remark(vertex, "another build does the same: waiting"),
            BuildEvent::Status { vertex, text } => self.remark(vertex, &text),
            BuildEvent::Cached { vertex } => self.with(vertex, |vertex| vertex.is_cached = true),
            BuildEvent::Output { vertex, bytes, .. } => self.with(vertex, |vertex| {
                let lines = vertex.output.add(&bytes);
                vertex.log.extend(lines);
                while vertex.log.len() > LOG_LINES {
                    vertex.log.pop_front();
                }
            }),
            BuildEvent::Finished { vertex, took } => self.end(vertex, VertexState::Done(took)),
            BuildEvent::Failed { vertex, .. } => {
                self.has_failed = true;
                let began = self.vertices.iter().find(|known| known.id == vertex);
                let took = now.saturating_sub(began.map_or(now, |vertex| vertex.started));
                self.end(vertex, VertexState::Failed(took));
            }
            BuildEvent::Warning(warning) => self.warnings.push(warning),
        }
    }

    /// How many have ended.
    pub(super) fn done(&self) -> usize {
        self.vertices.iter().filter(|vertex| !vertex.is_running()).count()
    }

    /// How many there are, and will be as far as it is known.
    pub(super) fn total(&self) -> usize {
        self.expected.max(self.vertices.len())
    }

    fn end(&mut self, vertex: VertexId, state: VertexState) {
        self.with(vertex, |vertex| {
            vertex.state = state;
            vertex.remark = None;
            vertex.log.clear();
            vertex.output = OutputLines::default();
        });
    }

    fn remark(&mut self, vertex: VertexId, text: &str) {
        self.with(vertex, |vertex| vertex.remark = Some(printable(text)));
    }

    fn with(&mut self, id: VertexId, act: impl FnOnce(&mut Vertex)) {
        // The newest are asked for most.
        if let Some(vertex) = self.vertices.iter_mut().rev().find(|vertex| vertex.id == id) {
            act(vertex);
        }
    }
}

impl Vertex {
    pub(super) fn is_running(&self) -> bool {
        self.state == VertexState::Running
    }

    /// What it is at and what it last wrote, the line without an end as well.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let written = self.log.iter().cloned().chain(self.output.open());
        self.remark.iter().cloned().chain(written).collect()
    }

    /// How long it has been done, or took.
    pub(super) fn took(&self, now: Duration) -> Duration {
        match self.state {
            VertexState::Running => now.saturating_sub(self.started),
            VertexState::Done(took) | VertexState::Failed(took) => took,
        }
    }
}
