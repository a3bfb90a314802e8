//! Verifying the files of a template, each of them once per boot of the host.
//!
//! A file that was read and found right is right for as long as the same host runs and nobody writes to it: from its page cache the same bytes come
//! again. So what was verified is noted with the identity of each file and the boot, and a later start only looks at the identities. After
//! a boot of the host the bytes come from the drive, so all of them are read once more.

use std::fs::File;
use std::io;
use std::path::Path;

use container_durable::{FileIdentity, Record, RecordBody, boot_id, read_record, write_record};
use rustix::fs::{Mode, OFlags, open};
use serde::{Deserialize, Serialize};

use crate::content::digest;
use crate::layout::VERIFIED_FILE;
use crate::manifest::Manifest;
use crate::parts::{Part, Parts};

/// Which files were verified, and in which boot of the host.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Verified {
    boot: String,
    files: Parts<FileIdentity>,
}

impl RecordBody for Verified {
    const VERSION: u32 = 1;
}

/// Why a file is not the template's any more.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Mismatch {
    /// It cannot be read.
    #[error("its file {} cannot be read: {source}", part.file_name())]
    Unreadable { part: Part, source: io::Error },
    /// It is longer or shorter.
    #[error("its file {} has {found_bytes} bytes instead of {expected_bytes}", part.file_name())]
    Length {
        part: Part,
        found_bytes: u64,
        expected_bytes: u64,
    },
    /// Its bytes are others.
    #[error("the content of its file {} has changed", part.file_name())]
    Content { part: Part },
}

/// Checks that the files in `directory` are what the manifest says.
pub(crate) fn verify(directory: &Path, manifest: &Manifest) -> Result<(), Mismatch> {
    let files = Parts::try_from_each(|part| {
        let opened = open_file(&part.path(directory));
        let (file, identity) = opened.map_err(|source| Mismatch::Unreadable { part, source })?;
        let (found_bytes, expected_bytes) = (identity.length_bytes(), manifest.files.of(part).length_bytes);
        if found_bytes != expected_bytes {
            return Err(Mismatch::Length {
                part,
                found_bytes,
                expected_bytes,
            });
        }
        Ok((file, identity))
    })?;
    let identities = Parts::from_each(|part| files.of(part).1);
    if was_verified(directory, &identities) {
        return Ok(());
    }
    let is_settled = identities.all(FileIdentity::is_settled);
    Parts::try_from_each(|part| {
        let (file, identity) = files.of(part);
        let found = digest(file, identity.length_bytes()).map_err(|source| Mismatch::Unreadable { part, source })?;
        let is_right = found == manifest.files.of(part).digest;
        is_right.then_some(()).ok_or(Mismatch::Content { part })
    })?;
    if is_settled {
        note(directory, identities);
    }
    Ok(())
}

/// Opens one of the files for reading, not by way of a link.
pub(crate) fn open_file(path: &Path) -> io::Result<(File, FileIdentity)> {
    // Not blocking: a pipe in its place would be waited for.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(open(path, flags, Mode::empty())?);
    let status = file.metadata()?;
    if !status.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let identity = FileIdentity::of(&status);
    Ok((file, identity))
}

/// Notes that the files with these identities were verified; they were settled before that. Where it cannot be noted they are verified again the next time.
pub(crate) fn note(directory: &Path, files: Parts<FileIdentity>) {
    if let Ok(boot) = boot_id() {
        let record = Record::new(Verified { boot, files });
        let _ = write_record(&directory.join(VERIFIED_FILE), &record);
    }
}

fn was_verified(directory: &Path, identities: &Parts<FileIdentity>) -> bool {
    let Ok(Some(record)) = read_record::<Verified>(&directory.join(VERIFIED_FILE)) else {
        return false;
    };
    record.body.files == *identities && boot_id().is_ok_and(|boot| boot == record.body.boot)
}
