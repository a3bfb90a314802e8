//! Results on standard output.

mod ago;
mod archive;
mod asked;
mod configuration;
mod digest;
mod docker_state;
mod format;
mod inspection;
mod list;
mod processes;
mod rows;
mod statistics;
mod table;
mod view;

use std::io::{self, Write};

pub(crate) use ago::{ago, span};
pub(crate) use archive::ArchiveReader;
pub(crate) use asked::{Asked, ListFormat, ObjectFormat, lines};
pub(crate) use configuration::published_port;
pub(crate) use digest::short;
pub(crate) use docker_state::{docker_health, docker_phase, docker_state};
pub(crate) use format::Format;
pub(crate) use inspection::InspectFlags;
pub(crate) use list::{ListFlags, Listing};
pub(crate) use processes::{process_json, process_table};
pub(crate) use rows::{Rows, labels_text};
pub(crate) use statistics::{StatisticsRow, statistics_json, statistics_rows, statistics_table};
pub(crate) use table::table;
pub(crate) use view::{container_json, docker_time, timestamp, with_pause, with_size};

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
