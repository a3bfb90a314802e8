//! What is kept of a container's output and of its machine's console.

mod bounded;
mod console;
mod patient;
mod record_log;
mod stdio;
mod tail;

pub(crate) use bounded::BoundedLog;
pub(crate) use console::{CONSOLE_LOG_BYTES, ConsoleLog};
pub(crate) use stdio::StdioLog;
pub(crate) use tail::{TAIL_BYTES, last_lines, tail};
