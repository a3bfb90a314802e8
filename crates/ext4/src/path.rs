//! Paths of entries, cleaned the way every extractor of layers cleans them.

use crate::error::WriteError;

/// The longest path accepted, as Linux's `PATH_MAX`.
const MAX_PATH_BYTES: usize = 4096;
/// The longest name in a directory.
const MAX_NAME_BYTES: usize = 255;

/// Splits `path` into names, relative to the root of the image.
///
/// Leading slashes, empty parts and `.` are dropped; `..` takes the name before it away and stops at the root, so no path leaves the image.
pub(crate) fn components(path: &[u8]) -> Result<Vec<&[u8]>, WriteError> {
    let invalid = || WriteError::InvalidPath { path: path.to_vec() };
    if path.len() > MAX_PATH_BYTES || path.contains(&0) {
        return Err(invalid());
    }
    let mut names = Vec::with_capacity(8);
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." => {
                names.pop();
            }
            _ if name.len() > MAX_NAME_BYTES => return Err(invalid()),
            _ => names.push(name),
        }
    }
    Ok(names)
}

/// Splits a path that is clean already at its last slash; `None` when it may need cleaning at its end.
pub(crate) fn split_plain(path: &[u8]) -> Option<(&[u8], &[u8])> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    let (directory, name) = (&path[..slash], &path[slash + 1..]);
    let plain = !matches!(name, b"" | b"." | b"..") && name.len() <= MAX_NAME_BYTES && !name.contains(&0);
    (plain && path.len() <= MAX_PATH_BYTES).then_some((directory, name))
}

#[cfg(test)]
mod tests {
    use super::components;

    #[test]
    fn no_path_leaves_the_root() {
        for (path, names) in [
            ("a/b", vec!["a", "b"]),
            ("/a/../b", vec!["b"]),
            ("../../etc", vec!["etc"]),
            ("./", vec![]),
            ("a//./b/", vec!["a", "b"]),
            ("a/../../..", vec![]),
        ] {
            let names: Vec<&[u8]> = names.into_iter().map(str::as_bytes).collect();
            assert_eq!(components(path.as_bytes()).unwrap(), names);
        }
    }

    #[test]
    fn impossible_paths_are_refused() {
        assert!(components(b"a\0b").is_err());
        assert!(components(&[b'n'; 256]).is_err());
        assert!(components(&b"ab/".repeat(2000)).is_err());
        assert!(components(&[b'n'; 255]).is_ok());
    }
}
