//! The SSH agent that a container is to have.

use container_engine::ssh_agent;

use crate::error::warn;

/// Says so when a container is to have the SSH agent and there is none: its programs find a socket that is closed at once.
pub(super) fn warn_without_agent(is_wanted: bool) {
    if is_wanted && ssh_agent().is_none() {
        warn(
            "SSH_AUTH_SOCK is not set: there is no SSH agent for the container until it is started where there is one",
        );
    }
}
