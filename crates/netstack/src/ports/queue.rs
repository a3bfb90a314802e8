//! Frames that a full socket did not take.

use std::collections::VecDeque;

/// What it costs to hold a frame beside its bytes.
const FRAME_OVERHEAD_BYTES: usize = 64;

/// Frames held back, in order, up to a limit.
#[derive(Debug, Default)]
pub(crate) struct FrameQueue {
    frames: VecDeque<Vec<u8>>,
    held_bytes: usize,
}

impl FrameQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Bytes held, with what it costs to hold them.
    pub(crate) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Holds a frame, unless that makes more than `limit_bytes`.
    #[must_use]
    pub(crate) fn push(&mut self, frame: &[u8], limit_bytes: usize) -> bool {
        let cost = frame.len() + FRAME_OVERHEAD_BYTES;
        if self.held_bytes.saturating_add(cost) > limit_bytes {
            return false;
        }
        self.held_bytes += cost;
        self.frames.push_back(frame.to_vec());
        true
    }

    pub(crate) fn first(&self) -> Option<&[u8]> {
        self.frames.front().map(Vec::as_slice)
    }

    pub(crate) fn remove_first(&mut self) {
        if let Some(frame) = self.frames.pop_front() {
            self.held_bytes -= frame.len() + FRAME_OVERHEAD_BYTES;
        }
    }

    /// Drops all frames; answers how many.
    pub(crate) fn clear(&mut self) -> usize {
        self.held_bytes = 0;
        let count = self.frames.len();
        self.frames.clear();
        count
    }
}
