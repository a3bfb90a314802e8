//! Machines that run the steps of builds.
//!
//! A [`BuildMachine`] boots once and runs any number of steps, one after another, each on what the steps before it and the host have left. What one step has
//! written is a layer of its own, which the host reads from the machine's disk. Several machines may run side by side.
//!
//! The machine is its maker's alone: no other command sees it, and it ends with this value or with the process.

mod archive;
mod layer;
mod request;
mod start;
mod step;

use std::path::PathBuf;

use container_launcher::control::ControlClient;
use container_model::ContainerId;

use crate::NewContainer;

pub use layer::StepLayer;
pub use request::{
    BuildCache, BuildLayer, BuildMachineRequest, Secret, StepMount, StepNetwork, StepOwner, StepRequest,
};

/// The verb in errors.
const VERB: &str = "read what a step has written in";

/// A machine between two steps, or in one. Dropped, it is switched off at once, whatever runs in it.
pub struct BuildMachine {
    new: NewContainer,
    client: ControlClient,
    root_disk: PathBuf,
    /// What is right below the step that is sealed next.
    below: Below,
    next_tree: u32,
}

/// What is below a step.
#[derive(Debug, Clone)]
enum Below {
    Nothing,
    /// The disk of the highest layer.
    Layer(PathBuf),
    /// The directory of a step on the machine's disk.
    Step(Vec<u8>),
}

/// A tree of files that was brought into a machine, for the mounts of steps until the next seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepTree {
    number: u32,
}

impl BuildMachine {
    /// The id of its record, which names its logs while it runs.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        self.new.id()
    }

    /// Switches the machine off; returns when nothing of it is left.
    pub async fn end(self) {
        self.new.undo().await;
    }
}

/// The directory of a step on the machine's disk.
fn step_directory(number: u32) -> Vec<u8> {
    format!("upper.{number}").into_bytes()
}
