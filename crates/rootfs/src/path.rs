//! Paths as lists of names.

/// The longest path: PATH_MAX of Linux. A tree can be deeper, for programs that go down step by step, and is refused then: neither tar programs nor the disks
/// of layers take its paths.
pub(crate) const MAX_PATH_BYTES: usize = 4096;

/// MAXSYMLINKS of the kernel.
pub(crate) const MAX_SYMLINKS: u32 = 40;

/// The names of a path, without empty ones and `.`.
pub(crate) fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|name| !matches!(*name, b"" | b"."))
}

/// Whether only a directory can be meant.
pub(crate) fn means_directory(path: &[u8]) -> bool {
    let last = path.rsplit(|byte| *byte == b'/').next();
    matches!(last, Some(b"" | b"." | b"..")) && !path.is_empty()
}

/// The absolute path of these names.
pub(crate) fn absolute<N: AsRef<[u8]>>(names: &[N]) -> Vec<u8> {
    if names.is_empty() {
        return b"/".to_vec();
    }
    let mut path = Vec::new();
    for name in names {
        path.push(b'/');
        path.extend_from_slice(name.as_ref());
    }
    path
}

/// A name below a directory; just the name where that is empty.
pub(crate) fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    match directory {
        b"" => name.to_vec(),
        _ if directory.ends_with(b"/") => [directory, name].concat(),
        _ => [directory, b"/", name].concat(),
    }
}
