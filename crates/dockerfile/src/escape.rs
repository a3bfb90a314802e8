//! The character that continues lines and takes the meaning off the next character.

/// What the directive `# escape=` chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Escape {
    /// `\`, unless the file says otherwise.
    #[default]
    Backslash,
    /// `` ` ``, for files that are full of Windows paths.
    Backtick,
}

impl Escape {
    /// The character itself.
    #[must_use]
    pub const fn char(self) -> char {
        match self {
            Self::Backslash => '\\',
            Self::Backtick => '`',
        }
    }
}
