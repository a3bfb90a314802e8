//! The mounts of a new container.

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use container_model::{DiskMount, Mount, ShareMount, SocketMount, TmpfsMount, UnknownFields, VolumeName};

use super::sockets::usable;
use super::target::normal;
use crate::error::RequestError;
use crate::{CreateRequest, VolumeMountRequest};

/// What is mounted in a container: what the request asks for, then volumes of other containers, then those that the image asks for, each as
/// far as its place is still free. A volume without a name gets one here.
///
/// # Errors
/// [`RequestError::MountTarget`], [`RequestError::MountTwice`].
pub(crate) fn mounts<'a>(
    request: &CreateRequest,
    inherited: Vec<DiskMount>,
    image_volumes: impl IntoIterator<Item = &'a String>,
) -> Result<Vec<Mount>, RequestError> {
    let mut mounts: Vec<Mount> = Vec::new();
    for mount in &request.mounts {
        let Mount::Tmpfs(tmpfs) = mount else {
            mounts.push(mount.clone());
            continue;
        };
        let target = normal(&tmpfs.target)?;
        // The last word on a place counts, as in Apple's tool.
        mounts.retain(|mount| mount.target() != Some(&target));
        mounts.push(Mount::Tmpfs(TmpfsMount {
            target,
            ..tmpfs.clone()
        }));
    }
    for volume in &request.volumes {
        let target = normal(&volume.target)?;
        if is_taken(&mounts, &target) {
            return Err(RequestError::MountTwice { target });
        }
        mounts.push(Mount::Disk(disk(volume, target)));
    }
    for share in &request.shares {
        let target = normal(&share.target)?;
        if is_taken(&mounts, &target) {
            return Err(RequestError::MountTwice { target });
        }
        let read_only = share.read_only;
        mounts.push(match source(&share.source)? {
            Source::Tree(source) => Mount::Share(ShareMount {
                source,
                target,
                read_only,
                unknown: UnknownFields::new(),
            }),
            Source::Socket(source) => Mount::Socket(SocketMount {
                source,
                target,
                read_only,
                unknown: UnknownFields::new(),
            }),
        });
    }
    for mount in inherited {
        if !is_taken(&mounts, &mount.target) {
            mounts.push(Mount::Disk(mount));
        }
    }
    for place in image_volumes {
        // An image that names no place that a volume could have is used as it is.
        let Ok(target) = normal(place) else { continue };
        if !is_taken(&mounts, &target) {
            mounts.push(Mount::Disk(disk(
                &VolumeMountRequest::new(None, &*target),
                target.clone(),
            )));
        }
    }
    Ok(mounts)
}

/// The volumes of another container as the new one gets them. They are not its own, whoever made them.
pub(crate) fn inherited(mounts: &[Mount], read_only: bool) -> Vec<DiskMount> {
    let disks = mounts.iter().filter_map(|mount| match mount {
        Mount::Disk(disk) => Some(disk),
        _ => None,
    });
    let inherit = |disk: &DiskMount| DiskMount {
        read_only: disk.read_only || read_only,
        anonymous: false,
        ..disk.clone()
    };
    disks.map(inherit).collect()
}

fn disk(request: &VolumeMountRequest, target: String) -> DiskMount {
    DiskMount {
        volume: request.name.clone().unwrap_or_else(VolumeName::random),
        target,
        read_only: request.read_only,
        subpath: request.subpath.clone().filter(|path| !path.is_empty()),
        no_copy: request.no_copy,
        anonymous: request.name.is_none(),
        unknown: UnknownFields::new(),
    }
}

/// Something of the host that can be shared, by its absolute path. Links in it stay: they are followed when the container starts, and for a
/// socket at each connection.
enum Source {
    /// A directory or a plain file.
    Tree(PathBuf),
    /// A Unix socket.
    Socket(PathBuf),
}

fn source(source: &Path) -> Result<Source, RequestError> {
    let refuse = |reason: String| RequestError::ShareSource {
        source_path: source.to_owned(),
        reason,
    };
    let metadata = fs::metadata(source).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => {
            refuse("there is no such file or directory; make it first, or name a volume without a slash".to_owned())
        }
        _ => refuse(error.to_string()),
    })?;
    let absolute = std::path::absolute(source).map_err(|error| refuse(error.to_string()))?;
    if metadata.file_type().is_socket() {
        usable(&absolute).map_err(refuse)?;
        return Ok(Source::Socket(absolute));
    }
    if !metadata.is_dir() && !metadata.is_file() {
        return Err(refuse(
            "only directories, plain files and sockets can be shared".to_owned(),
        ));
    }
    let is_text = absolute.canonicalize().is_ok_and(|path| path.to_str().is_some());
    match is_text {
        true => Ok(Source::Tree(absolute)),
        false => Err(refuse("its path is no UTF-8 text".to_owned())),
    }
}

