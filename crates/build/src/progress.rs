//! What a build tells while it is under way.

use std::time::Duration;

use crate::BuildWarning;

/// The number of something that is done, in the order in which the build began with it: `#3` of BuildKit's plain output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VertexId(pub u64);

/// Hears events. Called from the tasks that do the work, so it must return at once.
pub trait BuildProgress: Send + Sync {
    /// Something happened.
    fn event(&self, event: BuildEvent);
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BuildEvent {
    /// Something is being done.
    Started {
        /// Its number.
        vertex: VertexId,
        /// What it is: `[stage-1 2/5] RUN make`.
        name: String,
    },
    /// It is known now what there is to do.
    Planned {
        /// How many more will be started, unless something fails.
        further: usize,
    },
    /// Another build does the same, and is waited for.
    Waiting {
        /// Whose turn it is.
        vertex: VertexId,
    },
    /// The cache has it.
    Cached {
        /// What need not be done.
        vertex: VertexId,
    },
    /// A command wrote something.
    Output {
        /// Which one.
        vertex: VertexId,
        /// Where to.
        stream: OutputStream,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A line about what is going on.
    Status {
        /// In what.
        vertex: VertexId,
        /// The line.
        text: String,
    },
    /// It is done.
    Finished {
        /// What is.
        vertex: VertexId,
        /// How long it took.
        took: Duration,
    },
    /// It failed.
    Failed {
        /// What did.
        vertex: VertexId,
        /// Why.
        reason: String,
    },
    /// Something is odd, and goes on all the same.
    Warning(BuildWarning),
}

/// Which stream a command writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A build of which nobody wants to hear.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoBuildProgress;

impl BuildProgress for NoBuildProgress {
    fn event(&self, _: BuildEvent) {}
}
