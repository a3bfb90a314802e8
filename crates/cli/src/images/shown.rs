//! What an operation on images tells, shown to the user.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use container_engine::{ImageEvent, ImageProgress, LayerEvent};
use container_oci::Digest;
use container_terminal::Progress;

use crate::output::short;

/// Name of the task that reads or writes an archive.
const ARCHIVE: &str = "archive";

/// Shows the events of one operation.
pub(crate) struct Shown {
    progress: Progress,
    state: Mutex<State>,
}

/// What has been shown so far.
#[derive(Default)]
struct State {
    layers: BTreeMap<Digest, Layer>,
    is_reading_archive: bool,
    skipped_members: Vec<String>,
}

/// How far a layer is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layer {
    /// It comes from elsewhere.
    Comes,
    /// It was here before, but perhaps not its disk.
    Present,
    /// It has been said that it is ready.
    Ended,
}

impl Shown {
    pub(crate) fn new(progress: Progress) -> Self {
        Self {
            progress,
            state: Mutex::default(),
        }
    }

    /// An archive of this size, if it is known, will be read.
    pub(crate) fn reads_archive(&self, size_bytes: Option<u64>) {
        self.with_state(|state| state.is_reading_archive = true);
        self.progress.queue(ARCHIVE, size_bytes);
    }

    /// Takes the progress away, and gives the names of what was left out of an archive.
    pub(crate) fn end(self) -> Vec<String> {
        self.with_state(|state| std::mem::take(&mut state.skipped_members))
    }

    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn archive_is_read(&self) {
        if self.with_state(|state| std::mem::take(&mut state.is_reading_archive)) {
            self.progress.finish(ARCHIVE, "read");
        }
    }

    /// Documents travel like layers, but were not announced as such and are not worth a line.
    fn advance(&self, digest: &Digest, bytes: u64) {
        if self.with_state(|state| state.layers.contains_key(digest)) {
            self.progress.advance(&layer(digest), bytes);
        }
    }

    /// A layer is ready. It is said once only, however often the layer is in the image.
    fn layer_ended(&self, digest: &Digest) {
        let outcome = match self.with_state(|state| state.layers.insert(*digest, Layer::Ended)) {
            Some(Layer::Ended) => return,
            Some(Layer::Present) => "here already",
            Some(Layer::Comes) | None => "done",
        };
        self.progress.finish(&layer(digest), outcome);
    }

    /// A request about one layer is remarked on in that layer's line.
    fn retrying(&self, what: &str, blob: Option<&Digest>, reason: &str, delay: Duration) {
        let text = format!("{reason}; trying again in {:.1} s", delay.as_secs_f32());
        match blob {
            Some(digest) => self.progress.remark(&layer(digest), &text),
            None => self.progress.say(&format!("{what}: {text}")),
        }
    }

    fn layer_event(&self, digest: Digest, event: LayerEvent) {
        let progress = &self.progress;
        match event {
            LayerEvent::Announced { size_bytes } => {
                self.with_state(|state| state.layers.insert(digest, Layer::Comes));
                progress.queue(&layer(&digest), Some(size_bytes));
            }
            LayerEvent::Present => {
                self.with_state(|state| state.layers.insert(digest, Layer::Present));
                progress.doing(&layer(&digest), "unpacking");
            }
            LayerEvent::Received { received_bytes } => self.advance(&digest, received_bytes),
            LayerEvent::Stored => progress.doing(&layer(&digest), "unpacking"),
            LayerEvent::DiskReady => {
                self.archive_is_read();
                self.layer_ended(&digest);
            }
            LayerEvent::Kept => self.layer_ended(&digest),
            LayerEvent::Waiting => progress.remark(&layer(&digest), "waiting for another command that fetches it"),
            LayerEvent::Sent { sent_bytes } => self.advance(&digest, sent_bytes),
            LayerEvent::OnRegistry => progress.finish(&layer(&digest), "there already"),
            LayerEvent::Mounted { repository } => {
                progress.finish(&layer(&digest), &format!("taken from {repository}"));
            }
            LayerEvent::Pushed => progress.finish(&layer(&digest), "done"),
        }
    }
}

impl ImageProgress for Shown {
    fn event(&self, event: ImageEvent) {
        let progress = &self.progress;
        match event {
            ImageEvent::Pulling { reference } => progress.say(&format!("pulling {reference}")),
            ImageEvent::Pushing { reference } => progress.say(&format!("pushing {reference}")),
            ImageEvent::Layer { digest, event } => self.layer_event(digest, event),
            ImageEvent::Pushed { reference, digest } => {
                progress.say(&format!("{reference}: pushed ({})", short(&digest)));
            }
            ImageEvent::Retrying {
                what,
                blob,
                reason,
                delay,
            } => self.retrying(&what, blob.as_ref(), &reason, delay),
            ImageEvent::ArchiveRead { read_bytes } | ImageEvent::Saved { read_bytes } => {
                progress.advance(ARCHIVE, read_bytes);
            }
            ImageEvent::MemberSkipped { name } => self.with_state(|state| state.skipped_members.push(name)),
            ImageEvent::Saving { size_bytes } => progress.queue(ARCHIVE, size_bytes),
            ImageEvent::Ready { reference, digest } => {
                self.archive_is_read();
                progress.say(&format!("{reference}: ready ({})", short(&digest)));
            }
        }
    }
}

fn layer(digest: &Digest) -> String {
    format!("layer {}", short(digest))
}
