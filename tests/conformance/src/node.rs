//! A file of a root.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

/// A file as the recorded results describe it. What does not belong to its kind is absent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Node {
    /// `f`, `d`, `l` (symbolic link), `h` (another name of a file that is not there), `c`, `b` or `p`.
    #[serde(rename = "t")]
    pub(crate) kind: char,
    /// Permission and special bits, octal.
    #[serde(rename = "m")]
    pub(crate) mode: String,
    #[serde(rename = "u")]
    pub(crate) uid: u32,
    #[serde(rename = "g")]
    pub(crate) gid: u32,
    /// Size of a file.
    #[serde(rename = "n", default)]
    pub(crate) size_bytes: Option<u64>,
    /// The first 16 hexadecimal digits of the SHA-256 of a file.
    #[serde(rename = "h", default)]
    pub(crate) content: Option<String>,
    /// Target of a link.
    #[serde(rename = "to", default)]
    pub(crate) target: Option<String>,
    /// Extended attributes, their values hexadecimal.
    #[serde(rename = "x", default)]
    pub(crate) xattrs: BTreeMap<String, String>,
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}:{}", self.kind, self.mode, self.uid, self.gid)?;
        if let (Some(size_bytes), Some(content)) = (self.size_bytes, &self.content) {
            write!(f, " {size_bytes} bytes {content}")?;
        }
        if let Some(target) = &self.target {
            write!(f, " -> {target}")?;
        }
        self.xattrs
            .iter()
            .try_for_each(|(name, value)| write!(f, " {name}={value}"))
    }
}
