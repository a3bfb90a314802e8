//! How far written bytes must have got before a program goes on.
//!
//! On Linux fsync(2) has the drive empty its cache, so there is one answer. On macOS fsync(2) stops at the drive, which may write what
//! is in its cache in any order; what empties the cache, `F_FULLFSYNC`, takes about 20 ms, and every sync of the standard library is
//! one. Where only the order matters, macOS has a barrier that costs a fraction of that (fcntl(2), `F_BARRIERFSYNC`).
//!
//! | what | needs | on macOS |
//! | --- | --- | --- |
//! | records, blobs, layer disks: written, synced, renamed | that no name ever shows unfinished bytes | barrier |
//! | directories, after a rename or removal | that what follows does not overtake it | barrier |
//! | an archive that a user asked for, when all of it has its name | to be there when the cable is pulled | full |
//!
//! So on a Mac a loss of power may take back what was done in the moments before it. What is found after it is what was there some
//! moment earlier, whole.

use std::fs::File;
use std::io;

/// Makes sure that nothing written or renamed after this call can outlive a loss of power without what was written to `file` before
/// it. On Linux the bytes are on the drive as well.
///
/// # Errors
/// What the system says when the bytes cannot be written.
pub fn sync_in_order(file: &File) -> io::Result<()> {
    #[cfg(target_os = "macos")]
    return or_fsync(crate::darwin::barrier(file), file);
    #[cfg(not(target_os = "macos"))]
    file.sync_all()
}

/// The same for the bytes of a file and its length alone: fdatasync(2) on Linux, which leaves the times of a blob or disk for later.
///
/// # Errors
/// As [`sync_in_order`].
pub fn sync_data_in_order(file: &File) -> io::Result<()> {
    #[cfg(target_os = "macos")]
    return sync_in_order(file);
    #[cfg(not(target_os = "macos"))]
    file.sync_data()
}

/// Makes sure that what was written to `file` outlives a loss of power right after this call.
///
/// # Errors
/// What the system says when the bytes cannot be written.
pub fn sync_to_drive(file: &File) -> io::Result<()> {
    #[cfg(target_os = "macos")]
    return or_fsync(crate::darwin::full(file), file);
    #[cfg(not(target_os = "macos"))]
    file.sync_all()
}

/// Network file systems and some in user space know neither call; fsync(2) is then the most that can be had.
#[cfg(any(target_os = "macos", test))]
fn or_fsync(synced: io::Result<()>, file: &File) -> io::Result<()> {
    match synced {
        Err(error) if crate::unsupported::is_unsupported(&error) => Ok(rustix::fs::fsync(file)?),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn files_and_directories_can_be_synced() {
        let root = tempfile::tempdir().unwrap();
        for file in [tempfile::tempfile().unwrap(), File::open(root.path()).unwrap()] {
            sync_in_order(&file).unwrap();
            sync_data_in_order(&file).unwrap();
            sync_to_drive(&file).unwrap();
        }
    }

    #[test]
    fn a_file_system_without_the_call_is_synced_as_far_as_it_can_be() {
        let file = tempfile::tempfile().unwrap();
        or_fsync(Err(Errno::NOTSUP.into()), &file).unwrap();
        let full = or_fsync(Err(Errno::NOSPC.into()), &file).unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        // The error of fsync itself is one.
        let (reader, _writer) = io::pipe().unwrap();
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        assert!(or_fsync(Err(Errno::INVAL.into()), &pipe).is_err());
    }
}
