//! The file of a trial guest.

use std::os::fd::OwnedFd;
use std::path::PathBuf;

use crate::command_line::LoadedFile;

/// A file that QEMU loads in a trial.
#[derive(Debug)]
pub(crate) struct TrialImage {
    pub(crate) file: LoadedFile,
    /// What QEMU has to inherit for it.
    pub(crate) inherited: Vec<OwnedFd>,
    /// What is removed when the trial is over.
    pub(crate) removed_afterwards: Option<PathBuf>,
}
