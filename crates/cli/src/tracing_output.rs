//! What libraries tell on standard error, on every system: warnings that are written for the user; with `--debug` everything.

use std::fmt;
use std::io;

use container_engine::is_for_users;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Environment variable that asks for debug messages, whatever its value: the name is that of Apple's tool.
const VARIABLE: &str = "CONTAINER_DEBUG";

/// Shows debug messages if the flag or the environment asks for them, otherwise the warnings for users only.
pub(crate) fn start(flag: bool) {
    // Colours need a feature of the crate that is not built in.
    let output = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        // It would tell of a standard error that cannot be written on standard error, and panic.
        .log_internal_errors(false);
    if flag || std::env::var_os(VARIABLE).is_some() {
        output.with_max_level(Level::DEBUG).init();
    } else {
        output.with_max_level(Level::WARN).event_format(ForUsers).init();
    }
}

/// One line: `Warning: …`, as the command line's own.
struct ForUsers;

impl<S, N> FormatEvent<S, N> for ForUsers
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if !is_for_users(event.metadata().target()) {
            return Ok(());
        }
        write!(writer, "Warning: ")?;
        context.format_fields(writer.by_ref(), event)?;
        writeln!(writer)
    }
}
