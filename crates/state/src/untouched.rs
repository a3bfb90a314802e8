//! Whether the writable disk of a container is as it was made.
//!
//! Such a disk may be exchanged for another empty one. What says so is a record of the file's identity and times beside it, so that whoever
//! writes to the disk, or puts another in its place, makes the record untrue without knowing of it.

use std::fs;
use std::io;

use container_durable::FileIdentity;

use crate::Bundle;

impl Bundle {
    /// Notes that the writable disk is as it was made.
    ///
    /// # Errors
    /// What the system says.
    pub fn note_untouched_disk(&self) -> io::Result<()> {
        let identity = self.disk_identity()?;
        fs::write(self.untouched(), serde_json::to_vec(&identity)?)
    }

    /// Whether nobody has written to the writable disk since that was noted.
    #[must_use]
    pub fn is_disk_untouched(&self) -> bool {
        let noted = fs::read(self.untouched())
            .ok()
            .and_then(|text| serde_json::from_slice::<FileIdentity>(&text).ok());
        noted.is_some_and(|noted| self.disk_identity().is_ok_and(|now| now == noted))
    }

    /// Forgets that the writable disk is as it was made: it is about to be written to.
    pub fn forget_untouched_disk(&self) {
        // Were it to stay, the identity in it would be another one than the disk's.
        let _ = fs::remove_file(self.untouched());
    }

    fn disk_identity(&self) -> io::Result<FileIdentity> {
        Ok(FileIdentity::of(&fs::symlink_metadata(self.root_disk())?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_untouched_until_it_is_written_to_or_replaced() {
        let root = tempfile::tempdir().unwrap();
        let bundle = Bundle::new(root.path(), &"made".parse().unwrap());
        fs::create_dir(bundle.directory()).unwrap();
        let disk = bundle.root_disk();
        fs::write(&disk, b"empty").unwrap();
        assert!(!bundle.is_disk_untouched(), "nobody has noted it");
        bundle.note_untouched_disk().unwrap();
        assert!(bundle.is_disk_untouched());

        let aside = root.path().join("aside");
        fs::copy(&disk, &aside).unwrap();
        fs::rename(&aside, &disk).unwrap();
        assert!(
            !bundle.is_disk_untouched(),
            "it was replaced by one of the same content"
        );

        bundle.note_untouched_disk().unwrap();
        // Times of files are those of the kernel's last tick.
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&disk, b"EMPTY").unwrap();
        assert!(!bundle.is_disk_untouched(), "it was written to");

        bundle.note_untouched_disk().unwrap();
        bundle.forget_untouched_disk();
        assert!(!bundle.is_disk_untouched());
        fs::write(bundle.untouched(), b"{").unwrap();
        assert!(!bundle.is_disk_untouched(), "what cannot be read says nothing");
    }
}
