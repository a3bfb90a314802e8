//! The Unix sockets that a new container publishes.

use std::path::Path;

use container_model::{PublishedSocket, UnknownFields};
use container_state::SOCKET_PATH_MAX_BYTES;

use super::target::normal;
use crate::PublishedSocketRequest;
use crate::error::RequestError;

/// Where `--ssh` puts the host's SSH agent, as Apple's tool does.
pub(super) const SSH_AGENT_VARIABLE: &str = "SSH_AUTH_SOCK=/var/host-services/ssh-auth.sock";

/// The sockets with absolute paths.
///
/// # Errors
/// [`RequestError::PublishedSocket`], [`RequestError::MountTarget`].
pub(super) fn published(requests: &[PublishedSocketRequest]) -> Result<Vec<PublishedSocket>, RequestError> {
    let mut published: Vec<PublishedSocket> = Vec::new();
    for request in requests {
        let refuse = |reason: String| RequestError::PublishedSocket {
            host_path: request.host_path.clone(),
            reason,
        };
        let host_path = std::path::absolute(&request.host_path).map_err(|error| refuse(error.to_string()))?;
        usable(&host_path).map_err(refuse)?;
        if published.iter().any(|other| other.host_path == host_path) {
            return Err(refuse("it is asked for twice".to_owned()));
        }
        published.push(PublishedSocket {
            host_path,
            container_path: normal(&request.container_path)?,
            unknown: UnknownFields::new(),
        });
    }
    Ok(published)
}

/// Whether a socket of the host can have this path, and a record name it.
pub(super) fn usable(path: &Path) -> Result<(), String> {
    let length = path.as_os_str().len();
    if length > SOCKET_PATH_MAX_BYTES {
        return Err(format!(
            "its path has {length} bytes, and that of a socket at most {SOCKET_PATH_MAX_BYTES}; choose a shorter one"
        ));
    }
    match path.to_str() {
        Some(_) => Ok(()),
        None => Err("its path is no UTF-8 text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn request(host_path: impl Into<PathBuf>, container_path: &str) -> PublishedSocketRequest {
        PublishedSocketRequest {
            host_path: host_path.into(),
            container_path: container_path.to_owned(),
        }
    }

    #[test]
    fn paths_become_absolute_and_what_no_socket_can_have_is_refused() {
        let made = published(&[request("run/web.sock", "/run//web.sock")]).unwrap();
        assert!(made[0].host_path.is_absolute() && made[0].host_path.ends_with("run/web.sock"));
        assert_eq!(made[0].container_path, "/run/web.sock");
        let long = format!("/{}", "x".repeat(SOCKET_PATH_MAX_BYTES));
        for (requests, said) in [
            (vec![request(&long, "/a")], "at most"),
            (vec![request("/a", "/b"), request("/a", "/c")], "twice"),
            (vec![request("/a", "b")], "not absolute"),
        ] {
            let error = published(&requests).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
