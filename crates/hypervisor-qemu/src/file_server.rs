//! The process that serves a machine's shared directories, to which QEMU speaks vhost-user (QEMU, docs/interop/vhost-user.rst).

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};

use container_hypervisor::{
    ConfigError, CreateError, MachineConfig, ShareAccess, ShareOwner, SharedDescriptor, SharedDirectory,
};
use container_shares::{SharedTree, TreeOwner};

use crate::command_line::value;
use crate::confinement::{Confinement, Limits};
use crate::options::QemuOptions;
use crate::process::Streams;
use crate::running::Running;

/// What messages call it.
pub(crate) const NAME: &str = "the file server";

/// The list of trees must fit into a pipe (pipe(7): 64 KiB), because nobody reads it before the server runs.
const MAXIMUM_LIST_BYTES: usize = 60 << 10;

/// What it takes to start the server.
#[derive(Debug)]
pub(crate) struct ServerLaunch {
    program: PathBuf,
    arguments: Vec<OsString>,
    listener: OwnedFd,
    list: OwnedFd,
    /// Where it tells of changes.
    changes: Option<OwnedFd>,
}

impl ServerLaunch {
    /// Starts it; see [`crate::process::spawn`] for the thread that this must happen on.
    pub(crate) fn start(self) -> io::Result<Running> {
        let limits = Limits {
            // As far as the user's own go: a guest may have many files open.
            file_size_bytes: None,
            open_files: u64::MAX,
        };
        let confinement = Confinement::apart_from_files(limits);
        let streams = Streams {
            input: Stdio::from(self.listener),
            output: self.changes.map_or_else(Stdio::null, Stdio::from),
        };
        Running::start_with(
            NAME,
            &self.program,
            &self.arguments,
            streams,
            vec![self.list],
            confinement,
        )
    }
}

/// Prepares the server of the machine's shared directories, if it has the device for them, and returns QEMU's end of the connection with it. A template's
/// serves nothing.
///
/// # Errors
/// When there is nothing that could serve them, or the connection cannot be made.
pub(crate) fn prepare(
    config: &MachineConfig,
    options: &QemuOptions,
) -> Result<Option<(ServerLaunch, OwnedFd)>, CreateError> {
    if !config.has_shares_device() {
        return Ok(None);
    }
    let shares = &config.shares;
    let unavailable = |reason| ConfigError::Unavailable {
        what: "a shared directory",
        reason,
    };
    let server = options.file_server.as_ref().ok_or_else(|| {
        let path = shares.first().map_or(Path::new("a directory"), |share| &share.path);
        unavailable(format!(
            "QEMU has no file server on this system, so that {} cannot be shared",
            path.display()
        ))
    })?;
    let trees: Vec<SharedTree> = shares.iter().map(tree).collect();
    let list = serde_json::to_vec(&trees).map_err(|error| unavailable(error.to_string()))?;
    if list.len() > MAXIMUM_LIST_BYTES {
        return Err(unavailable(format!("the list of {} shared directories is too long", shares.len())).into());
    }
    let host_error = |source| CreateError::Host {
        what: "file server",
        source,
    };
    let (reader, mut writer) = io::pipe().map_err(host_error)?;
    writer.write_all(&list).map_err(host_error)?;
    drop(writer);
    let (listener, qemus_end) = connection(&options.state_directory).map_err(host_error)?;
    let list = OwnedFd::from(reader);
    let mut arguments = server.arguments.clone();
    arguments.push(value::reopened(list.as_raw_fd()).into());
    let changes = config
        .share_changes
        .as_ref()
        .map(SharedDescriptor::duplicate)
        .transpose()
        .map_err(host_error)?;
    let launch = ServerLaunch {
        program: server.program.clone(),
        arguments,
        listener: listener.into(),
        list,
        changes,
    };
    Ok(Some((launch, qemus_end.into())))
}

fn tree(share: &SharedDirectory) -> SharedTree {
    SharedTree {
        name: share.name.to_string(),
        path: share.path.clone(),
        read_only: share.access == ShareAccess::ReadOnly,
        owner: match share.owner {
            ShareOwner::Named => TreeOwner::Named,
            ShareOwner::Root => TreeOwner::Root,
        },
        records: share.records.clone(),
    }
}

/// A socket that listens, and one that is connected to it. It has a name in `directory` for a moment, by which nobody else but this user's programs
/// can connect; the server takes one connection only, which is the first.
fn connection(directory: &Path) -> io::Result<(UnixListener, UnixStream)> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let opened = File::open(directory)?;
    let name = format!("shares-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    // By way of the descriptor, because the name of a socket can have no more than 107 bytes (unix(7)).
    let path = Path::new("/dev/fd").join(opened.as_raw_fd().to_string()).join(name);
    // A process of the same number may have been killed while it had the name.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    let connected = UnixStream::connect(&path);
    let removed = std::fs::remove_file(&path);
    let connected = connected?;
    removed?;
    Ok((listener, connected))
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_hypervisor::GuestMemory;

    #[test]
    fn a_connection_leaves_no_name() {
        let directory = tempfile::tempdir().unwrap();
        let deep = directory.path().join("d".repeat(200));
        std::fs::create_dir(&deep).unwrap();
        let (listener, _connected) = connection(&deep).unwrap();
        listener.accept().unwrap();
        assert_eq!(std::fs::read_dir(&deep).unwrap().count(), 0);
    }

    #[test]
    fn without_a_server_nothing_is_shared_and_without_shares_there_is_none() {
        let share = SharedDirectory {
            name: container_hypervisor::ShareName::new("src").unwrap(),
            path: "/src".into(),
            access: ShareAccess::ReadOnly,
            owner: ShareOwner::Named,
            records: None,
        };
        let options = QemuOptions::new(container_hypervisor::GuestArchitecture::host(), Vec::new(), "/".into());
        let mut config = MachineConfig::new("", "", "", File::open("/dev/null").unwrap());
        assert!(prepare(&config, &options).unwrap().is_none());
        config.memory = GuestMemory::Template {
            path: "/memory".into(),
            for_shares: true,
        };
        assert!(prepare(&config, &options).is_err());
        config.memory = GuestMemory::Own;
        config.shares.push(share);
        let error = prepare(&config, &options).unwrap_err().to_string();
        assert!(error.contains("/src") && error.contains("file server"), "{error}");
    }
}
