//! What can be wrong with a settings file, and where.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// A key in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The key with all its parts: `registry.domain`.
    pub key: String,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}, line {}", self.key, self.file.display(), self.line)
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A file is there but cannot be read.
    #[error("cannot read the settings {}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file is larger than settings can be.
    #[error("the settings {} are larger than {limit_bytes} bytes", file.display())]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The limit.
        limit_bytes: u64,
    },
    /// A file is not TOML.
    #[error("the settings {} are no valid TOML, line {line}: {reason}", file.display())]
    Syntax {
        /// The file.
        file: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The parser's message.
        reason: String,
    },
    /// A key that does not exist.
    #[error("unknown setting {place}{}", suggestion.as_ref().map(|name| format!("; did you mean {name}?")).unwrap_or_default())]
    UnknownKey {
        /// Where it is.
        place: Place,
        /// The known key that looks most like it.
        suggestion: Option<String>,
    },
    /// A value of another type than the key has.
    #[error("wrong type of {place}: {expected} is needed, not {found}")]
    Type {
        /// Where it is.
        place: Place,
        /// The type that is needed.
        expected: &'static str,
        /// The type that was found.
        found: &'static str,
    },
    /// A value of the right type that is not allowed.
    #[error("bad value of {place}: {reason}")]
    Value {
        /// Where it is.
        place: Place,
        /// What is wrong with it, and what is allowed.
        reason: String,
    },
}
