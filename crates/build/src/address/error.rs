//! What can be wrong with the address of a repository.

/// Why an address of a repository is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// It is no URL.
    #[error("{text:?} is no address of a Git repository: {reason}")]
    Malformed {
        /// As it was given, without a login in it.
        text: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// A part of the query that nobody knows.
    #[error(
        "unexpected query {key:?} in the address of a Git repository (known: ref, branch, tag, subdir, checksum, commit, keep-git-dir, submodules)"
    )]
    UnknownQuery {
        /// Its name.
        key: String,
    },
    /// A part of the query without a value, or with one that makes no sense.
    #[error("query {key:?} in the address of a Git repository has the value {value:?}: {expected}")]
    QueryValue {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two parts that say different things.
    #[error("the address of a Git repository names both {one:?} and {other:?}")]
    Conflict {
        /// One.
        one: String,
        /// The other.
        other: String,
    },
}
