//! Access to a repository.

/// What a client is going to do with a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Read. Mirrors may be asked.
    Pull,
    /// Read and write, at the registry itself.
    Push,
}
