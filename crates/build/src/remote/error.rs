//! Why something could not be fetched.

use std::io;
use std::time::Duration;

use container_build_cache::CacheError;
use container_oci::Digest;
use container_registry::RegistryError;

use crate::address::{GitAddress, WebAddress};

/// Why something could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RemoteError {
    /// A file is not there.
    #[error("cannot fetch {url}: the server has no such file (status 404)")]
    NoFile {
        /// Its address, as all of them here without a login.
        url: String,
    },
    /// A file could not be fetched.
    #[error("cannot fetch {url}: {reason}")]
    Fetch {
        /// Its address.
        url: String,
        /// Why.
        reason: String,
    },
    /// A file is larger than was allowed.
    #[error("{url} has more than {limit_bytes} bytes, which is too much")]
    TooLarge {
        /// Its address.
        url: String,
        /// What was allowed.
        limit_bytes: u64,
    },
    /// A file is not the one that was asked for.
    #[error("digest mismatch of {url}: it has {actual}, and {expected} was expected (--checksum)")]
    Checksum {
        /// Its address.
        url: String,
        /// What it has.
        actual: Digest,
        /// What it should have.
        expected: Digest,
    },
    /// There is no `git` on this machine.
    #[error(
        "git is needed for {url}, and there is no such program in PATH (try: apt-get install git, brew install git)"
    )]
    NoGit {
        /// The repository.
        url: String,
    },
    /// `git` failed.
    #[error("cannot fetch {url}: git {verb} failed{}{}", said(.output), advised(.advice.as_deref()))]
    Git {
        /// The repository.
        url: String,
        /// What was to be done.
        verb: String,
        /// What it last said.
        output: String,
        /// What can be done about it, if that is known.
        advice: Option<String>,
    },
    /// `git` took too long.
    #[error("cannot fetch {url}: git {verb} was not done after {} s", limit.as_secs())]
    GitTimeout {
        /// The repository.
        url: String,
        /// What was to be done.
        verb: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The repository does not have what the address names.
    #[error("{url}: the repository has no branch, tag or commit {reference:?}")]
    NoReference {
        /// The repository.
        url: String,
        /// What it does not have.
        reference: String,
    },
    /// Part of a commit's name was given.
    #[error("{url}: expected the commit to begin with {expected}, and it is {actual}")]
    Commit {
        /// The repository.
        url: String,
        /// How it should begin.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// The repository changed between two questions.
    #[error("{url} changed while it was fetched: build again")]
    Changed {
        /// The repository.
        url: String,
    },
    /// The commit has no such directory, or it is reached through a symbolic link.
    #[error("{url} has no directory {path:?} (a symbolic link is none): {source}")]
    NoDirectory {
        /// The repository.
        url: String,
        /// The directory.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// A commit has more files than was allowed.
    #[error("{url} has more than {limit} {what}, which is too much")]
    TreeTooLarge {
        /// The repository.
        url: String,
        /// What it has too much of.
        what: &'static str,
        /// What was allowed.
        limit: u64,
    },
    /// What was fetched could not be kept.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// What was fetched could not be written or read.
    #[error("cannot keep what was fetched: {0}")]
    Io(#[from] io::Error),
    /// The program is coming to its end.
    #[error("the build was interrupted")]
    Interrupted,
}

impl RemoteError {
    /// The error of a file that could not be fetched. Words that are about registries are replaced.
    pub(super) fn of_file(address: &WebAddress, error: RegistryError) -> Self {
        let url = address.without_login();
        let reason = match error {
            RegistryError::NotFound { .. } => return Self::NoFile { url },
            RegistryError::Refused { host } => format!("connection to {host} refused"),
            RegistryError::NoSuchHost { host } => format!("no such host {host:?}; check the address and the network"),
            RegistryError::Tls { host, reason } => format!("no secure connection to {host}: {reason}"),
            error => error.to_string(),
        };
        Self::Fetch { url, reason }
    }

    pub(super) fn no_reference(address: &GitAddress, reference: &str) -> Self {
        Self::NoReference {
            url: address.without_login(),
            reference: reference.to_owned(),
        }
    }
}

fn said(output: &str) -> String {
    match output.trim() {
        "" => String::new(),
        output => format!(": {output}"),
    }
}

fn advised(advice: Option<&str>) -> String {
    advice.map_or_else(String::new, |advice| format!("\n{advice}"))
}
