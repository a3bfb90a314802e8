//! Room for sockets: each flow through the gateway has one.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of open files to the hard one.
pub(super) fn raise_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    // macOS has a hard limit without end that it refuses to set.
    limit.current = limit.maximum.or(Some(DARWIN_LIMIT));
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    }
}

/// `OPEN_MAX` of macOS, `sys/syslimits.h`.
const DARWIN_LIMIT: u64 = 10_240;
