//! Converts the mounts of a container, or refuses them.

use std::path::PathBuf;

use container_agent_api::v1;
use container_workload::{
    CacheSpec, FileOwner, FileSystemSpec, MountSource, MountSpec, SecretSpec, ShareSpec, SocketSpec, TreePart,
    TreeSpec, VolumeDisk, VolumeSpec,
};
use tonic::Status;

/// Largest secret, bytes.
const SECRET_MAX_BYTES: usize = 500 << 10;

/// The disks of volumes, each once, and the mounts in their order. `disk` finds a disk by its serial.
pub(super) fn mounts(
    requests: Vec<v1::Mount>,
    mut disk: impl FnMut(&str) -> Result<PathBuf, Status>,
) -> Result<(Vec<VolumeDisk>, Vec<MountSpec>), Status> {
    let mut serials: Vec<String> = Vec::new();
    let mut disks: Vec<VolumeDisk> = Vec::new();
    let mut mounts = Vec::new();
    for mount in requests {
        let source = match mount.volume {
            None if mount.socket.is_some() => {
                let v1::SocketMount { listener, owner, mode } = mount.socket.unwrap_or_default();
                let mode = (mode != 0).then_some(mode);
                MountSource::Socket(SocketSpec { listener, owner, mode })
            }
            None if mount.tree.is_some() => MountSource::Tree(tree(mount.tree.unwrap_or_default())?),
            None if mount.cache.is_some() => MountSource::Cache(cache(mount.cache.unwrap_or_default())?),
            None if mount.secret.is_some() => MountSource::Secret(secret(mount.secret.unwrap_or_default())?),
            None if mount.share.is_some() => MountSource::Share(share(mount.share.unwrap_or_default())?),
            None => MountSource::FileSystem(FileSystemSpec {
                kind: mount.kind,
                source: mount.source,
                options: mount.options,
            }),
            Some(volume) => {
                let known = serials.iter().position(|serial| *serial == volume.disk);
                let index = known.unwrap_or(disks.len());
                if known.is_none() {
                    disks.push(VolumeDisk {
                        device: disk(&volume.disk)?,
                        read_only: volume.read_only_disk,
                    });
                    serials.push(volume.disk);
                }
                MountSource::Volume(VolumeSpec {
                    disk: index,
                    subpath: subpath(volume.subpath)?,
                    read_only: volume.read_only,
                    // Nothing can be written there.
                    copy_image: volume.copy_image && !volume.read_only_disk,
                })
            }
        };
        mounts.push(MountSpec {
            target: mount.target,
            source,
        });
    }
    Ok((disks, mounts))
}

fn share(share: v1::ShareMount) -> Result<ShareSpec, Status> {
    Ok(ShareSpec {
        name: share_name(share.name)?,
        subpath: subpath(share.subpath)?,
        read_only: share.read_only,
        copy_image: share.copy_image,
    })
}

/// A name in the root of the device, which is not to lead elsewhere.
fn share_name(name: String) -> Result<String, Status> {
    let is_elsewhere = matches!(name.as_str(), "" | "." | "..") || name.contains(['/', '\0']);
    match is_elsewhere {
        true => Err(Status::invalid_argument(format!(
            "\"{}\" is not the name of a share",
            name.escape_debug()
        ))),
        false => Ok(name),
    }
}

fn tree(mount: v1::TreeMount) -> Result<TreeSpec, Status> {
    Ok(TreeSpec {
        part: part(mount.part.unwrap_or_default())?,
        read_only: mount.read_only,
    })
}

/// Its path may begin with a slash and have links: it is looked up within the tree.
fn part(part: v1::TreePart) -> Result<TreePart, Status> {
    Ok(TreePart {
        tree: part.tree,
        path: within(part.path)?,
    })
}

fn cache(mount: v1::CacheMount) -> Result<CacheSpec, Status> {
    Ok(CacheSpec {
        name: share_name(mount.name)?,
        subpath: within(mount.path)?,
        read_only: mount.read_only,
        owner: owner(mount.access.unwrap_or_default()),
        initial: mount.initial.map(part).transpose()?,
    })
}

fn secret(mount: v1::SecretMount) -> Result<SecretSpec, Status> {
    if mount.content.len() > SECRET_MAX_BYTES {
        return Err(Status::invalid_argument("a secret is too large"));
    }
    Ok(SecretSpec {
        content: mount.content,
        owner: owner(mount.access.unwrap_or_default()),
    })
}

fn owner(access: v1::FileAccess) -> FileOwner {
    FileOwner {
        uid: access.uid,
        gid: access.gid,
        mode: access.mode & 0o7777,
    }
}

fn within(path: String) -> Result<String, Status> {
    match path.contains('\0') {
        true => Err(Status::invalid_argument("a path has a zero byte")),
        false => Ok(path),
    }
}

fn subpath(text: String) -> Result<String, Status> {
    let is_outside = text.starts_with('/') || text.split('/').any(|part| part == "..") || text.contains('\0');
    match is_outside {
        true => Err(Status::invalid_argument(format!(
            "\"{}\" is not a path within a volume",
            text.escape_debug()
        ))),
        false => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic::Code;

    fn volume(disk: &str, subpath: &str) -> v1::Mount {
        v1::Mount {
            target: "/data".to_owned(),
            volume: Some(v1::VolumeMount {
                disk: disk.to_owned(),
                subpath: subpath.to_owned(),
                copy_image: true,
                ..Default::default()
            }),
            ..Default::default()
        }
    }

    fn device(serial: &str) -> Result<PathBuf, Status> {
        Ok(PathBuf::from("/dev").join(serial))
    }

    #[test]
    fn a_disk_that_several_mounts_show_is_mounted_once() {
        let tmpfs = v1::Mount {
            kind: "tmpfs".to_owned(),
            ..Default::default()
        };
        let requests = vec![volume("a", ""), tmpfs, volume("b", ""), volume("a", "sub/dir")];
        let (disks, mounts) = mounts(requests, device).unwrap();
        assert_eq!(disks.len(), 2);
        let shown: Vec<_> = mounts
            .iter()
            .map(|mount| match &mount.source {
                MountSource::Volume(volume) => Some((volume.disk, volume.subpath.as_str())),
                _ => None,
            })
            .collect();
        assert_eq!(shown, [Some((0, "")), None, Some((1, "")), Some((0, "sub/dir"))]);
    }

    #[test]
    fn a_share_has_a_plain_name() {
        let share = |name: &str| v1::Mount {
            share: Some(v1::ShareMount {
                name: name.to_owned(),
                read_only: true,
                ..Default::default()
            }),
            ..Default::default()
        };
        let (_, found) = mounts(vec![share("share-0")], device).unwrap();
        assert!(matches!(&found[0].source, MountSource::Share(share) if share.read_only && share.name == "share-0"));
        for bad in ["", ".", "..", "a/b", "a\0b"] {
            let refused = mounts(vec![share(bad)], device).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{bad}");
        }
    }

    #[test]
    fn paths_out_of_a_volume_are_refused() {
        for outside in ["/etc", "..", "a/../../b", "a\0b"] {
            let refused = mounts(vec![volume("a", outside)], device).unwrap_err();
            assert_eq!(refused.code(), Code::InvalidArgument, "{outside}");
        }
    }
}