fn is_taken(mounts: &[Mount], target: &str) -> bool {
    mounts.iter().any(|mount| mount.target() == Some(target))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ShareMountRequest;

    fn request(volumes: &[(Option<&str>, &str)], tmpfs: &[&str]) -> CreateRequest {
        let mut request = CreateRequest::new("busybox".parse().unwrap());
        let volume = |(name, target): &(Option<&str>, &str)| {
            VolumeMountRequest::new(name.map(|name| name.parse().unwrap()), *target)
        };
        request.volumes = volumes.iter().map(volume).collect();
        request.mounts = tmpfs.iter().map(|target| Mount::tmpfs(*target, Vec::new())).collect();
        request
    }

    /// Target and volume; an anonymous one is `?`.
    fn shown(mounts: &[Mount]) -> Vec<String> {
        let show = |mount: &Mount| match mount {
            Mount::Disk(disk) if disk.anonymous => format!("{} ?", disk.target),
            Mount::Disk(disk) => format!("{} {}", disk.target, disk.volume),
            other => other.target().unwrap().to_owned(),
        };
        mounts.iter().map(show).collect()
    }

    #[test]
    fn the_request_wins_over_other_containers_and_those_over_the_image() {
        let request = request(&[(Some("data"), "/a//b/"), (None, "/own")], &["/run", "/run/."]);
        let other = [
            Mount::Disk(disk(&VolumeMountRequest::new(None, "/a/b"), "/a/b".to_owned())),
            Mount::Disk(disk(&VolumeMountRequest::new(None, "/other"), "/other".to_owned())),
            Mount::tmpfs("/tmp", Vec::new()),
        ];
        let inherited = inherited(&other, true);
        let name = inherited[1].volume.clone();
        assert!(inherited.iter().all(|mount| mount.read_only && !mount.anonymous));
        let image = ["/other", "/run", "/var/lib/data", "relative", "/"].map(str::to_owned);
        let mounts = mounts(&request, inherited, &image).unwrap();
        let expected = [
            "/run".to_owned(),
            "/a/b data".to_owned(),
            "/own ?".to_owned(),
            format!("/other {name}"),
            "/var/lib/data ?".to_owned(),
        ];
        assert_eq!(shown(&mounts), expected);
    }

    #[test]
    fn what_is_shared_is_there_and_has_an_absolute_path() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        let share = |source: &Path| ShareMountRequest {
            source: source.to_owned(),
            target: "/d/".to_owned(),
            read_only: true,
        };
        let mut request = request(&[], &[]);
        for source in [directory.path(), &file] {
            request.shares = vec![share(source)];
            let mounts = mounts(&request, Vec::new(), &[]).unwrap();
            let [Mount::Share(mount)] = mounts.as_slice() else {
                panic!("{mounts:?}")
            };
            assert_eq!(
                (mount.source.as_path(), mount.target.as_str(), mount.read_only),
                (source, "/d", true)
            );
        }
        for (source, said) in [
            (directory.path().join("lost"), "no such file"),
            ("/dev/null".into(), "plain files"),
        ] {
            request.shares = vec![share(&source)];
            let error = mounts(&request, Vec::new(), &[]).unwrap_err().to_string();
            assert!(
                error.contains(said) && error.contains(&source.display().to_string()),
                "{error}"
            );
        }
        request.shares = vec![share(&file), share(&file)];
        assert_eq!(
            mounts(&request, Vec::new(), &[]).unwrap_err().to_string(),
            "two mounts are asked for at /d"
        );
    }

    #[test]
    fn a_socket_of_the_host_is_not_shared_as_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let mut request = request(&[], &[]);
        request.shares = vec![ShareMountRequest {
            source: path.clone(),
            target: "/run/s".to_owned(),
            read_only: false,
        }];
        let mounts = mounts(&request, Vec::new(), &[]).unwrap();
        let [Mount::Socket(mount)] = mounts.as_slice() else {
            panic!("{mounts:?}")
        };
        assert_eq!(
            (mount.source.as_path(), mount.target.as_str()),
            (path.as_path(), "/run/s")
        );
    }

    #[test]
    fn a_place_is_given_once_and_must_be_one() {
        let refused = |volumes: &[(Option<&str>, &str)], tmpfs: &[&str]| {
            mounts(&request(volumes, tmpfs), Vec::new(), &[])
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(&[(None, "/a"), (Some("data"), "/a/")], &[]),
            "two mounts are asked for at /a"
        );
        assert_eq!(refused(&[(None, "/a")], &["/a"]), "two mounts are asked for at /a");
        for bad in ["data", "/", "/.", "/a/../b"] {
            assert!(
                refused(&[(None, bad)], &[]).contains("nothing can be mounted at"),
                "{bad}"
            );
        }
    }
}
