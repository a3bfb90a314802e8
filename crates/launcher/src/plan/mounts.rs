//! The mounts of a container as the guest's agent is asked to make them.

use container_agent_api::v1;
use container_model::{ContainerConfig, DiskMount, Mount, VolumeName};

use super::shares::share_name;
use super::volume_serial;
use crate::volumes::VolumeDisk;

/// What the kernel calls a file system in memory, as its type and as its source (tmpfs(5)).
const TMPFS: &str = "tmpfs";

/// A mount for which the container's machine has no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountPlanError {
    #[error("cannot mount volume {volume} at {target}: its disk was not taken")]
    Disk { volume: VolumeName, target: String },
    #[error("cannot make a mount of kind {kind:?}: this version does not know it; use a newer `container`")]
    Unknown { kind: String },
}

/// The mounts of a container in the order in which they are made: what is mounted below another mount comes after it.
pub(crate) fn mounts(config: &ContainerConfig, volumes: &[VolumeDisk]) -> Result<Vec<v1::Mount>, MountPlanError> {
    let mut share_count = 0;
    let mounts = config.mounts.iter().map(|mount| {
        let share_index = share_count;
        share_count += usize::from(matches!(mount, Mount::Share(_)));
        self::mount(mount, volumes, share_index)
    });
    let mut mounts: Vec<v1::Mount> = mounts.collect::<Result<_, _>>()?;
    mounts.sort_by_key(|mount| depth(&mount.target));
    Ok(mounts)
}

fn depth(target: &str) -> usize {
    target.split('/').filter(|part| !matches!(*part, "" | ".")).count()
}

/// `share_index` is how many shares come before the mount.
fn mount(mount: &Mount, volumes: &[VolumeDisk], share_index: usize) -> Result<v1::Mount, MountPlanError> {
    match mount {
        Mount::Tmpfs(tmpfs) => Ok(v1::Mount {
            kind: TMPFS.to_owned(),
            source: TMPFS.to_owned(),
            target: tmpfs.target.clone(),
            options: tmpfs.options.clone(),
            ..v1::Mount::default()
        }),
        Mount::Disk(disk) => volume_mount(disk, volumes),
        Mount::Share(share) => Ok(v1::Mount {
            target: share.target.clone(),
            share: Some(v1::ShareMount {
                name: share_name(share_index),
                read_only: share.read_only,
            }),
            ..v1::Mount::default()
        }),
        Mount::Unknown(unknown) => Err(MountPlanError::Unknown {
            kind: unknown.kind().to_owned(),
        }),
    }
}

fn volume_mount(mount: &DiskMount, volumes: &[VolumeDisk]) -> Result<v1::Mount, MountPlanError> {
    let found = volumes.iter().enumerate().find(|(_, disk)| disk.name == mount.volume);
    let Some((index, disk)) = found else {
        return Err(MountPlanError::Disk {
            volume: mount.volume.clone(),
            target: mount.target.clone(),
        });
    };
    Ok(v1::Mount {
        target: mount.target.clone(),
        volume: Some(v1::VolumeMount {
            disk: volume_serial(index),
            read_only_disk: !disk.is_writable,
            read_only: mount.read_only,
            subpath: mount.subpath.clone().unwrap_or_default(),
            // What the image has there belongs to the root of a volume.
            copy_image: !mount.no_copy && mount.subpath.is_none(),
        }),
        ..v1::Mount::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn planned(written: serde_json::Value) -> Result<v1::Mount, MountPlanError> {
        let volumes = ["other", "data"].map(|name| VolumeDisk {
            name: name.parse().unwrap(),
            image: "/image".into(),
            is_writable: name == "data",
        });
        mount(&serde_json::from_value(written).unwrap(), &volumes, 3)
    }

    #[test]
    fn memory_is_mounted_and_what_has_no_device_is_refused() {
        let tmpfs = planned(json!({ "kind": "tmpfs", "target": "/run", "options": ["mode=755"] })).unwrap();
        assert_eq!((tmpfs.kind.as_str(), tmpfs.target.as_str()), ("tmpfs", "/run"));
        assert_eq!(tmpfs.options, ["mode=755"]);
        for (written, named) in [
            (
                json!({ "kind": "disk", "volume": "lost", "target": "/d" }),
                "volume lost at /d",
            ),
            (json!({ "kind": "image", "target": "/d" }), "kind \"image\""),
        ] {
            let error = planned(written).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn a_share_is_named_by_its_place_among_the_shares() {
        let share = planned(json!({ "kind": "share", "source": "/home", "target": "/d", "readOnly": true })).unwrap();
        assert_eq!(share.target, "/d");
        let expected = v1::ShareMount {
            name: "share-3".to_owned(),
            read_only: true,
        };
        assert_eq!(share.share, Some(expected));
    }

    #[test]
    fn a_volume_is_named_by_the_serial_of_its_disk() {
        let volume = |written| planned(written).unwrap().volume.unwrap();
        let whole = volume(json!({ "kind": "disk", "volume": "data", "target": "/d" }));
        assert_eq!(whole.disk, "volume-1");
        assert_eq!(
            (whole.read_only_disk, whole.read_only, whole.copy_image),
            (false, false, true)
        );
        let part =
            volume(json!({ "kind": "disk", "volume": "other", "target": "/d", "readOnly": true, "subpath": "a" }));
        assert_eq!((part.disk.as_str(), part.subpath.as_str()), ("volume-0", "a"));
        assert_eq!(
            (part.read_only_disk, part.read_only, part.copy_image),
            (true, true, false)
        );
    }

    #[test]
    fn mounts_are_made_from_the_outside_in() {
        let mut targets = vec!["/a/b/c", "/a//", "/x/y", "/a/b"];
        targets.sort_by_key(|target| depth(target));
        assert_eq!(targets, ["/a//", "/x/y", "/a/b", "/a/b/c"]);
    }
}
