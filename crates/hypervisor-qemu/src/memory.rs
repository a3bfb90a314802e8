//! The file that a machine's memory is, where the configuration names one.
//!
//! A template's memory is a file that QEMU maps and writes. A machine that continues a template maps that file for itself and has no right to
//! write to it: its guest must not reach those of other machines that continue the same template, not even when it has taken over its QEMU. A
//! QEMU before 8.2 maps nothing for itself that it may not write, and the file server of a machine with shared directories has to see what its guest writes: such
//! machines get a copy each, in memory and in no directory.

mod copy;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use container_hypervisor::{CreateError, GuestMemory};

use crate::command_line::{Mapping, MemoryFile};
use crate::host::system;
pub(crate) use copy::MemoryCopy;

/// What messages call it.
const WHAT: &str = "template's memory";

/// The open file of a machine's memory.
#[derive(Debug)]
pub(crate) struct OpenMemory {
    file: OwnedFd,
    mapping: Mapping,
    /// Whether it is in a directory, where rules say who opens it once more.
    has_rules: bool,
    copy: Option<MemoryCopy>,
}

impl OpenMemory {
    /// Makes or opens the file that `memory` names. `is_mapped` is whether a template's can be mapped as it is: a copy takes its place otherwise.
    ///
    /// # Errors
    /// [`CreateError::File`], also for a file that is not as long as the machine's memory.
    pub(crate) fn open(memory: &GuestMemory, memory_bytes: u64, is_mapped: bool) -> Result<Option<Self>, CreateError> {
        let (path, opened) = match memory {
            GuestMemory::Own => return Ok(None),
            GuestMemory::Template { path, .. } => (path, make(path, memory_bytes)),
            GuestMemory::Restored { memory, .. } => (memory, of_template(memory, memory_bytes, is_mapped)),
        };
        let path = path.clone();
        opened.map(Some).map_err(|source| CreateError::File {
            what: WHAT,
            path,
            source,
        })
    }

    /// As the command line has it.
    pub(crate) fn argument(&self) -> MemoryFile {
        MemoryFile {
            number: self.file.as_raw_fd(),
            mapping: self.mapping,
        }
    }

    /// Has QEMU get it as its standard input, if it may only be read.
    pub(crate) fn hand_as_input(&mut self) {
        if self.mapping == Mapping::Private {
            self.mapping = Mapping::Input;
        }
    }

    /// Whether QEMU gets it as its standard input.
    pub(crate) fn is_input(&self) -> bool {
        self.mapping == Mapping::Input
    }

    /// It, where QEMU needs a rule to open it once more for reading.
    pub(crate) fn reread(&self) -> Option<BorrowedFd<'_>> {
        (self.has_rules && self.mapping == Mapping::Private).then(|| self.file.as_fd())
    }

    /// It, where QEMU needs a rule to open it once more for reading and writing.
    pub(crate) fn rewritten(&self) -> Option<BorrowedFd<'_>> {
        (self.has_rules && self.mapping == Mapping::Shared).then(|| self.file.as_fd())
    }

    /// What has to be done before the machine is loaded.
    pub(crate) fn take_copy(&mut self) -> Option<MemoryCopy> {
        self.copy.take()
    }

    pub(crate) fn into_descriptor(self) -> OwnedFd {
        self.file
    }
}

/// Makes the file of a template's memory. It has its length already: QEMU may make no file longer than the largest disk is.
fn make(path: &Path, memory_bytes: u64) -> io::Result<OpenMemory> {
    let file = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.set_len(memory_bytes)?;
    Ok(OpenMemory {
        file: file.into(),
        mapping: Mapping::Shared,
        has_rules: true,
        copy: None,
    })
}

/// Opens the memory of a template that is to be continued.
fn of_template(path: &Path, memory_bytes: u64, is_mapped: bool) -> io::Result<OpenMemory> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() != memory_bytes {
        let length = metadata.len();
        let message = format!("it has {length} bytes, and the machine's memory has {memory_bytes}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    if is_mapped {
        return Ok(OpenMemory {
            file: file.into(),
            mapping: Mapping::Private,
            has_rules: true,
            copy: None,
        });
    }
    let to = system::memory_file(memory_bytes)?;
    Ok(OpenMemory {
        file: to.try_clone()?.into(),
        mapping: Mapping::Shared,
        has_rules: false,
        copy: Some(MemoryCopy { from: file, to }),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _};

    use super::*;

    const LENGTH: u64 = 8 << 20;

    #[test]
    fn a_template_s_memory_is_a_new_file_of_this_user_s() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("memory");
        let memory = GuestMemory::Template {
            path: path.clone(),
            for_shares: false,
        };
        let opened = OpenMemory::open(&memory, LENGTH, true).unwrap().unwrap();
        assert!(opened.rewritten().is_some() && opened.reread().is_none());
        let metadata = path.metadata().unwrap();
        assert_eq!((metadata.len(), metadata.blocks()), (LENGTH, 0));
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        let again = OpenMemory::open(&memory, LENGTH, true).unwrap_err();
        assert!(again.to_string().contains("File exists"), "{again}");
    }

    #[test]
    fn what_continues_a_template_cannot_write_to_its_memory() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("memory");
        let file = File::create_new(&path).unwrap();
        file.set_len(LENGTH).unwrap();
        file.write_all_at(b"kernel", 1 << 20).unwrap();
        file.write_all_at(b"agent", LENGTH - 5).unwrap();
        // Zeros before, between and after what is none, longer than is read at a time.
        let mut mixed = vec![0; 1 << 20];
        for place in [5000, 300 << 10, 301 << 10, 900 << 10] {
            mixed[place] = 7;
        }
        file.write_all_at(&mixed, 3 << 20).unwrap();
        let memory = GuestMemory::Restored {
            memory: path.clone(),
            state: root.path().join("state"),
        };
        let private = OpenMemory::open(&memory, LENGTH, true).unwrap().unwrap();
        assert!(private.reread().is_some() && private.rewritten().is_none());
        let private = File::from(private.into_descriptor());
        assert!(private.write_at(b"x", 0).is_err());

        let mut input = OpenMemory::open(&memory, LENGTH, true).unwrap().unwrap();
        input.hand_as_input();
        assert!(input.is_input() && input.reread().is_none() && input.rewritten().is_none());
        let input = File::from(input.into_descriptor());
        assert!(input.write_at(b"x", 0).is_err());

        let mut copy = OpenMemory::open(&memory, LENGTH, false).unwrap().unwrap();
        copy.hand_as_input();
        assert!(!copy.is_input(), "it is the machine's own");
        copy.take_copy().unwrap().make().unwrap();
        assert!(copy.reread().is_none() && copy.rewritten().is_none());
        let copy = File::from(copy.into_descriptor());
        let mut bytes = vec![1; LENGTH as usize];
        copy.read_exact_at(&mut bytes, 0).unwrap();
        assert!(bytes == std::fs::read(&path).unwrap());
        let blocks = copy.metadata().unwrap().blocks();
        assert!(blocks * 512 < 128 << 10, "neither holes nor zeros take room: {blocks}");
        copy.write_at(b"x", 0).unwrap();
        assert_eq!(std::fs::read(&path).unwrap()[0], 0);

        let error = OpenMemory::open(&memory, LENGTH + (1 << 20), true)
            .unwrap_err()
            .to_string();
        assert!(error.contains("it has 8388608 bytes"), "{error}");
    }
}
