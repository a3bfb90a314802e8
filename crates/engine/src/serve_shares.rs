//! What another hidden sub-command does: it is the process that serves one machine's shared directories.

use std::path::Path;
use std::process::ExitCode;

/// The hidden sub-command by which the program becomes a file server; the list follows.
pub(crate) const FILE_SERVER_COMMAND: &str = "file-server";

/// Becomes the file server of a machine, whose connection is the standard input, for the trees that `list` names. It opens nothing else of the
/// user's: neither settings nor the state of containers.
#[must_use]
pub fn serve_shares(list: &Path) -> ExitCode {
    container_shares::execute(list)
}
