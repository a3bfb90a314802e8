//! What a build asks of a machine and of a step.

use std::fmt;
use std::path::PathBuf;

use container_model::{ByteSize, Rlimit};
use container_oci::{Descriptor, Digest, Platform};

use super::StepTree;
use crate::{NetworkingRequest, WindowSize};

/// A machine for the steps of a build.
#[derive(Debug, Clone)]
pub struct BuildMachineRequest {
    /// What its first step finds, the lowest layer first; nothing for `FROM scratch`. The blobs have to be in the store, kept by the caller until the machine
    /// is there. Layers that have no disk yet get one.
    pub layers: Vec<BuildLayer>,
    /// The manifest of the image whose layers these are, if they are all of an image's and no others: the machine may then continue from a template that has a
    /// container, and leave one for other builds that start from the image.
    pub image: Option<Digest>,
    /// For whose programs it is.
    pub platform: Platform,
    /// Processors; `None` is as for any container.
    pub cpus: Option<u32>,
    /// Memory; `None` is as for any container.
    pub memory: Option<ByteSize>,
    /// Size of the disk that all steps together may fill; `None` is as for any container.
    pub storage_size: Option<ByteSize>,
    /// Size of `/dev/shm` of each step.
    pub shm_size: Option<ByteSize>,
    /// Its networks and names, of all steps that do not go without. Ports cannot be published.
    pub networking: NetworkingRequest,
    /// The caches that its steps may mount, each once.
    pub caches: Vec<BuildCache>,
    /// Kernel image instead of the default one.
    pub kernel: Option<PathBuf>,
}

impl BuildMachineRequest {
    /// A machine with nothing but defaults.
    #[must_use]
    pub fn new(platform: Platform) -> Self {
        Self {
            layers: Vec::new(),
            image: None,
            platform,
            cpus: None,
            memory: None,
            storage_size: None,
            shm_size: None,
            networking: NetworkingRequest::default(),
            caches: Vec::new(),
            kernel: None,
        }
    }
}

/// A layer whose blob is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildLayer {
    /// The blob, compressed or not.
    pub(super) descriptor: Descriptor,
    /// Digest of its tar.
    pub(super) diff_id: Digest,
}

impl From<(Descriptor, Digest)> for BuildLayer {
    /// The blob, compressed or not, and the digest of its tar.
    fn from((descriptor, diff_id): (Descriptor, Digest)) -> Self {
        Self { descriptor, diff_id }
    }
}

/// A directory that outlives the machine and that several machines may have at the same time. Who may have it when (`sharing`) is the caller's matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildCache {
    /// An absolute path; made if it is missing. What is in it is the machine's: owners are kept beside the files, so that only a machine shows them rightly.
    pub directory: PathBuf,
}

/// One step: a program, what it sees besides the layers, and what it may do.
#[derive(Debug, Clone, Default)]
pub struct StepRequest {
    /// Program and arguments; at least one. A program without a slash is looked up in `PATH` of the environment.
    pub arguments: Vec<String>,
    /// `KEY=VALUE`, all of it; only `HOME` is added where it is missing, and `TERM` with a terminal.
    pub environment: Vec<String>,
    /// Absolute; made if it is missing. Empty: `/`.
    pub working_directory: String,
    /// `""` for root, `name`, `uid`, `name:group` or `uid:gid`.
    pub user: String,
    /// What is mounted for this step alone, in any order. Mount points that were missing are gone after it, unless something was put there.
    pub mounts: Vec<StepMount>,
    /// Whether it has the machine's networks.
    pub network: StepNetwork,
    /// `--security=insecure`: all capabilities, no seccomp profile, no masked or read-only paths.
    pub is_privileged: bool,
    /// Resource limits that differ from the defaults.
    pub rlimits: Vec<Rlimit>,
    /// Whether standard input is passed on; otherwise the program reads end-of-file.
    pub stdin: bool,
    /// A terminal of this size for the program, as a shell in the state of a failed step has it.
    pub terminal: Option<WindowSize>,
}

/// The networks of a step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum StepNetwork {
    /// Those of the machine.
    #[default]
    Machine,
    /// Loopback only.
    None,
}

/// Something that is mounted for one step.
#[derive(Debug, Clone)]
pub enum StepMount {
    /// A file or a directory of a tree that was brought into the machine (`type=bind`).
    Tree {
        /// The tree.
        tree: StepTree,
        /// The path in it; empty for all of it. Symbolic links stay in the tree.
        source: String,
        /// Where it appears, absolute.
        target: String,
        /// Whether it cannot be written to. What is written otherwise is gone with the tree after the step.
        is_read_only: bool,
    },
    /// A cache of the machine (`type=cache`).
    Cache {
        /// Its place among [`BuildMachineRequest::caches`].
        cache: usize,
        /// The directory of it, relative; empty for all of it. It has to be there, be it from `initial`.
        source: String,
        /// Where it appears, absolute.
        target: String,
        /// Whether it cannot be written to.
        is_read_only: bool,
        /// Owner and mode of the directory when the cache is new.
        owner: StepOwner,
        /// What a new cache gets.
        initial: Option<(StepTree, String)>,
    },
    /// A file system in memory.
    Tmpfs {
        /// Where it appears, absolute.
        target: String,
        /// Its size; `None` is half of the memory.
        size_bytes: Option<u64>,
    },
    /// A file that is only ever in memory (`type=secret`).
    Secret {
        /// Where it appears, absolute.
        target: String,
        /// What is in it: at most [`Secret::MAX_BYTES`].
        content: Secret,
        /// To whom it belongs.
        owner: StepOwner,
    },
    /// A Unix socket of the host, such as that of an SSH agent (`type=ssh`).
    Socket {
        /// The host's socket, absolute.
        source: PathBuf,
        /// Where it appears, absolute.
        target: String,
        /// To whom it belongs.
        owner: StepOwner,
    },
}

/// Whose something is that is made for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepOwner {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Permission bits.
    pub mode: u32,
}

/// The content of a secret, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub Vec<u8>);

impl Secret {
    /// The largest secret, bytes: as much as `BuildKit` takes.
    pub const MAX_BYTES: usize = 500 << 10;
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let mount = StepMount::Secret {
            target: "/run/secrets/token".to_owned(),
            content: Secret(b"hunter2".to_vec()),
            owner: StepOwner {
                uid: 0,
                gid: 0,
                mode: 0o400,
            },
        };
        let shown = format!("{mount:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("104"), "{shown}");
    }
}
