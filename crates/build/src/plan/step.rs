//! What is done, step by step.

use container_dockerfile::{Mount, Network, Range, Security};
use container_oci::Digest;

use super::{FileOrigin, StepLabel};
use crate::address::{GitAddress, WebAddress};
use crate::mode::Mode;

/// An instruction that makes a layer.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// What progress calls it.
    pub(crate) label: StepLabel,
    /// What it does.
    pub(crate) operation: Operation,
    /// Where it stands: for what a base asked for, the `FROM`.
    pub(crate) range: Range,
    /// What the history says of it.
    pub(crate) description: String,
}

/// What a step does.
#[derive(Debug, Clone)]
pub(crate) enum Operation {
    /// Runs a command.
    Run(Box<RunStep>),
    /// Copies files.
    Copy(Box<CopyStep>),
    /// Makes a directory.
    Workdir(WorkdirStep),
}

impl Operation {
    /// Where its files come from.
    pub(crate) fn origins(&self) -> impl Iterator<Item = &FileOrigin> {
        let (copied, mounts) = match self {
            Self::Copy(copy) => (Some(&copy.origin), &[][..]),
            Self::Run(run) => (None, run.mounts.as_slice()),
            Self::Workdir(_) => (None, &[][..]),
        };
        copied
            .into_iter()
            .chain(mounts.iter().filter_map(|mount| mount.origin.as_ref()))
    }
}

/// `RUN`
#[derive(Debug, Clone)]
pub(crate) struct RunStep {
    /// The program and its arguments, the shell included.
    pub(crate) arguments: Vec<String>,
    /// A file that is there for the command.
    pub(crate) script: Option<RunScript>,
    /// Names and values, in order.
    pub(crate) environment: Vec<(String, String)>,
    /// What else is in the environment, and makes no difference to the result.
    pub(crate) proxies: ProxyVariables,
    /// The directory to start in.
    pub(crate) directory: String,
    /// As `USER` has it; empty is root.
    pub(crate) user: String,
    /// `--network`
    pub(crate) network: Network,
    /// `--security`
    pub(crate) security: Security,
    /// `--mount`, in order.
    pub(crate) mounts: Vec<RunMount>,
}

/// A heredoc that is executed as a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RunScript {
    /// Where it is.
    pub(crate) path: String,
    /// The text.
    pub(crate) content: String,
}

/// A mount and where it comes from.
#[derive(Debug, Clone)]
pub(crate) struct RunMount {
    /// As it was written, with absolute paths.
    pub(crate) mount: Mount,
    /// Files that are in it; none for those that are empty at first or have no files.
    pub(crate) origin: Option<FileOrigin>,
}

/// Proxies that commands are told of: build arguments that need no `ARG`. Names and values, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ProxyVariables(pub Vec<(String, String)>);

/// `COPY` and `ADD`
#[derive(Debug, Clone)]
pub(crate) struct CopyStep {
    /// Where paths are looked up.
    pub(crate) origin: FileOrigin,
    /// In the order in which they are copied: documents come last.
    pub(crate) sources: Vec<CopySource>,
    /// Absolute; with a slash at its end it is a directory.
    pub(crate) destination: String,
    /// `--chown`
    pub(crate) owner: Option<OwnerName>,
    /// `--chmod`
    pub(crate) mode: Option<Mode>,
    /// `--link`: the stage below is not looked at.
    pub(crate) is_linked: bool,
    /// `--parents`
    pub(crate) keeps_parents: bool,
    /// `--exclude`
    pub(crate) excludes: Vec<String>,
    /// Whether archives among the files are unpacked.
    pub(crate) unpacks: bool,
}

/// What is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CopySource {
    /// A path or pattern within the origin.
    Path(String),
    /// A file with this content.
    Document {
        /// Its name.
        name: String,
        /// What is in it.
        content: String,
    },
    /// The file at an address.
    Url {
        /// The address.
        address: WebAddress,
        /// The name of the file.
        name: String,
        /// `--checksum`
        checksum: Option<Digest>,
        /// Whether it is unpacked, if it is an archive.
        unpacks: bool,
    },
    /// A Git repository.
    Git {
        /// The address, with the commit that `--checksum` asks for.
        address: GitAddress,
        /// Whether `.git` is copied.
        keeps_git_dir: bool,
    },
}

/// `user[:group]`, by name or number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnerName {
    /// The user.
    pub(crate) user: String,
    /// The group, if it is named.
    pub(crate) group: Option<String>,
}

impl OwnerName {
    /// Takes the text apart. What it names is looked up in the stage later.
    pub(crate) fn new(text: &str) -> Self {
        let (user, group) = match text.split_once(':') {
            Some((user, group)) => (user, Some(group.to_owned())),
            None => (text, None),
        };
        Self {
            user: user.to_owned(),
            group,
        }
    }

    /// Whether nothing has to be looked up for it.
    pub(crate) fn is_number(&self) -> bool {
        let is_number = |text: &str| text.parse::<u32>().is_ok();
        is_number(&self.user) && self.group.as_deref().is_none_or(is_number)
    }
}

/// `WORKDIR`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkdirStep {
    /// The directory, absolute and clean.
    pub(crate) path: String,
    /// Whose it is when it is made, as `USER` has it; empty is root.
    pub(crate) user: String,
}
