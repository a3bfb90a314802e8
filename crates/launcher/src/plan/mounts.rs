//! The mounts of a container as the guest's agent is asked to make them.

use container_agent_api::v1;
use container_model::{ContainerConfig, Mount};

/// What the kernel calls a file system in memory, as its type and as its source (tmpfs(5)).
const TMPFS: &str = "tmpfs";

/// A mount for which the container's machine has no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountPlanError {
    #[error("cannot mount volume {volume:?} at {target}: this version does not know volumes; use a newer `container`")]
    Disk { volume: String, target: String },
    #[error(
        "cannot mount {source_path} at {target}: this version does not know how to share directories of the host; use a newer `container`"
    )]
    Share { source_path: String, target: String },
    #[error("cannot make a mount of kind {kind:?}: this version does not know it; use a newer `container`")]
    Unknown { kind: String },
}

/// The mounts of a container, in the order in which they are made.
pub(crate) fn mounts(config: &ContainerConfig) -> Result<Vec<v1::Mount>, MountPlanError> {
    config.mounts.iter().map(mount).collect()
}

fn mount(mount: &Mount) -> Result<v1::Mount, MountPlanError> {
    match mount {
        Mount::Tmpfs(tmpfs) => Ok(v1::Mount {
            kind: TMPFS.to_owned(),
            source: TMPFS.to_owned(),
            target: tmpfs.target.clone(),
            options: tmpfs.options.clone(),
        }),
        Mount::Disk(disk) => Err(MountPlanError::Disk {
            volume: disk.volume.clone(),
            target: disk.target.clone(),
        }),
        Mount::Share(share) => Err(MountPlanError::Share {
            source_path: share.source.display().to_string(),
            target: share.target.clone(),
        }),
        Mount::Unknown(unknown) => Err(MountPlanError::Unknown {
            kind: unknown.kind().to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn memory_is_mounted_and_what_has_no_device_is_refused() {
        let planned = |written: serde_json::Value| mount(&serde_json::from_value(written).unwrap());
        let tmpfs = planned(json!({ "kind": "tmpfs", "target": "/run", "options": ["mode=755"] })).unwrap();
        assert_eq!((tmpfs.kind.as_str(), tmpfs.target.as_str()), ("tmpfs", "/run"));
        assert_eq!(tmpfs.options, ["mode=755"]);
        for (written, named) in [
            (
                json!({ "kind": "disk", "volume": "data", "target": "/d" }),
                "volume \"data\" at /d",
            ),
            (
                json!({ "kind": "share", "source": "/home", "target": "/d" }),
                "/home at /d",
            ),
            (json!({ "kind": "image", "target": "/d" }), "kind \"image\""),
        ] {
            let error = planned(written).unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("use a newer"), "{error}");
        }
    }
}
