//! Results on standard output.

mod ago;
mod configuration;
mod digest;
mod format;
mod table;
mod view;

use std::io::{self, Write};

pub(crate) use ago::ago;
pub(crate) use configuration::published_port;
pub(crate) use digest::short;
pub(crate) use format::{Format, ListFlags, Listing, pretty};
pub(crate) use table::table;
pub(crate) use view::{container_json, timestamp};

/// Writes a line to standard output.
///
/// # Errors
/// That of the write; `println!` would panic when the reader has gone.
pub(crate) fn line(text: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{text}")
}

/// Tells something beside the results, on standard error.
pub(crate) fn note(text: &str) {
    // A closed standard error is no reason to fail.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes text to standard output as it is.
///
/// # Errors
/// That of the write.
pub(crate) fn text(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}
