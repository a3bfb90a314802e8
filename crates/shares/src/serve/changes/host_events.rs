//! What the host's kernel tells of directories (fanotify(7)).
//!
//! inotify would not say who made a change. A listener without privileges is told which ones are its own process's, and so the machine's
//! (fanotify_init(2), "pid"): those the machine's kernel knows of.
#![expect(unsafe_code, reason = "fanotify and file handles have no safe interface")]

use std::ffi::CString;
use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

/// What is told of directories and what is in them.
const EVENTS: u64 = libc::FAN_MODIFY
    | libc::FAN_CLOSE_WRITE
    | libc::FAN_ATTRIB
    | libc::FAN_CREATE
    | libc::FAN_DELETE
    | libc::FAN_MOVED_FROM
    | libc::FAN_MOVED_TO
    | libc::FAN_ONDIR
    | libc::FAN_EVENT_ON_CHILD;

/// What is told of a single file.
const FILE_EVENTS: u64 = libc::FAN_MODIFY | libc::FAN_CLOSE_WRITE | libc::FAN_ATTRIB;

/// Longest handle of a file, bytes (`MAX_HANDLE_SZ`, open_by_handle_at(2)).
const MAXIMUM_HANDLE_BYTES: usize = 128;

/// Events are read into this many bytes.
const BUFFER_BYTES: usize = 64 << 10;

/// The handle of a record begins behind its head and the number of the file system (`fanotify_event_info_fid`).
const HANDLE_OFFSET: usize = offset_of!(libc::fanotify_event_info_fid, handle);

/// What the kernel calls a file, as long as the file is there: type of the handle and its bytes.
pub(in crate::serve) type Handle = Vec<u8>;

/// One thing that happened.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::serve) struct HostEvent {
    /// `FAN_*`, perhaps several.
    pub(in crate::serve) mask: u64,
    /// Whether this process did it.
    pub(in crate::serve) is_own: bool,
    /// The directory and the name in it.
    pub(in crate::serve) entry: Option<(Handle, Vec<u8>)>,
    /// The file itself, if it has not been made or removed.
    pub(in crate::serve) file: Option<Handle>,
}

/// A queue of events.
#[derive(Debug)]
pub(in crate::serve) struct HostEvents(OwnedFd);

/// A handle with room for its bytes (`struct file_handle`).
#[repr(C)]
struct FileHandle {
    bytes: libc::c_uint,
    kind: libc::c_int,
    handle: [u8; MAXIMUM_HANDLE_BYTES],
}

