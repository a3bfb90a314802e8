//! The kernel's log, as far as it tells of processes that were killed for lack of memory.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use crate::oom_record::OomRecord;

/// Room for the longest record, bytes: `PRINTK_MESSAGE_MAX` of the kernel is 2,048. It does not give a part of one.
const RECORD_MAX_BYTES: usize = 8192;

/// How many records are read at a time: more than the kernel keeps. A program that writes to the log without end holds nobody up.
const RECORDS_MAX: usize = 1 << 16;

/// `/dev/kmsg`, read from its end at the time of opening. It can be polled for more. The level of messages that the console shows is of no
/// consequence, and so is what others read.
#[derive(Debug)]
pub struct KernelLog(File);

impl KernelLog {
    /// Opens the log at `path`.
    ///
    /// # Errors
    /// The kernel's, such as of one that keeps no log.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let mut file = File::options().read(true).custom_flags(flags).open(path)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self(file))
    }

    /// What the kernel has said of killed processes since the last call, the oldest first. Records that it has thrown away meanwhile are not among it.
    pub fn read_kills(&self) -> Vec<OomRecord> {
        let (mut kills, mut record) = (Vec::new(), [0; RECORD_MAX_BYTES]);
        for _ in 0..RECORDS_MAX {
            match (&self.0).read(&mut record) {
                Ok(0) => break,
                Ok(length) => kills.extend(OomRecord::parse(&record[..length])),
                // Records before the next one have been overwritten.
                Err(error) if error.raw_os_error() == Some(Errno::PIPE.raw_os_error()) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // There is no more yet.
                Err(_) => break,
            }
        }
        kills
    }
}

impl AsFd for KernelLog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
