//! Something that is done, and tells about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::{BuildEvent, BuildProgress, BuildWarning, OutputStream, VertexId};

/// Numbers what is done.
#[derive(Clone)]
pub(crate) struct Vertices {
    progress: Arc<dyn BuildProgress>,
    next: Arc<AtomicU64>,
}

impl Vertices {
    pub(crate) fn new(progress: Arc<dyn BuildProgress>) -> Self {
        Self {
            progress,
            next: Arc::new(AtomicU64::new(1)),
        }
    }

    /// Begins something.
    pub(crate) fn start(&self, name: impl Into<String>) -> Vertex {
        let vertex = Vertex {
            id: VertexId(self.next.fetch_add(1, Ordering::Relaxed)),
            progress: Arc::clone(&self.progress),
            started: Instant::now(),
        };
        vertex.tell(BuildEvent::Started {
            vertex: vertex.id,
            name: name.into(),
        });
        vertex
    }

    pub(crate) fn planned(&self, further: usize) {
        self.progress.event(BuildEvent::Planned { further });
    }

    pub(crate) fn warn(&self, warning: BuildWarning) {
        self.progress.event(BuildEvent::Warning(warning));
    }
}

/// Something that is being done.
pub(crate) struct Vertex {
    id: VertexId,
    progress: Arc<dyn BuildProgress>,
    started: Instant,
}

impl Vertex {
    /// Ends it, well or badly.
    pub(crate) fn end<T, E: std::fmt::Display>(self, result: Result<T, E>) -> Result<T, E> {
        match &result {
            Ok(_) => self.tell(BuildEvent::Finished {
                vertex: self.id,
                took: self.started.elapsed(),
            }),
            Err(error) => self.tell(BuildEvent::Failed {
                vertex: self.id,
                reason: error.to_string(),
            }),
        }
        result
    }

    pub(crate) fn cached(&self) {
        self.tell(BuildEvent::Cached { vertex: self.id });
    }

    pub(crate) fn waiting(&self) {
        self.tell(BuildEvent::Waiting { vertex: self.id });
    }

    pub(crate) fn status(&self, text: impl Into<String>) {
        let text = text.into();
        self.tell(BuildEvent::Status { vertex: self.id, text });
    }

    pub(crate) fn output(&self, stream: OutputStream, bytes: &[u8]) {
        self.tell(BuildEvent::Output {
            vertex: self.id,
            stream,
            bytes: bytes.to_vec(),
        });
    }

    fn tell(&self, event: BuildEvent) {
        self.progress.event(event);
    }
}
