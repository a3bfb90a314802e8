//! In place of the Rust binding to the C library libcap-ng, which the file server drops capabilities with.
//!
//! Our file server is an ordinary user's process: it has no capability, gets none and passes none on. So there is nothing to drop, and a change
//! fails. Only what the crate `virtiofsd` calls is here, under the names that it calls.

use std::fmt;
use std::ops::BitOr;

/// There are no capabilities to be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("this process has no capabilities")
    }
}

impl std::error::Error for Error {}

/// What every call returns.
pub type Result<T> = std::result::Result<T, Error>;

/// A capability by its number, capabilities(7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability(pub u32);

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)
    }
}

/// Sets of a thread's capabilities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Type(u32);

impl Type {
    /// Those that are checked.
    pub const EFFECTIVE: Self = Self(1);
    /// Those that may become effective.
    pub const PERMITTED: Self = Self(2);
}

impl BitOr for Type {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// Which sets a call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Set {
    /// The thread's own.
    CAPS,
    /// Its own and the bounding set.
    BOTH,
}

/// What is done to a capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is taken out.
    DROP,
    /// It is put in.
    ADD,
}

/// A change of one capability.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CUpdate {
    /// What is done.
    pub action: Action,
    /// In which sets.
    pub cap_type: Type,
    /// To which capability.
    pub capability: Capability,
}

/// Clears what is about to be applied: nothing.
pub fn clear(_: Set) {}

/// Reads the capabilities of the process.
///
/// # Errors
/// Always.
pub fn get_caps_process() -> Result<()> {
    Err(Error)
}

/// Notes changes.
///
/// # Errors
/// Always.
pub fn update(_: Vec<CUpdate>) -> Result<()> {
    Err(Error)
}

/// Applies the noted changes.
///
/// # Errors
/// Always.
pub fn apply(_: Set) -> Result<()> {
    Err(Error)
}

/// Whether the process has a capability: it has none.
#[must_use]
pub fn have_capability(_: Type, _: Capability) -> bool {
    false
}

/// A capability by its name. All are the same one, which nobody has.
///
/// # Errors
/// Never.
pub fn name_to_capability(_: &str) -> Result<Capability> {
    Ok(Capability(u32::MAX))
}
