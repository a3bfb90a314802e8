//! The mounts of a container as the guest's agent is asked to make them.

use container_agent_api::v1;
use container_model::{ContainerConfig, DiskMount, Mount, VolumeName};

use super::shares::share_name;
use super::sockets::SSH_AGENT_TARGET;
use super::volume_serial;
use crate::volumes::AttachedVolumes;

/// What the kernel calls a file system in memory, as its type and as its source (tmpfs(5)).
pub(super) const TMPFS: &str = "tmpfs";

/// A mount for which the container's machine has no device.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MountPlanError {
    #[error("cannot mount volume {volume} at {target}: its disk was not taken")]
    Disk { volume: VolumeName, target: String },
    #[error("cannot make a mount of kind {kind:?}: this version does not know it; use a newer `container`")]
    Unknown { kind: String },
}

/// The mounts of a container in the order in which they are made: what is mounted below another mount comes after it.
pub(crate) fn mounts(config: &ContainerConfig, volumes: &AttachedVolumes) -> Result<Vec<v1::Mount>, MountPlanError> {
    let mut plan = Plan {
        volumes,
        owner: config.process.user.to_agent_text(),
        share_count: 0,
        socket_count: 0,
    };
    let planned = config.mounts.iter().map(|mount| plan.mount(mount));
    let mut mounts: Vec<v1::Mount> = planned.collect::<Result<_, _>>()?;
    if config.ssh {
        mounts.push(plan.socket_mount(SSH_AGENT_TARGET));
    }
    mounts.sort_by_key(|mount| depth(&mount.target));
    Ok(mounts)
}

pub(super) fn depth(target: &str) -> usize {
    target.split('/').filter(|part| !matches!(*part, "" | ".")).count()
}

/// What the mounts before one have used up.
struct Plan<'a> {
    volumes: &'a AttachedVolumes,
    /// The container's user in the agent's words.
    owner: String,
    share_count: usize,
    socket_count: u32,
}

impl Plan<'_> {
    fn mount(&mut self, mount: &Mount) -> Result<v1::Mount, MountPlanError> {
        match mount {
            Mount::Tmpfs(tmpfs) => Ok(v1::Mount {
                kind: TMPFS.to_owned(),
                source: TMPFS.to_owned(),
                target: tmpfs.target.clone(),
                options: tmpfs.options.clone(),
                ..v1::Mount::default()
            }),
            Mount::Disk(disk) => volume_mount(disk, self.volumes),
            Mount::Share(share) => {
                let name = share_name(self.share_count);
                self.share_count += 1;
                Ok(v1::Mount {
                    target: share.target.clone(),
                    share: Some(v1::ShareMount {
                        name,
                        read_only: share.read_only,
                        ..v1::ShareMount::default()
                    }),
                    ..v1::Mount::default()
                })
            }
            Mount::Socket(socket) => Ok(self.socket_mount(&socket.target)),
            Mount::Unknown(unknown) => Err(MountPlanError::Unknown {
                kind: unknown.kind().to_owned(),
            }),
        }
    }

    /// The numbers of listeners are those of [`super::host_sockets`].
    fn socket_mount(&mut self, target: &str) -> v1::Mount {
        let listener = self.socket_count;
        self.socket_count += 1;
        v1::Mount {
            target: target.to_owned(),
            socket: Some(v1::SocketMount {
                listener,
                owner: self.owner.clone(),
                mode: 0,
            }),
            ..v1::Mount::default()
        }
    }
}

/// A volume, on its disk or as a share.
fn volume_mount(mount: &DiskMount, volumes: &AttachedVolumes) -> Result<v1::Mount, MountPlanError> {
    // What the image has there belongs to the root of a volume.
    let copy_image = !mount.no_copy && mount.subpath.is_none();
    if let Some(tree) = volumes.trees.iter().find(|tree| tree.name == mount.volume) {
        return Ok(v1::Mount {
            target: mount.target.clone(),
            share: Some(v1::ShareMount {
                name: tree.share.clone(),
                read_only: mount.read_only,
                subpath: mount.subpath.clone().unwrap_or_default(),
                copy_image,
            }),
            ..v1::Mount::default()
        });
    }
    let found = volumes
        .disks
        .iter()
        .enumerate()
        .find(|(_, disk)| disk.name == mount.volume);
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
            copy_image,
        }),
        ..v1::Mount::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volumes::{VolumeDisk, VolumeTree};
    use serde_json::json;

    fn planned(written: serde_json::Value) -> Result<v1::Mount, MountPlanError> {
        let disks = ["other", "data"].map(|name| VolumeDisk {
            name: name.parse().unwrap(),
            image: "/image".into(),
            is_writable: name == "data",
        });
        let tree = VolumeTree {
            name: "both".parse().unwrap(),
            share: "volume-0".to_owned(),
            data: "/data".into(),
            owners: "/owners".into(),
            is_writable: true,
            wants_image: true,
        };
        let mut volumes = AttachedVolumes::default();
        volumes.disks.extend(disks);
        volumes.trees.push(tree);
        let mut plan = Plan {
            volumes: &volumes,
            owner: "1000".to_owned(),
            share_count: 3,
            socket_count: 5,
        };
        plan.mount(&serde_json::from_value(written).unwrap())
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
            ..v1::ShareMount::default()
        };
        assert_eq!(share.share, Some(expected));
    }

    #[test]
    fn a_socket_is_a_listener_that_belongs_to_the_container_s_user() {
        let socket = planned(json!({ "kind": "socket", "source": "/run/s", "target": "/s" })).unwrap();
        assert_eq!(socket.target, "/s");
        let expected = v1::SocketMount {
            listener: 5,
            owner: "1000".to_owned(),
            mode: 0,
        };
        assert_eq!(socket.socket, Some(expected));
    }

    #[test]
    fn a_volume_of_type_shared_is_a_share_that_gets_what_the_image_has() {
        let mount = |subpath: Option<&str>| {
            planned(json!({ "kind": "disk", "volume": "both", "target": "/d", "subpath": subpath })).unwrap()
        };
        let whole = mount(None);
        assert!(whole.volume.is_none());
        let share = whole.share.unwrap();
        assert_eq!((share.name.as_str(), share.copy_image), ("volume-0", true));
        let part = mount(Some("a")).share.unwrap();
        assert_eq!((part.subpath.as_str(), part.copy_image), ("a", false));
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
