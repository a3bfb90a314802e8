//! What a step has written, as a layer.

use std::fs::File;
use std::io::Write;

use container_model::ContainerId;
use container_rootfs::{RootError, RootView, StepBase};
use container_tar::Writer;

use super::VERB;
use crate::EngineError;
use crate::error::StillError;

/// What a step has written, on the disk of its machine. The disk stays as long as this value, also when the machine has ended.
#[derive(Debug)]
pub struct StepLayer {
    /// `None` for a step that was never begun.
    view: Option<RootView>,
    machine: ContainerId,
}

impl StepLayer {
    /// Looks at the directory of a step on the disk of a machine.
    pub(super) fn open(
        disk: File,
        directory: &[u8],
        below: StepBase,
        machine: ContainerId,
    ) -> Result<Self, StillError> {
        let view = match RootView::open_step(disk, directory, below) {
            Ok(view) => Some(view),
            Err(RootError::NotFound { path }) if path == directory => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { view, machine })
    }

    /// Whether there was no step.
    pub(super) fn is_missing(&self) -> bool {
        self.view.is_none()
    }

    /// Writes the layer as a tar, not compressed and with its end: directories before what is in them, names in the order of their bytes, so that equal disks
    /// give equal layers. This blocks, and can be done more than once.
    ///
    /// # Errors
    /// [`EngineError::Root`].
    pub fn write(&self, output: &mut dyn Write) -> Result<(), EngineError> {
        let mut tar = Writer::new(output);
        let written = self.view.as_ref().map_or(Ok(()), |view| view.write_layer(&mut tar));
        let finished = written.and_then(|()| Ok(tar.finish().map(drop)?));
        finished.map_err(|error| self.failed(error))
    }

    /// Whether the step has changed nothing.
    ///
    /// # Errors
    /// [`EngineError::Root`].
    pub fn is_empty(&self) -> Result<bool, EngineError> {
        let is_empty = self.view.as_ref().map_or(Ok(true), RootView::is_layer_empty);
        is_empty.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: RootError) -> EngineError {
        EngineError::root(VERB, &self.machine, error.into())
    }
}
