//! What the program's own processes write: a launcher for each container, and one process for each network.

use std::path::PathBuf;

use crate::{Engine, EngineError, NetworkError};

/// The log of a process of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessLog {
    /// The container or the network that the process is for.
    pub of: String,
    /// The file, which need not be there. Its lines begin with a time, but for what a process that failed has left.
    pub path: PathBuf,
}

impl Engine {
    /// The logs of the processes of all containers and networks.
    ///
    /// # Errors
    /// [`EngineError::List`], [`EngineError::Network`].
    pub fn process_logs(&self) -> Result<Vec<ProcessLog>, EngineError> {
        let containers = self.list()?.into_iter().map(|view| ProcessLog {
            of: view.id().to_string(),
            path: self.containers.bundle(view.id()).launcher_log(),
        });
        let networks = self.networks.list().map_err(NetworkError::from)?.networks;
        let networks = networks.into_iter().map(|config| ProcessLog {
            of: format!("network {}", config.name),
            path: self.networks.process_log(&config.name),
        });
        Ok(containers.chain(networks).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_container_has_a_log() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        engine.make_stopped(&"made".parse().unwrap(), serde_json::json!([]));
        let logs = engine.process_logs().unwrap();
        assert_eq!(logs.len(), 1);
        assert_eq!(logs[0].of, "made");
        assert!(logs[0].path.ends_with("made/launcher.log"));
    }
}
