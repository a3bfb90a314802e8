//! What is kept of a container's output, of its machine's console and of what its launcher has to say.

mod bounded;
mod console;
mod own;
mod patient;
mod record_log;
mod stdio;
mod tail;

pub(crate) use bounded::BoundedLog;
pub(crate) use console::{CONSOLE_LOG_BYTES, ConsoleLog};
pub(crate) use own::OwnLog;
pub(crate) use stdio::StdioLog;
pub(crate) use tail::{TAIL_BYTES, last_lines, tail};
