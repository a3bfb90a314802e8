//! The files of one container.

use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode, is_held};
use container_model::ContainerId;

/// Name of the lock file in a container's directory, also while the directory is being made or removed.
pub(crate) const LOCK_FILE: &str = "lock";
/// Name of the writable disk inside a container's directory.
pub const ROOT_DISK_FILE: &str = "rootfs.ext4";
/// Name of the file that marks a container whose maker has not let go of it yet.
pub(crate) const MAKER_FILE: &str = "maker";
/// Name of the configuration record.
pub(crate) const CONFIG_FILE: &str = "config.json";

/// The directory of one container, which need not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    id: ContainerId,
    directory: PathBuf,
}

/// Where the bytes of a log are that came before those at `log`, once it has grown to its bound: `stdio.log.1`.
#[must_use]
pub fn previous_log(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".1");
    name.into()
}

impl Bundle {
    pub(crate) fn new(containers: &Path, id: &ContainerId) -> Self {
        Self {
            id: id.clone(),
            directory: containers.join(id.as_str()),
        }
    }

    /// The container's id.
    #[must_use]
    pub fn id(&self) -> &ContainerId {
        &self.id
    }

    /// The directory itself.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The app root that the container is in.
    pub(crate) fn app_root(&self) -> PathBuf {
        self.directory.ancestors().nth(2).unwrap_or(Path::new("")).to_owned()
    }

    /// What the container was asked to be.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.directory.join(CONFIG_FILE)
    }

    /// What it was asked to be, with the name that it is being given.
    pub(crate) fn renamed_config(&self) -> PathBuf {
        self.directory.join("config.renamed.json")
    }

    /// What was observed of it; a container that was never started has none.
    #[must_use]
    pub fn state(&self) -> PathBuf {
        self.directory.join("state.json")
    }

    /// Its writable disk.
    #[must_use]
    pub fn root_disk(&self) -> PathBuf {
        self.directory.join(ROOT_DISK_FILE)
    }

    /// Says that the writable disk is as it was made.
    pub(crate) fn untouched(&self) -> PathBuf {
        self.directory.join("rootfs.untouched")
    }

    /// Where the writable disk waits while another one takes its place, until that has proved itself.
    #[must_use]
    pub fn spare_root_disk(&self) -> PathBuf {
        self.directory.join("rootfs.spare.ext4")
    }

    /// Output of its workload, of all starts: the directory of [`crate::OutputLogFiles`].
    #[must_use]
    pub fn output_log(&self) -> PathBuf {
        self.directory.join("output")
    }

    /// Output of its workload as older releases kept it: the bytes of the last start; what came before it is at [`previous_log`].
    #[must_use]
    pub fn stdio_log(&self) -> PathBuf {
        self.directory.join("stdio.log")
    }

    /// Console of its machine, of the last boot; what came before it is at [`previous_log`].
    #[must_use]
    pub fn boot_log(&self) -> PathBuf {
        self.directory.join("boot.log")
    }

    /// What its launchers had to say.
    #[must_use]
    pub fn launcher_log(&self) -> PathBuf {
        self.directory.join("launcher.log")
    }

    /// How long each phase of the last start took.
    #[must_use]
    pub fn timings(&self) -> PathBuf {
        self.directory.join("timings.json")
    }

    /// Locked by the launcher for as long as it lives.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.directory.join(LOCK_FILE)
    }

    /// Locked by the command that makes the container, until the user knows of it; then it is removed.
    #[must_use]
    pub fn maker(&self) -> PathBuf {
        self.directory.join(MAKER_FILE)
    }

    /// Whether the command that made the container ended before the user knew of it.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        matches!(
            FileLock::try_acquire_existing(&self.maker(), LockMode::Shared),
            Ok(Some(_))
        )
    }

    /// Symbolic link to the launcher's control socket. It is made by the launcher, because the runtime directory of a client
    /// that looks for the socket (another login, a cron job) need not be the launcher's.
    #[must_use]
    pub fn control_link(&self) -> PathBuf {
        self.directory.join("control")
    }

    /// Whether the container has an owner at this moment: a launcher, or for an instant the process that repairs or removes it.
    #[must_use]
    pub fn has_owner(&self) -> bool {
        // Where the lock cannot be looked at, no process can have taken it either.
        is_held(&self.lock()).unwrap_or(false)
    }

    /// Removes the control socket of a launcher that is gone, and the link to it.
    pub(crate) fn remove_control_socket(&self) {
        let link = self.control_link();
        if let Ok(socket) = std::fs::read_link(&link)
            && socket.extension().is_some_and(|extension| extension == "sock")
        {
            // Either may be gone already, and a socket that stays behind is replaced by the next launcher.
            let _ = std::fs::remove_file(socket);
        }
        let _ = std::fs::remove_file(link);
    }
}
