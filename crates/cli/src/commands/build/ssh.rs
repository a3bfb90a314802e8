//! `--ssh`: SSH agents that `RUN --mount=type=ssh` reaches.

use std::os::unix::fs::FileTypeExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use container_engine::ssh_agent;

use crate::error::CommandError;

/// The agent of mounts that name none.
const DEFAULT_ID: &str = "default";

/// `default`, `ID` or `ID=SOCKET`
#[derive(Debug, Clone)]
pub(super) struct SshFlag {
    id: String,
    socket: Option<PathBuf>,
}

impl FromStr for SshFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (id, socket) = match text.split_once('=') {
            Some((id, path)) => (id, Some(path)),
            None => (text, None),
        };
        if id.is_empty() || socket == Some("") {
            return Err(format!(
                "an id is needed, and after = a socket: {DEFAULT_ID}, ID or ID=SOCKET"
            ));
        }
        Ok(Self {
            id: id.to_owned(),
            socket: socket.map(PathBuf::from),
        })
    }
}

impl SshFlag {
    /// Its id and its socket, which is there; without one that of the user's agent.
    pub(super) fn into_pair(self) -> Result<(String, PathBuf), CommandError> {
        let socket = self.socket.or_else(ssh_agent);
        let socket = socket.ok_or_else(|| {
            CommandError::usage(format!(
                "--ssh {}: SSH_AUTH_SOCK is not set, so there is no agent; start one (`eval $(ssh-agent)`), or name a socket: {}=SOCKET",
                self.id, self.id
            ))
        })?;
        match std::fs::metadata(&socket) {
            Ok(found) if found.file_type().is_socket() => Ok((self.id, std::path::absolute(&socket).unwrap_or(socket))),
            Ok(_) => Err(CommandError::usage(format!(
                "--ssh {}: {} is not a socket; keys are given by an agent: add them with ssh-add",
                self.id,
                socket.display()
            ))),
            Err(error) => Err(CommandError::usage(format!(
                "--ssh {}: cannot use {}: {error}",
                self.id,
                socket.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_sockets_are_named() {
        for text in ["", "=/x", "a="] {
            assert!(SshFlag::from_str(text).is_err(), "{text}");
        }
        let flag = SshFlag::from_str("a=/dev/null").unwrap();
        let error = format!("{:?}", flag.into_pair().unwrap_err());
        assert!(error.contains("/dev/null is not a socket"), "{error}");
    }
}
