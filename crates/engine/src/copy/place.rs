//! The two ends of a copy as people write them.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use container_model::ContainerQuery;

/// One end of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CopyPlace {
    /// `-`: an archive on standard input or standard output.
    Standard,
    /// A path of the host.
    Host(PathBuf),
    /// A path in a container, from its root.
    Container {
        /// Which one.
        container: ContainerQuery,
        /// The path, any bytes.
        path: Vec<u8>,
    },
}

impl CopyPlace {
    /// Reads a place as Docker does: `CONTAINER:PATH`, unless it begins with a slash or a dot, which makes it a path of the host.
    #[must_use]
    pub fn parse(text: OsString) -> Self {
        let bytes = text.as_bytes();
        if bytes == b"-" {
            return Self::Standard;
        }
        let colon = bytes.iter().position(|byte| *byte == b':');
        match colon {
            Some(colon @ 1..) if !bytes.starts_with(b"/") && !bytes.starts_with(b".") => {
                let container = String::from_utf8_lossy(&bytes[..colon]).into_owned();
                let path = &bytes[colon + 1..];
                let slash: &[u8] = if path.starts_with(b"/") { b"" } else { b"/" };
                Self::Container {
                    container: ContainerQuery::typed(container),
                    path: [slash, path].concat(),
                }
            }
            _ => Self::Host(text.into()),
        }
    }

    /// The path alone.
    pub(super) fn path(&self) -> Vec<u8> {
        match self {
            Self::Standard => Vec::new(),
            Self::Host(path) => path.as_os_str().as_bytes().to_vec(),
            Self::Container { path, .. } => path.clone(),
        }
    }

    /// Another path at the same end, as text.
    pub(super) fn with_path(&self, path: &[u8]) -> String {
        match self {
            Self::Standard => "-".to_owned(),
            Self::Host(_) => PathBuf::from(OsString::from_vec(path.to_vec())).display().to_string(),
            Self::Container { container, .. } => format!("{container}:{}", String::from_utf8_lossy(path)),
        }
    }
}

impl fmt::Display for CopyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_path(&self.path()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_as_docker_reads_them() {
        let container = |name: &str, path: &str| CopyPlace::Container {
            container: ContainerQuery::typed(name.to_owned()),
            path: path.as_bytes().to_vec(),
        };
        let host = |path: &str| CopyPlace::Host(PathBuf::from(path));
        for (text, expected) in [
            ("-", CopyPlace::Standard),
            ("web:/etc", container("web", "/etc")),
            ("web:etc/hosts", container("web", "/etc/hosts")),
            ("web:", container("web", "/")),
            ("web:/a:b", container("web", "/a:b")),
            ("file", host("file")),
            ("/a:b", host("/a:b")),
            ("./a:b", host("./a:b")),
            ("../a:b", host("../a:b")),
            (":x", host(":x")),
        ] {
            assert_eq!(CopyPlace::parse(text.into()), expected, "{text}");
        }
    }
}
