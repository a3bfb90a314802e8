//! Where a copy goes, by the rules of Docker's `cp`: decided from the two paths and from what is there.

use super::place::CopyPlace;
use super::tree::{PathKind, PathStatus};
use crate::error::CopyError;

/// The directory that is written to, and what the copied file is called in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) directory: Vec<u8>,
    /// Empty: the content of the copied directory, without the directory.
    pub(super) called: Vec<u8>,
}

impl Target {
    /// What a source is called in an archive that goes to standard output.
    pub(super) fn stream(source: &[u8]) -> Self {
        Self {
            directory: Vec::new(),
            called: basename(source).to_vec(),
        }
    }

    /// The path of what is written.
    pub(super) fn written(&self) -> Vec<u8> {
        match (self.called.as_slice(), self.directory.ends_with(b"/")) {
            (b"", _) => self.directory.clone(),
            (called, true) => [&self.directory, called].concat(),
            (called, false) => [self.directory.as_slice(), b"/", called].concat(),
        }
    }
}

/// Why something cannot be copied to a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A directory would replace a file.
    DirectoryOverFile,
    /// The path of the destination says that it is a directory, and there is none.
    NoDirectory,
    /// The destination is no directory, though its path says so or an archive is to be written to it.
    NotADirectory,
}

impl Refusal {
    pub(super) fn at(self, source: &CopyPlace, destination: &CopyPlace) -> CopyError {
        let place = destination.to_string();
        match self {
            Self::DirectoryOverFile => CopyError::DirectoryOverFile {
                source_place: source.to_string(),
                place,
            },
            Self::NoDirectory => CopyError::NoDirectory { place },
            Self::NotADirectory => CopyError::NotADirectory { place },
        }
    }
}

/// Where `source` goes when it is copied to `destination`, at which `found` is, links at its end followed.
pub(super) fn target(source: &[u8], kind: PathKind, destination: &[u8], found: &PathStatus) -> Result<Target, Refusal> {
    let is_directory = kind == PathKind::Directory;
    let says_directory = destination.ends_with(b"/") || is_content(destination);
    match found.kind {
        Some(PathKind::Directory) => Ok(Target {
            directory: found.resolved.clone(),
            called: basename(source).to_vec(),
        }),
        Some(PathKind::Other) if is_directory => Err(Refusal::DirectoryOverFile),
        Some(PathKind::Other) if says_directory => Err(Refusal::NotADirectory),
        None if says_directory && !is_directory => Err(Refusal::NoDirectory),
        None | Some(PathKind::Other) => {
            let (directory, called) = split(&found.resolved);
            Ok(Target {
                directory: directory.to_vec(),
                called: called.to_vec(),
            })
        }
    }
}

/// Where the files of an archive go: to a directory that is there.
pub(super) fn content_target(found: &PathStatus) -> Result<Target, Refusal> {
    match found.kind {
        Some(PathKind::Directory) => Ok(Target {
            directory: found.resolved.clone(),
            called: Vec::new(),
        }),
        Some(PathKind::Other) => Err(Refusal::NotADirectory),
        None => Err(Refusal::NoDirectory),
    }
}

/// Whether a path means what is in a directory, and not the directory.
pub(super) fn is_content(path: &[u8]) -> bool {
    basename(path).is_empty()
}

/// The last name of a path; empty where it is `.`, `..` or the root, which have no name of their own.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    match split(path).1 {
        b"." | b".." => b"",
        name => name,
    }
}

/// The directory of a path, and its last name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    let end = path.iter().rposition(|byte| *byte != b'/').map_or(0, |last| last + 1);
    let trimmed = &path[..end];
    match trimmed.iter().rposition(|byte| *byte == b'/') {
        Some(0) => (b"/", &trimmed[1..]),
        Some(slash) => (&trimmed[..slash], &trimmed[slash + 1..]),
        None if path.starts_with(b"/") => (b"/", b""),
        None => (b".", trimmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use PathKind::{Directory, Other};

    #[test]
    fn the_rules_are_dockers() {
        let went = |directory: &str, called: &str| {
            Ok(Target {
                directory: directory.as_bytes().to_vec(),
                called: called.as_bytes().to_vec(),
            })
        };
        for (source, kind, destination, found, expected) in [
            // A file: to a new name, over a file, into a directory.
            ("/a/f", Other, "/d/new", None, went("/d", "new")),
            ("/a/f", Other, "/d/old", Some(Other), went("/d", "old")),
            ("/a/f", Other, "/d", Some(Directory), went("/d", "f")),
            ("/a/f", Other, "/d/", Some(Directory), went("/d/", "f")),
            ("/a/f", Other, "/", Some(Directory), went("/", "f")),
            ("f", Other, "new", None, went(".", "new")),
            ("f", Other, ".", Some(Directory), went(".", "f")),
            ("/a/f", Other, "/d/new/", None, Err(Refusal::NoDirectory)),
            ("/a/f", Other, "/d/old/", Some(Other), Err(Refusal::NotADirectory)),
            // A directory: as a new one, into one that is there, its content into one that is there.
            ("/a/s", Directory, "/d/new", None, went("/d", "new")),
            ("/a/s", Directory, "/d/new/", None, went("/d", "new")),
            ("/a/s/.", Directory, "/d/new", None, went("/d", "new")),
            ("/a/s", Directory, "/d", Some(Directory), went("/d", "s")),
            ("/a/s/", Directory, "/d", Some(Directory), went("/d", "s")),
            ("/a/s/.", Directory, "/d", Some(Directory), went("/d", "")),
            ("/", Directory, "/d", Some(Directory), went("/d", "")),
            ("..", Directory, "/d", Some(Directory), went("/d", "")),
            (
                "/a/s",
                Directory,
                "/d/old",
                Some(Other),
                Err(Refusal::DirectoryOverFile),
            ),
            (
                "/a/s/.",
                Directory,
                "/d/old",
                Some(Other),
                Err(Refusal::DirectoryOverFile),
            ),
        ] {
            let found = PathStatus {
                kind: found,
                resolved: destination.as_bytes().to_vec(),
            };
            let went = target(source.as_bytes(), kind, destination.as_bytes(), &found);
            assert_eq!(went, expected, "{source} to {destination}");
        }
    }

    #[test]
    fn a_link_at_the_destination_is_followed() {
        let found = PathStatus {
            kind: None,
            resolved: b"/var/real".to_vec(),
        };
        let went = target(b"/f", Other, b"/d/link", &found).unwrap();
        assert_eq!(went.written(), b"/var/real");
    }

    #[test]
    fn an_archive_goes_to_a_directory_only() {
        let found = |kind| PathStatus {
            kind,
            resolved: b"/d".to_vec(),
        };
        assert_eq!(content_target(&found(Some(Directory))).unwrap().written(), b"/d");
        assert_eq!(content_target(&found(Some(Other))), Err(Refusal::NotADirectory));
        assert_eq!(content_target(&found(None)), Err(Refusal::NoDirectory));
    }
}
