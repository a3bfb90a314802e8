//! The end of a process that has broken a rule of the runtime or of the framework.

use std::fmt::Display;

/// Says what was done wrong, in one sentence on standard error, and aborts.
pub(crate) fn breach(sentence: impl Display) -> ! {
    eprintln!("container-vz-stub: {sentence}");
    std::process::abort()
}
