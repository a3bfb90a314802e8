//! The guest kernel.

mod set;

use clap::Subcommand;

use crate::error::CommandError;

/// Manage the kernel that machines boot
#[derive(Debug, Subcommand)]
pub(crate) enum KernelCommand {
    Set(set::Set),
}

impl KernelCommand {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        match self {
            Self::Set(set) => set.run(),
        }
    }
}
