//! Converts the mounts of a container, or refuses them.

use std::path::PathBuf;

use container_agent_api::v1;
use container_workload::{FileSystemSpec, MountSource, MountSpec, ShareSpec, VolumeDisk, VolumeSpec};
use tonic::Status;

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

/// A name in the root of the device, which is not to lead elsewhere.
fn share(share: v1::ShareMount) -> Result<ShareSpec, Status> {
    let is_elsewhere = matches!(share.name.as_str(), "" | "." | "..") || share.name.contains(['/', '\0']);
    match is_elsewhere {
        true => Err(Status::invalid_argument(format!(
            "\"{}\" is not the name of a share",
            share.name.escape_debug()
        ))),
        false => Ok(ShareSpec {
            name: share.name,
            read_only: share.read_only,
        }),
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
                MountSource::FileSystem(_) | MountSource::Share(_) => None,
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
