//! The whole life of the process that serves one machine.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::FileType;

use crate::serve::serve;
use crate::tree::SharedTree;

/// Becomes the file server of the machine that connects to the listening socket that is the standard input. `list` is a file with its trees,
/// JSON of an array of [`SharedTree`]s. If the standard output is a socket, changes are told there. What goes wrong is written to standard error.
#[must_use]
pub fn execute(list: &Path) -> ExitCode {
    match execute_listed(list) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Nobody is left to be told that this fails.
            let _ = writeln!(io::stderr(), "{reason}");
            ExitCode::FAILURE
        }
    }
}

fn execute_listed(list: &Path) -> Result<(), String> {
    let unreadable = |error: &dyn std::fmt::Display| format!("cannot read what is to be shared: {error}");
    let text = std::fs::read(list).map_err(|error| unreadable(&error))?;
    let trees: Vec<SharedTree> = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
    let listener =
        rustix::io::dup(rustix::stdio::stdin()).map_err(|error| format!("there is no connection: {error}"))?;
    serve(listener, &trees, changes()).map_err(|error| error.to_string())
}

fn changes() -> Option<UnixStream> {
    let output = rustix::io::dup(rustix::stdio::stdout()).ok()?;
    let kind = FileType::from_raw_mode(rustix::fs::fstat(&output).ok()?.st_mode);
    (kind == FileType::Socket).then(|| output.into())
}
