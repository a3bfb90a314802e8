//! What stat(2) says, in types that do not differ from system to system.

use std::ffi::OsStr;
use std::os::fd::BorrowedFd;

use container_tar::{DeviceNumber, Timestamp};
use rustix::fs::{AtFlags, FileType, Stat, fstat, major, minor, statat};

/// A file as it was when it was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Status {
    /// What it is.
    pub kind: FileType,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Size of the content, holes included.
    pub size_bytes: u64,
    /// What it takes of the disk.
    pub allocated_bytes: u64,
    /// How many names it has.
    pub links: u64,
    /// Device and inode, which no other file has.
    pub identity: (u64, u64),
    /// When its content changed last.
    pub modified: Timestamp,
    /// When that, or anything that is said here, changed last.
    pub changed: Timestamp,
    /// Of a device node.
    pub device: DeviceNumber,
}

impl Status {
    /// Of `name` in `directory`, without following it.
    ///
    /// # Errors
    /// What the system says.
    pub fn of(directory: BorrowedFd<'_>, name: &OsStr) -> rustix::io::Result<Self> {
        Ok(Self::from(statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Of an open file or directory.
    ///
    /// # Errors
    /// What the system says.
    pub fn of_file(file: BorrowedFd<'_>) -> rustix::io::Result<Self> {
        Ok(Self::from(fstat(file)?))
    }
}

impl From<Stat> for Status {
    fn from(stat: Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode),
            mode: number::<_, u16>(u64::from(stat.st_mode) & 0o7777),
            uid: stat.st_uid,
            gid: stat.st_gid,
            size_bytes: number(stat.st_size),
            allocated_bytes: number::<_, u64>(stat.st_blocks).saturating_mul(512),
            links: number(stat.st_nlink),
            identity: (number(stat.st_dev), number(stat.st_ino)),
            modified: Timestamp {
                seconds: number(stat.st_mtime),
                nanoseconds: number(stat.st_mtime_nsec),
            },
            changed: Timestamp {
                seconds: number(stat.st_ctime),
                nanoseconds: number(stat.st_ctime_nsec),
            },
            device: DeviceNumber {
                major: number(major(stat.st_rdev)),
                minor: number(minor(stat.st_rdev)),
            },
        }
    }
}

fn number<T: TryInto<U>, U: Default>(value: T) -> U {
    value.try_into().unwrap_or_default()
}
