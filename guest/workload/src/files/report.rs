//! How a process that works on files tells its parent what came of it: one record in a pipe.

use rustix::fs::{FileType, Stat};

/// Longest message, bytes. Keeps the record of a failure below `PIPE_BUF`.
const MESSAGE_MAX_BYTES: usize = 2048;

/// What came of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilesOutcome {
    /// An archive is complete, or its files are.
    Done,
    /// What is there.
    Found(FileStatus),
    /// Nothing is there.
    Missing {
        /// Where it would be, if its directory is there.
        resolved: Option<Vec<u8>>,
    },
    /// Why nothing, or not everything, was done: one line.
    Failed(String),
}

/// A file as it was when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// Type and permissions, `st_mode`, inode(7).
    pub mode: u32,
    /// Its size.
    pub size_bytes: u64,
    /// When its content changed last, seconds since 1970.
    pub modified_seconds: i64,
    /// And nanoseconds of that second.
    pub modified_nanoseconds: u32,
    /// What a symbolic link says.
    pub link_target: Vec<u8>,
    /// Its path from the root.
    pub resolved: Vec<u8>,
}

impl FileStatus {
    pub(super) fn new(found: &Stat, link_target: Vec<u8>, resolved: Vec<u8>) -> Self {
        Self {
            mode: found.st_mode,
            size_bytes: found.st_size.unsigned_abs(),
            modified_seconds: found.st_mtime,
            modified_nanoseconds: u32::try_from(found.st_mtime_nsec).unwrap_or_default(),
            link_target,
            resolved,
        }
    }

    /// What kind of file it is.
    #[must_use]
    pub fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode)
    }
}

impl FilesOutcome {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Done => vec![b'd'],
            Self::Found(status) => {
                let mut record = vec![b'f'];
                record.extend(status.mode.to_le_bytes());
                record.extend(status.size_bytes.to_le_bytes());
                record.extend(status.modified_seconds.to_le_bytes());
                record.extend(status.modified_nanoseconds.to_le_bytes());
                record.extend(&status.link_target);
                record.push(0);
                record.extend(&status.resolved);
                record
            }
            Self::Missing { resolved: None } => vec![b'm'],
            Self::Missing {
                resolved: Some(resolved),
            } => [b"r", resolved.as_slice()].concat(),
            Self::Failed(message) => {
                let message = message.as_bytes();
                [b"x", &message[..message.len().min(MESSAGE_MAX_BYTES)]].concat()
            }
        }
    }

    /// Reads the record; a process that was killed wrote none.
    #[must_use]
    pub fn decode(record: &[u8]) -> Self {
        let lost = || Self::Failed("the work was interrupted".to_owned());
        let Some((tag, rest)) = record.split_first() else {
            return lost();
        };
        match tag {
            b'd' => Self::Done,
            b'f' => FileStatus::decode(rest).map_or_else(lost, Self::Found),
            b'm' => Self::Missing { resolved: None },
            b'r' => Self::Missing {
                resolved: Some(rest.to_vec()),
            },
            _ => Self::Failed(String::from_utf8_lossy(rest).into_owned()),
        }
    }
}

impl FileStatus {
    fn decode(record: &[u8]) -> Option<Self> {
        let (mode, rest) = record.split_first_chunk()?;
        let (size_bytes, rest) = rest.split_first_chunk()?;
        let (modified_seconds, rest) = rest.split_first_chunk()?;
        let (modified_nanoseconds, rest) = rest.split_first_chunk()?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        Some(Self {
            mode: u32::from_le_bytes(*mode),
            size_bytes: u64::from_le_bytes(*size_bytes),
            modified_seconds: i64::from_le_bytes(*modified_seconds),
            modified_nanoseconds: u32::from_le_bytes(*modified_nanoseconds),
            link_target: rest[..end].to_vec(),
            resolved: rest[end + 1..].to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_survive_the_pipe() {
        let status = FileStatus {
            mode: 0o120_777,
            size_bytes: 1 << 40,
            modified_seconds: -5,
            modified_nanoseconds: 7,
            link_target: b"/a/\xff".to_vec(),
            resolved: b"/b".to_vec(),
        };
        for outcome in [
            FilesOutcome::Done,
            FilesOutcome::Found(status),
            FilesOutcome::Missing { resolved: None },
            FilesOutcome::Missing {
                resolved: Some(b"/x".to_vec()),
            },
            FilesOutcome::Failed("no space".to_owned()),
        ] {
            assert_eq!(FilesOutcome::decode(&outcome.encode()), outcome);
        }
        assert!(matches!(FilesOutcome::decode(b""), FilesOutcome::Failed(_)));
    }
}
