//! Paths as texts: what they mean without a look at any file.

use std::io;

use rustix::io::Errno;

/// The longest path, as Linux has it: a tree that is deeper was made with ill intent.
const MAX_PATH_BYTES: usize = 4096;

/// A path without detours, as Go's `filepath.Clean` writes it: no empty name, no `.`, no `..` that could be resolved; `.` for nothing.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let is_rooted = path.first() == Some(&b'/');
    let mut names: Vec<&[u8]> = Vec::new();
    for name in path.split(|byte| *byte == b'/') {
        match name {
            b"" | b"." => {}
            b".." if names.last().is_some_and(|last| *last != b"..") => {
                names.pop();
            }
            b".." if is_rooted => {}
            name => names.push(name),
        }
    }
    match (is_rooted, names.join(&b'/')) {
        (true, names) => [b"/", names.as_slice()].concat(),
        (false, names) if names.is_empty() => b".".to_vec(),
        (false, names) => names,
    }
}

/// The names on a path from the root, out of which no `..` leads.
pub(crate) fn names_from_root(path: &[u8]) -> Vec<Vec<u8>> {
    let path = clean(&[b"/", path].concat());
    let names = path.split(|byte| *byte == b'/').filter(|name| !name.is_empty());
    names.map(<[u8]>::to_vec).collect()
}

/// A name in a directory, as a path.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        directory => [directory, b"/", name].concat(),
    }
}

/// Refuses a path that no system would take.
pub(crate) fn check_length(path: &[u8]) -> io::Result<()> {
    match path.len() > MAX_PATH_BYTES {
        true => Err(Errno::NAMETOOLONG.into()),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn detours_are_left_out() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("./a//b/", "a/b"),
            ("a/../b", "b"),
            ("a/../..", ".."),
            ("../../a", "../../a"),
            ("/..", "/"),
            ("/../a/./b/..", "/a"),
            ("a/...", "a/..."),
        ] {
            assert_eq!(clean(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn no_path_leads_out_of_the_root() {
        for (path, expected) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/a/../../b", "b"),
            (".", ""),
            ("a/b/", "a/b"),
        ] {
            assert_eq!(
                names_from_root(path.as_bytes()).join(&b'/'),
                expected.as_bytes(),
                "{path}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_clean_stays_as_it_is(path in "[a./]{0,16}") {
            let once = clean(path.as_bytes());
            prop_assert_eq!(clean(&once), once);
        }
    }
}
