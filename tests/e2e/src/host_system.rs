//! The operating system on which the tests run, for what has to be done differently on each.

/// Is it Linux? Else it is macOS.
pub(crate) const IS_LINUX: bool = cfg!(target_os = "linux");
