//! Whose the extracted files are.

/// Whose the extracted files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owners {
    /// The calling user's: nothing is changed.
    Caller,
    /// One user's and group's, except for directories that were there before.
    Fixed {
        /// The user.
        uid: u32,
        /// The group.
        gid: u32,
    },
    /// Those that the stream says.
    Stream,
}
