//! The network of a build's commands.

use container_engine::NetworkingRequest;

/// What commands without `--network` see.
#[derive(Debug, Clone, Default)]
pub struct BuildNetwork {
    /// Whether they have a network at all.
    pub is_none: bool,
    /// Networks and names of their machine.
    pub networking: NetworkingRequest,
}

impl BuildNetwork {
    /// The names of the hosts that commands know, which are part of what a command's result depends on; their addresses are not.
    pub(crate) fn host_names(&self) -> Vec<&str> {
        self.networking
            .extra_hosts
            .iter()
            .map(|entry| entry.name.as_str())
            .collect()
    }
}
