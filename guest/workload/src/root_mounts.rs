//! What the container sees besides its image: `/dev`, `/sys`, the files in `/etc`, mounts asked for, and, from inside
//! the namespaces, `/proc`, the cgroup tree, message queues, masks and kernel parameters.

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, Stat, fstat, openat};
use rustix::mount::MountFlags;

use crate::cache::show_cache;
use crate::device::mount_dev;
use crate::etc_files::mount_files;
use crate::failure::StartFailure;
use crate::in_root::{ensure_directory, find_directory, path_of};
use crate::layout::Layout;
use crate::machine_device::{make_nodes, nodes};
use crate::mount::{MountError, bind, make_read_only, mount};
use crate::mount_option;
use crate::secret::show_secret;
use crate::share::{mount_shares, show_share};
use crate::socket::{ListeningSocket, show_socket};
use crate::spec::{ContainerSpec, FileSystemSpec, MountSource, MountSpec};
use crate::step_tree::show_tree;
use crate::volume::mount_volume;

const RESTRICTED: MountFlags = MountFlags::NOSUID.union(MountFlags::NODEV).union(MountFlags::NOEXEC);

/// The mounts that do not depend on the container's namespaces, made once below its root; returns the sockets among them.
pub(crate) fn mount_outside(layout: &Layout, spec: &ContainerSpec) -> Result<Vec<ListeningSocket>, MountError> {
    let root_path = layout.root();
    let root = openat(CWD, &root_path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|source| {
        MountError::Prepare {
            path: root_path.clone(),
            source,
        }
    })?;
    ensure(&root, "/proc")?;
    mount(
        "sysfs",
        "sysfs",
        path_of(&ensure(&root, "/sys")?),
        system_flags(spec),
        "",
    )?;
    mount_dev(&root, &root_path, spec.shm_size_bytes)?;
    make_nodes(&root, &nodes(spec)?)?;
    // Steps have it from the machine.
    if let Some(device) = spec.shares.as_ref().filter(|_| !spec.is_for_steps) {
        mount_shares(layout, &root, device)?;
    }
    let mut sockets = Vec::new();
    for MountSpec { target, source } in &spec.mounts {
        match source {
            MountSource::FileSystem(wanted) => mount_file_system(&root, target, wanted)?,
            MountSource::Volume(volume) => mount_volume(layout, &root, target, volume)?,
            MountSource::Share(share) => show_share(layout, &root, target, share)?,
            MountSource::Socket(socket) => sockets.push(show_socket(layout, &root, target, socket)?),
            MountSource::Tree(tree) => show_tree(layout, &root, target, tree)?,
            MountSource::Cache(cache) => show_cache(layout, &root, target, cache)?,
            MountSource::Secret(secret) => show_secret(layout, &root, target, secret)?,
        }
    }
    // After the mounts, one of which may be the directory that a link in /etc leads to.
    mount_files(layout, &root, &spec.hostname, &spec.names)?;
    if spec.read_only_root {
        make_read_only(&root_path, MountFlags::empty())?;
    }
    Ok(sockets)
}

/// Of what shows the kernel itself.
fn system_flags(spec: &ContainerSpec) -> MountFlags {
    match spec.privileged {
        true => RESTRICTED,
        false => RESTRICTED | MountFlags::RDONLY,
    }
}

fn mount_file_system(root: &OwnedFd, path: &str, wanted: &FileSystemSpec) -> Result<(), MountError> {
    let (flags, data) = mount_option::parse(&wanted.options)?;
    let there_before = look(root, path);
    let target = ensure(root, path)?;
    let data = match there_before {
        Some(directory) if wanted.kind == "tmpfs" => like(&directory, &data),
        _ => data,
    };
    mount(&wanted.kind, &wanted.source, path_of(&target), flags, &data).map_err(|error| error.at(path))
}

/// Owner and mode of the image's directory that a mount is about to hide.
fn look(root: &OwnedFd, path: &str) -> Option<Stat> {
    fstat(find_directory(root.as_fd(), path).ok()?).ok()
}

/// Options that give a tmpfs the owner and mode of the directory that it hides, as with Podman, unless its
/// own options say otherwise: the kernel takes the last of two values.
fn like(directory: &Stat, own: &str) -> String {
    let Stat {
        st_mode,
        st_uid,
        st_gid,
        ..
    } = directory;
    let mode = st_mode & 0o7777;
    let separator = if own.is_empty() { "" } else { "," };
    format!("mode={mode:o},uid={st_uid},gid={st_gid}{separator}{own}")
}

fn ensure(root: &OwnedFd, path: &str) -> Result<OwnedFd, MountError> {
    ensure_directory(root.as_fd(), path).map_err(|source| MountError::Prepare {
        path: path.into(),
        source,
    })
}

/// The mounts that show the calling process's own namespaces; it has the container's root by now. `has_own_network` is whether the network is one of them.
pub(crate) fn mount_inside(spec: &ContainerSpec, has_own_network: bool) -> Result<(), StartFailure> {
    let fail = |error: MountError| StartFailure::setup("prepare the root file system", error);
    mount("proc", "proc", "/proc", RESTRICTED, "").map_err(fail)?;
    mount("mqueue", "mqueue", "/dev/mqueue", RESTRICTED, "").map_err(fail)?;
    if has_own_network {
        // The one below it shows the machine's.
        mount("sysfs", "sysfs", "/sys", system_flags(spec), "").map_err(fail)?;
    }
    mount("cgroup2", "cgroup", "/sys/fs/cgroup", system_flags(spec), "").map_err(fail)?;
    set_sysctls(&spec.sysctls)?;
    spec.masked_paths.iter().try_for_each(|path| mask(path)).map_err(fail)?;
    spec.readonly_paths
        .iter()
        .try_for_each(|path| protect(path))
        .map_err(fail)
}

fn set_sysctls(sysctls: &[(String, String)]) -> Result<(), StartFailure> {
    for (name, value) in sysctls {
        std::fs::write(Path::new("/proc/sys").join(name.replace('.', "/")), value)
            .map_err(|error| StartFailure::setup(format_args!("set the kernel parameter {name}"), error))?;
    }
    Ok(())
}

/// Hides a file behind `/dev/null` and a directory behind an empty one. A path that does not exist needs no mask.
fn mask(path: &str) -> Result<(), MountError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => mount("tmpfs", "tmpfs", path, RESTRICTED | MountFlags::RDONLY, "size=0"),
        Ok(_) => bind("/dev/null", path),
        Err(_) => Ok(()),
    }
}

fn protect(path: &str) -> Result<(), MountError> {
    if !Path::new(path).exists() {
        return Ok(());
    }
    bind(path, path)?;
    make_read_only(path, RESTRICTED)
}
