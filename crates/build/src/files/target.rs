//! Where in the root a path leads to: through symbolic links as they are there, and on where nothing is yet.

use container_rootfs::{Entry, RootError, RootView};

use super::FilesError;

/// A place in the root.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// Without symbolic links, `.` and `..`; empty for the root itself, and without a slash at its start.
    pub(crate) path: Vec<u8>,
    /// What the root has there.
    pub(crate) found: Option<Entry>,
}

impl Target {
    /// Follows `path` as far as the root has it. Symbolic links are followed, also at its end.
    pub(crate) fn resolve(root: Option<&RootView>, path: &[u8]) -> Result<Self, FilesError> {
        let names: Vec<&[u8]> = path
            .split(|byte| *byte == b'/')
            .filter(|name| !matches!(*name, b"" | b"."))
            .collect();
        let mut at = Self {
            path: Vec::new(),
            found: match root {
                Some(root) => Some(root.stat(b"/", true)?),
                None => None,
            },
        };
        for name in names {
            let next = joined(&at.path, name);
            let is_directory = at.found.as_ref().is_some_and(Entry::is_directory);
            at = match (root, &at.found) {
                (Some(_), Some(_)) if !is_directory => {
                    return Err(FilesError::NotADirectory {
                        path: absolute(&at.path),
                    });
                }
                (Some(root), Some(_)) => match root.locate(&absolute(&next), true) {
                    Ok(located) => Self {
                        path: relative(&located.path()),
                        found: located.entry,
                    },
                    Err(RootError::NotFound { .. } | RootError::NotADirectory { .. } | RootError::Loop { .. }) => {
                        return Err(FilesError::LostLink { path: absolute(&next) });
                    }
                    Err(error) => return Err(error.into()),
                },
                _ => Self {
                    path: next,
                    found: None,
                },
            };
        }
        Ok(at)
    }
}

/// A name in a directory, which is empty for the root.
pub(crate) fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        _ => [directory, b"/", name].concat(),
    }
}

pub(crate) fn absolute(path: &[u8]) -> Vec<u8> {
    [b"/", path].concat()
}

fn relative(path: &[u8]) -> Vec<u8> {
    path.strip_prefix(b"/").unwrap_or(path).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_root_a_path_leads_where_it_says() {
        for (path, expected) in [("/a/b/", "a/b"), ("/", ""), ("/./x", "x")] {
            let target = Target::resolve(None, path.as_bytes()).unwrap();
            assert_eq!(
                (target.path.as_slice(), target.found.is_none()),
                (expected.as_bytes(), true)
            );
        }
    }
}
