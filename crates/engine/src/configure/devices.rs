//! Devices of its machine that a container asks for.

use container_model::{DeviceNode, UnknownFields};

use crate::DeviceRequest;
use crate::error::RequestError;

/// Where nodes are.
const DIRECTORY: &str = "/dev/";

/// The devices. Whether the machine has them is known only there.
pub(super) fn devices(requests: &[DeviceRequest]) -> Result<Vec<DeviceNode>, RequestError> {
    requests.iter().map(device).collect()
}

fn device(request: &DeviceRequest) -> Result<DeviceNode, RequestError> {
    let DeviceRequest { path, target, access } = request;
    let refused = |reason| RequestError::Device {
        device: path.clone(),
        reason,
    };
    if !is_node(path) {
        return Err(refused(
            "a path below /dev is needed; it is one of the container's machine, not of this host, whose devices no machine has",
        ));
    }
    if !is_node(target) {
        return Err(refused("its node in the container has to be below /dev"));
    }
    let is_access = !access.is_empty() && access.bytes().all(|byte| b"rwm".contains(&byte));
    if !is_access {
        return Err(refused("what may be done with it is some of r, w and m"));
    }
    Ok(DeviceNode {
        path: path.clone(),
        target: target.clone(),
        access: access.clone(),
        unknown: UnknownFields::new(),
    })
}

fn is_node(path: &str) -> bool {
    path.strip_prefix(DIRECTORY).is_some_and(|name| {
        let is_part = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('\0');
        name.split('/').all(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_below_dev() {
        let checked = |path: &str, target: &str, access: &str| {
            let request = DeviceRequest {
                path: path.to_owned(),
                target: target.to_owned(),
                access: access.to_owned(),
            };
            devices(&[request]).map_err(|error| error.to_string())
        };
        assert_eq!(checked("/dev/net/tun", "/dev/x", "rw").unwrap()[0].target, "/dev/x");
        for (path, target, access, reason) in [
            ("/etc/passwd", "/dev/x", "r", "a path below /dev"),
            ("/dev/../x", "/dev/x", "r", "a path below /dev"),
            ("/dev/", "/dev/x", "r", "a path below /dev"),
            ("vendor.com/gpu=all", "/dev/x", "r", "a path below /dev"),
            ("/dev/fuse", "/fuse", "r", "has to be below /dev"),
            ("/dev/fuse", "/dev/fuse", "x", "some of r, w and m"),
        ] {
            let error = checked(path, target, access).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
