//! The sockets in the container that lead to the host's: those that are mounted, and the SSH agent.

use std::path::PathBuf;

use container_model::{ContainerConfig, Mount};

/// Where the SSH agent appears, as in Apple's tool.
pub(super) const SSH_AGENT_TARGET: &str = "/var/host-services/ssh-auth.sock";

/// The listeners of the guest's agent, by their numbers, and the sockets of the host that they lead to; `None` where there is none. They are
/// numbered in the order of the record, the SSH agent last.
pub(crate) fn host_sockets(config: &ContainerConfig, ssh_agent: Option<&PathBuf>) -> Vec<(u32, Option<PathBuf>)> {
    let sources = config.mounts.iter().filter_map(|mount| match mount {
        Mount::Socket(socket) => Some(Some(socket.source.clone())),
        _ => None,
    });
    let agent = config.ssh.then(|| ssh_agent.cloned());
    (0..).zip(sources.chain(agent)).collect()
}
