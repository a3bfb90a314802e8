//! `network capture`.

use std::io::{self, ErrorKind, Read as _, Write};

use container_model::{ContainerId, NetworkName};
use container_network::capture::WholeBlocks;
use container_network::{Capture, CaptureEnd, NetworkClient};

use crate::{Cause, Engine, EngineError, NetworkError};

/// Bytes that are read at once.
const READ_BYTES: usize = 256 << 10;

/// Frames of a network as they come, in the pcapng format.
#[derive(Debug)]
pub struct NetworkCapture {
    stream: Capture,
}

/// Ends a [`NetworkCapture`] that is being copied elsewhere.
#[derive(Debug)]
pub struct NetworkCaptureEnd {
    end: CaptureEnd,
}

impl Engine {
    /// The frames of a network from now on: of all its machines, or of one container's.
    ///
    /// # Errors
    /// [`NetworkError::NotFound`]; [`NetworkError::Unused`] when no container that runs is on the network; [`NetworkError::NotConnected`]
    /// when that container is not.
    pub fn capture_network(
        &self,
        name: &NetworkName,
        container: Option<ContainerId>,
    ) -> Result<NetworkCapture, EngineError> {
        self.networks.load(name).map_err(NetworkError::from)?;
        if let Some(id) = &container {
            let view = self.load(id)?;
            let mut attachments = view.config.networks.iter();
            if !attachments.any(|attachment| attachment.network == *name) {
                return Err(NetworkError::NotConnected {
                    id: id.clone(),
                    name: name.clone(),
                }
                .into());
            }
        }
        let client = NetworkClient::new(self.paths.clone(), name.clone());
        let stream = client
            .capture(container)
            .map_err(|error| NetworkError::Silent(Cause::new(error)))?
            .ok_or_else(|| NetworkError::Unused { name: name.clone() })?;
        Ok(NetworkCapture { stream })
    }
}

impl NetworkCapture {
    /// What ends it.
    ///
    /// # Errors
    /// That of the system.
    pub fn to_end(&self) -> io::Result<NetworkCaptureEnd> {
        let end = self.stream.to_end()?;
        Ok(NetworkCaptureEnd { end })
    }

    /// Writes the frames as they come, until the last machine has left the network or the capture is ended. What was written is a complete
    /// file then, and whoever reads it through a pipe has every frame at once. This blocks.
    ///
    /// # Errors
    /// That of the target, or [`ErrorKind::InvalidData`] when the network's process sends something else.
    pub fn copy_to(mut self, target: &mut impl Write) -> io::Result<()> {
        let mut blocks = WholeBlocks::default();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match self.stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                // The process was killed.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error),
            };
            target.write_all(&blocks.push(buffer.get(..count).unwrap_or_default())?)?;
            target.flush()?;
        }
    }
}

impl NetworkCaptureEnd {
    /// Ends the capture: what has arrived by now is still written.
    pub fn end(&self) {
        self.end.end();
    }
}

#[cfg(test)]
mod tests {
    use super::super::connect::tests::container;
    use super::*;
    use crate::CreateNetworkRequest;

    #[test]
    fn a_network_that_nobody_uses_has_no_frames() {
        let root = tempfile::tempdir().unwrap();
        let engine = Engine::for_tests(root.path());
        for name in ["web", "other"] {
            let request = CreateNetworkRequest {
                name: name.parse().unwrap(),
                ipv4_subnet: None,
                ipv6_subnet: None,
                internal: false,
                labels: [].into(),
                options: [].into(),
            };
            engine.create_network(request).unwrap();
        }
        container(&engine, "db", &["web"]);
        let said = |network: &str, container: Option<&str>| {
            let container = container.map(|id| id.parse().unwrap());
            let error = engine.capture_network(&network.parse().unwrap(), container);
            error.unwrap_err().to_string()
        };
        assert_eq!(said("web", None), "no container that runs is on network web");
        assert_eq!(said("other", Some("db")), "container db is not on network other");
        assert!(said("third", None).contains("third"));
    }
}
