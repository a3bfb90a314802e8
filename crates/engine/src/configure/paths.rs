//! The paths of a container that are hidden or protected.

use crate::error::RequestError;

/// Takes away what was there before.
const NONE: &str = "NONE";

/// The `usual` paths with those that `flag` has `given`.
pub(super) fn paths(flag: &'static str, usual: &[&str], given: &[String]) -> Result<Vec<String>, RequestError> {
    let mut paths: Vec<String> = usual.iter().map(|path| (*path).to_owned()).collect();
    for path in given {
        if path == NONE {
            paths.clear();
        } else if !path.starts_with('/') || path.contains('\0') || path.split('/').any(|part| part == "..") {
            return Err(RequestError::GuestPath {
                flag,
                path: path.clone(),
            });
        } else if !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(words: &[&str]) -> Result<Vec<String>, RequestError> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        paths("--masked-path", &["/proc/keys", "/sys/firmware"], &words)
    }

    #[test]
    fn paths_are_added_to_the_usual_ones_unless_none_takes_those_away() {
        assert_eq!(given(&[]).unwrap(), ["/proc/keys", "/sys/firmware"]);
        assert_eq!(
            given(&["/a", "/proc/keys"]).unwrap(),
            ["/proc/keys", "/sys/firmware", "/a"]
        );
        assert_eq!(given(&["/a", "NONE", "/b"]).unwrap(), ["/b"]);
        assert!(given(&["/a", "NONE"]).unwrap().is_empty());
        for bad in ["", "a", "none", "/a/../b", "/a\0"] {
            assert!(
                given(&[bad]).unwrap_err().to_string().contains("--masked-path"),
                "{bad}"
            );
        }
    }
}