impl HostEvents {
    /// # Errors
    /// When the kernel is older than 5.13, or the user has too many queues.
    pub(in crate::serve) fn new() -> io::Result<Self> {
        let report = libc::FAN_REPORT_FID | libc::FAN_REPORT_DFID_NAME;
        let flags = libc::FAN_CLASS_NOTIF | libc::FAN_CLOEXEC | libc::FAN_NONBLOCK | report;
        // SAFETY: takes numbers only.
        let descriptor = unsafe { libc::fanotify_init(flags, 0) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call succeeded, so that the descriptor is new and nobody else's.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Has the kernel tell of a directory and what is in it, or of a single file, and returns what it will call it.
    ///
    /// # Errors
    /// The kernel's.
    pub(in crate::serve) fn watch(&self, file: BorrowedFd<'_>, is_directory: bool) -> io::Result<Handle> {
        let handle = handle(file)?;
        self.mark(libc::FAN_MARK_ADD, file, is_directory)?;
        Ok(handle)
    }

    /// Has it tell no more of the file that it calls `called`, if `file` is that.
    ///
    /// # Errors
    /// The kernel's; `NotFound` for another file.
    pub(in crate::serve) fn forget(&self, file: BorrowedFd<'_>, is_directory: bool, called: &Handle) -> io::Result<()> {
        if handle(file)? != *called {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.mark(libc::FAN_MARK_REMOVE, file, is_directory)
    }

    fn mark(&self, flags: libc::c_uint, file: BorrowedFd<'_>, is_directory: bool) -> io::Result<()> {
        // A descriptor without rights is not taken by itself.
        let path = CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let events = if is_directory { EVENTS } else { FILE_EVENTS };
        // SAFETY: the path lives until the call returns, which does not keep it.
        let result = unsafe { libc::fanotify_mark(self.0.as_raw_fd(), flags, events, libc::AT_FDCWD, path.as_ptr()) };
        if result == 0 {
            Ok(())
        } else {
            Err(io::Error::last_os_error())
        }
    }

    /// What has happened; nothing when that is nothing. Does not wait.
    ///
    /// # Errors
    /// The kernel's.
    pub(in crate::serve) fn read(&self) -> io::Result<Vec<HostEvent>> {
        let mut buffer = vec![0; BUFFER_BYTES];
        match rustix::io::read(&self.0, &mut buffer) {
            Ok(count) => Ok(events(&buffer[..count], own_id())),
            Err(rustix::io::Errno::AGAIN) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for HostEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn own_id() -> i32 {
    rustix::process::getpid().as_raw_nonzero().get()
}

fn handle(file: BorrowedFd<'_>) -> io::Result<Handle> {
    // File systems that cannot open a file by its handle have only those that are good for comparison; older kernels do not know the flag.
    handle_with(file, libc::AT_HANDLE_FID).or_else(|_| handle_with(file, 0))
}

fn handle_with(file: BorrowedFd<'_>, flags: libc::c_int) -> io::Result<Handle> {
    let mut handle = FileHandle {
        bytes: MAXIMUM_HANDLE_BYTES as libc::c_uint,
        kind: 0,
        handle: [0; MAXIMUM_HANDLE_BYTES],
    };
    let mut mount = 0;
    // SAFETY: the structure begins as `file_handle` does and has as many bytes behind that as it says; both outputs live until the call returns.
    let result = unsafe {
        libc::name_to_handle_at(
            file.as_raw_fd(),
            c"".as_ptr(),
            (&raw mut handle).cast(),
            &raw mut mount,
            libc::AT_EMPTY_PATH | flags,
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let length = (handle.bytes as usize).min(MAXIMUM_HANDLE_BYTES);
    Ok([&handle.kind.to_ne_bytes(), &handle.handle[..length]].concat())
}

/// The events in what was read, by the process with the id `own` or others. What it does not know it passes over.
fn events(mut bytes: &[u8], own: i32) -> Vec<HostEvent> {
    let mut found = Vec::new();
    while let Some(length) = word(bytes, offset_of!(libc::fanotify_event_metadata, event_len)) {
        let Some(event) = bytes.get(..length as usize).filter(|event| !event.is_empty()) else {
            break;
        };
        bytes = &bytes[length as usize..];
        let mask = event.get(offset_of!(libc::fanotify_event_metadata, mask)..);
        let (Some(mask), Some(id)) = (
            mask.and_then(|mask| mask.first_chunk()),
            word(event, offset_of!(libc::fanotify_event_metadata, pid)),
        ) else {
            continue;
        };
        let mut event_found = HostEvent {
            mask: u64::from_ne_bytes(*mask),
            is_own: id.cast_signed() == own,
            ..HostEvent::default()
        };
        take_records(
            event.get(size_of::<libc::fanotify_event_metadata>()..).unwrap_or(&[]),
            &mut event_found,
        );
        found.push(event_found);
    }
    found
}

fn take_records(mut records: &[u8], event: &mut HostEvent) {
    // Type, a byte of padding, length.
    while let [kind, _, low, high, ..] = records {
        let length = usize::from(u16::from_ne_bytes([*low, *high]));
        let Some(record) = records.get(..length).filter(|record| !record.is_empty()) else {
            return;
        };
        match (*kind, named(record)) {
            (libc::FAN_EVENT_INFO_TYPE_DFID_NAME, Some((handle, name))) => event.entry = Some((handle, name)),
            (libc::FAN_EVENT_INFO_TYPE_FID, Some((handle, _))) => event.file = Some(handle),
            _ => {}
        }
        records = &records[length..];
    }
}

/// The handle of a record, and the name behind it.
fn named(record: &[u8]) -> Option<(Handle, Vec<u8>)> {
    let length = word(record, HANDLE_OFFSET)? as usize;
    let kind = record.get(HANDLE_OFFSET + 4..HANDLE_OFFSET + 8)?;
    let rest = record.get(HANDLE_OFFSET + 8..)?;
    let handle = rest.get(..length)?;
    let name = rest[length..].split(|byte| *byte == 0).next()?;
    Some(([kind, handle].concat(), name.to_vec()))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn what_happens_is_told_by_directory_and_name_with_who_did_it() {
        let directory = tempfile::tempdir().unwrap();
        let opened = File::open(directory.path()).unwrap();
        let events = HostEvents::new().unwrap();
        let handle = events.watch(opened.as_fd(), true).unwrap();
        fs::write(directory.path().join("own"), "1").unwrap();
        let status = std::process::Command::new("/bin/sh")
            .args(["-c", "echo 1 >other; rm other; mkdir made"])
            .current_dir(directory.path())
            .status();
        assert!(status.unwrap().success());
        let told = events.read().unwrap();
        let of = |name: &[u8]| {
            let named = (handle.clone(), name.to_vec());
            let events = told.iter().filter(|event| event.entry.as_ref() == Some(&named));
            events.fold((0, false), |(mask, own), event| (mask | event.mask, own | event.is_own))
        };
        let written = libc::FAN_CREATE | libc::FAN_MODIFY | libc::FAN_CLOSE_WRITE;
        assert_eq!(of(b"own"), (written, true));
        assert_eq!(
            of(b"other").0 & (written | libc::FAN_DELETE),
            written | libc::FAN_DELETE
        );
        assert!(!of(b"other").1);
        assert_eq!(of(b"made"), (libc::FAN_CREATE | libc::FAN_ONDIR, false));
        let other = File::open(directory.path().join("made")).unwrap();
        events.watch(other.as_fd(), true).unwrap();
        let mistaken = events.forget(other.as_fd(), true, &handle).unwrap_err();
        assert_eq!(mistaken.kind(), io::ErrorKind::NotFound);
        fs::write(directory.path().join("made/below"), "1").unwrap();
        assert!(!events.read().unwrap().is_empty(), "it is watched as before");
        events.forget(opened.as_fd(), true, &handle).unwrap();
        fs::write(directory.path().join("own"), "2").unwrap();
        assert!(events.read().unwrap().is_empty());
    }

    #[test]
    fn a_single_file_is_told_of_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "1").unwrap();
        let events = HostEvents::new().unwrap();
        let handle = events.watch(File::open(&path).unwrap().as_fd(), false).unwrap();
        fs::write(&path, "2").unwrap();
        let told = events.read().unwrap();
        assert!(!told.is_empty() && told.iter().all(|event| event.file.as_ref() == Some(&handle)));
    }

    #[test]
    fn what_is_cut_off_is_no_event() {
        for length in 0..64 {
            let mut bytes = vec![0xff; length];
            assert!(events(&bytes, 1).is_empty());
            if let Some(first) = bytes.first_chunk_mut() {
                *first = u32::try_from(length).unwrap().to_ne_bytes();
                events(&bytes, 1);
            }
        }
    }
}
