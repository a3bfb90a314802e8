//! Repositories, by way of the `git` program of this machine.
//!
//! An address means a commit ([`resolve`]), and a commit has files ([`fetch`]). Only the commit itself is fetched, without its history where the server can do
//! that, into a directory that never had another one in it.

mod fetch;
mod limits;
mod program;
mod resolve;
mod ssh;

use container_build_cache::HeldTree;
use container_build_context::Context;

use super::RemoteError;
use crate::address::GitAddress;

pub(super) use fetch::fetch;
pub(crate) use program::GitAccess;
pub(super) use resolve::resolve;

/// What an address means.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Revision {
    /// The commit, in hexadecimal digits.
    pub(crate) commit: String,
    /// What the server calls it: `refs/heads/main`; `None` if the address names the commit.
    name: Option<String>,
}

/// What is fetched of a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TreeRequest {
    pub(super) remote: String,
    pub(super) revision: Revision,
    pub(super) keeps_git_dir: bool,
    pub(super) skips_submodules: bool,
}

/// The files of a commit. They stay as long as this is held.
#[derive(Debug)]
pub(crate) struct RemoteTree {
    held: HeldTree,
    /// The repository, for errors.
    url: String,
}

impl Revision {
    /// Makes sure that the commit is the one that the address says, if it says one.
    pub(super) fn check(&self, address: &GitAddress) -> Result<(), RemoteError> {
        match &address.checksum {
            Some(expected) if !self.begins_with(expected) => Err(RemoteError::Commit {
                url: address.without_login(),
                expected: expected.clone(),
                actual: self.commit.clone(),
            }),
            _ => Ok(()),
        }
    }

    fn begins_with(&self, expected: &str) -> bool {
        !expected.is_empty() && self.commit.starts_with(&expected.to_ascii_lowercase())
    }
}

impl RemoteTree {
    /// When its commit was made, in seconds since 1970.
    pub(crate) fn commit_unix_seconds(&self) -> i64 {
        self.held.commit_unix_seconds()
    }

    /// The files of a directory of it, or all of them where `subdirectory` is empty.
    pub(crate) fn open(&self, subdirectory: &str) -> Result<Context, RemoteError> {
        Context::open_inside(self.held.path(), subdirectory).map_err(|error| RemoteError::NoDirectory {
            url: self.url.clone(),
            path: subdirectory.to_owned(),
            source: error.source,
        })
    }
}

/// Whether a text is the whole name of a commit, with SHA-1 or SHA-256.
fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests;
