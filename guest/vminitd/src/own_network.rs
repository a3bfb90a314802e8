//! The network namespace of a container that is to have none of the machine's networks.

use std::io;

use crate::{loopback, sysctl};

/// Makes the network namespace of the calling process what the machine's is for other containers: with the same parameters, and a loopback interface that is up.
///
/// # Errors
/// What could not be set.
pub(crate) fn prepare() -> io::Result<()> {
    sysctl::set_defaults().map_err(io::Error::other)?;
    Ok(loopback::bring_up()?)
}
