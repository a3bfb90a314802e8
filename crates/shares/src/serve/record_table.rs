//! Records of what can have no extended attribute of a user's (xattr(7)): symbolic links, pipes, sockets.
//!
//! They are in a file of ours outside of all trees, to which a line is appended for each change, under a lock that the processes share that serve the
//! same tree; so none loses what another one wrote, and a process that is killed leaves a piece of a line at most. Lines that were overtaken go by
//! the rename of a new file.
//!
//! A file is known by its number and type, a link also by what it leads to, because numbers are given again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{AtFlags, CWD, FlockOperation, Mode, OFlags, flock, fstat, openat, renameat, statat};
use rustix::io::Errno;

use crate::serve::record::Record;

/// The file, a new one that is about to replace it, and the lock.
const TABLE: &str = "records";
const NEW_TABLE: &str = "records.new";
const LOCK: &str = "lock";

/// Most records that are kept; the oldest ones are forgotten first.
const MAXIMUM_RECORDS: usize = 1 << 16;
/// Lines that may be overtaken before the file is written anew.
const MAXIMUM_OVERTAKEN: usize = 4096;
/// Longest file that is read, bytes: a longer one is none of ours.
const MAXIMUM_BYTES: u64 = 64 << 20;

/// A file that can have no extended attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Special {
    /// Its number.
    pub(crate) number: u64,
    /// Its type, as in a mode.
    pub(crate) kind: u32,
}

/// The records of one tree.
#[derive(Debug)]
pub(crate) struct RecordTable {
    place: Option<Place>,
    known: Mutex<Known>,
}

/// Where they outlive this process.
#[derive(Debug)]
struct Place {
    directory: OwnedFd,
    lock: OwnedFd,
}

/// What has been read.
#[derive(Debug, Default)]
struct Known {
    records: HashMap<u64, Entry>,
    /// The number of the file, and how much of it: whole lines.
    file: u64,
    bytes: u64,
    lines: usize,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    kind: u32,
    target: u64,
    record: Record,
    line: usize,
}

impl RecordTable {
    /// The records in a directory; without one they are kept as long as this process lives.
    ///
    /// # Errors
    /// When the directory cannot be used.
    pub(crate) fn open(directory: Option<&Path>) -> io::Result<Self> {
        let place = match directory {
            None => None,
            Some(path) => {
                let directory = openat(CWD, path, OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
                let lock = openat(
                    &directory,
                    LOCK,
                    OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC,
                    mode(),
                )?;
                Some(Place { directory, lock })
            }
        };
        Ok(Self {
            place,
            known: Mutex::default(),
        })
    }

    /// The record of a file; `target` says what a link leads to, and is asked only where there may be a record.
    pub(crate) fn get(&self, file: Special, target: impl FnOnce() -> Vec<u8>) -> Record {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = &self.place {
            // What cannot be read now was read before, or is none.
            let _ = known.look(place);
        }
        match known.records.get(&file.number) {
            Some(entry) if entry.kind == file.kind && entry.target == hash(&target()) => entry.record,
            _ => Record::default(),
        }
    }

    /// Keeps the record of a file.
    ///
    /// # Errors
    /// When it cannot be written; it is kept as long as this process lives then.
    pub(crate) fn set(&self, file: Special, target: &[u8], record: Record) -> io::Result<()> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (file.number, file.kind, hash(target), record);
        let Some(place) = &self.place else {
            known.take(entry);
            known.bound();
            return Ok(());
        };
        flock(&place.lock, FlockOperation::LockExclusive)?;
        let written = known.append(place, entry);
        flock(&place.lock, FlockOperation::Unlock)?;
        written
    }
}

impl Known {
    /// Reads what others have written since.
    fn look(&mut self, place: &Place) -> io::Result<()> {
        match statat(&place.directory, TABLE, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if found.st_ino == self.file && u64::try_from(found.st_size) == Ok(self.bytes) => Ok(()),
            Ok(_) => self.read(&mut File::from(openat(
                &place.directory,
                TABLE,
                OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC,
                Mode::empty(),
            )?)),
            Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    fn read(&mut self, file: &mut File) -> io::Result<()> {
        let found = fstat(&*file)?;
        if found.st_ino != self.file || u64::try_from(found.st_size).is_ok_and(|bytes| bytes < self.bytes) {
            *self = Self {
                file: found.st_ino,
                ..Self::default()
            };
        }
        file.seek(SeekFrom::Start(self.bytes))?;
        let mut text = Vec::new();
        file.take(MAXIMUM_BYTES).read_to_end(&mut text)?;
        // What has no end yet is still being written, or never will be.
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        for line in text.get(..whole).unwrap_or_default().split(|byte| *byte == b'\n') {
            if let Some(entry) = parse(line) {
                self.take(entry);
            }
        }
        self.bytes += whole as u64;
        Ok(())
    }

    fn take(&mut self, (number, kind, target, record): (u64, u32, u64, Record)) {
        self.lines += 1;
        if record == Record::default() {
            self.records.remove(&number);
        } else {
            let entry = Entry {
                kind,
                target,
                record,
                line: self.lines,
            };
            self.records.insert(number, entry);
        }
    }

    /// Forgets the oldest records when there are too many.
    fn bound(&mut self) {
        if self.records.len() <= MAXIMUM_RECORDS {
            return;
        }
        let mut lines: Vec<usize> = self.records.values().map(|entry| entry.line).collect();
        lines.sort_unstable();
        let oldest = lines.get(MAXIMUM_RECORDS / 4).copied().unwrap_or_default();
        self.records.retain(|_, entry| entry.line >= oldest);
    }

    /// Appends a line. The lock is held.
    fn append(&mut self, place: &Place, entry: (u64, u32, u64, Record)) -> io::Result<()> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&place.directory, TABLE, flags, mode())?);
        self.read(&mut file)?;
        let (number, _, _, record) = entry;
        if record == Record::default() && !self.records.contains_key(&number) {
            return Ok(());
        }
        let is_cut_off = u64::try_from(fstat(&file)?.st_size).is_ok_and(|bytes| bytes > self.bytes);
        let text = format!("{}{}", if is_cut_off { "\n" } else { "" }, line(entry));
        file.write_all(text.as_bytes())?;
        self.read(&mut file)?;
        if self.records.len() > MAXIMUM_RECORDS || self.lines > 2 * self.records.len() + MAXIMUM_OVERTAKEN {
            self.bound();
            self.replace(place)?;
        }
        Ok(())
    }

    /// Writes the file anew, with nothing that was overtaken.
    fn replace(&mut self, place: &Place) -> io::Result<()> {
        let mut entries: Vec<(&u64, &Entry)> = self.records.iter().collect();
        entries.sort_unstable_by_key(|(_, entry)| entry.line);
        let lines = entries.into_iter();
        let text: String = lines
            .map(|(number, entry)| line((*number, entry.kind, entry.target, entry.record)))
            .collect();
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&place.directory, NEW_TABLE, flags, mode())?);
        file.write_all(text.as_bytes())?;
        // A power cut leaves the old file or the new one, and none that is empty.
        file.sync_all()?;
        renameat(&place.directory, NEW_TABLE, &place.directory, TABLE)?;
        *self = Self::default();
        self.look(place)
    }
}

fn mode() -> Mode {
    Mode::RUSR | Mode::WUSR
}

/// `NUMBER KIND TARGET RECORD`: decimal, octal, hexadecimal, and text.
fn line((number, kind, target, record): (u64, u32, u64, Record)) -> String {
    format!("{number} {kind:o} {target:x} {}\n", record.text())
}

fn parse(line: &[u8]) -> Option<(u64, u32, u64, Record)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (number, kind, target) = (words.next()?, words.next()?, words.next()?);
    let record = Record::parse(words.next()?.as_bytes())?;
    let number = number.parse().ok()?;
    let kind = u32::from_str_radix(kind, 8).ok()?;
    let target = u64::from_str_radix(target, 16).ok()?;
    words.next().is_none().then_some((number, kind, target, record))
}

/// FNV-1a with 64 bits (RFC 9923): it only has to tell a link from another one that came to have its number.
fn hash(bytes: &[u8]) -> u64 {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes
        .iter()
        .fold(BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: u32 = libc::S_IFLNK;

    fn link(number: u64) -> Special {
        Special { number, kind: LINK }
    }

    fn of(user: u32) -> Record {
        Record {
            user: Some(user),
            ..Record::default()
        }
    }

    fn user(table: &RecordTable, file: Special, target: &str) -> Option<u32> {
        table.get(file, || target.as_bytes().to_vec()).user
    }

    #[test]
    fn records_outlive_the_process_and_processes_see_each_other_s() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| RecordTable::open(Some(directory.path())).unwrap());
        one.set(link(1), b"a", of(7)).unwrap();
        other.set(link(2), b"b", of(8)).unwrap();
        one.set(link(1), b"a", of(9)).unwrap();
        for table in [&one, &other, &RecordTable::open(Some(directory.path())).unwrap()] {
            assert_eq!(
                (user(table, link(1), "a"), user(table, link(2), "b")),
                (Some(9), Some(8))
            );
        }
        other.set(link(1), b"a", Record::default()).unwrap();
        assert_eq!(user(&one, link(1), "a"), None);
    }

    #[test]
    fn another_file_of_the_same_number_has_no_record() {
        let table = RecordTable::open(None).unwrap();
        table.set(link(1), b"a", of(7)).unwrap();
        let pipe = Special {
            kind: libc::S_IFIFO,
            ..link(1)
        };
        assert_eq!(user(&table, link(1), "a"), Some(7));
        assert_eq!((user(&table, link(1), "b"), user(&table, pipe, "a")), (None, None));
    }

    #[test]
    fn what_a_killed_process_has_cut_off_harms_no_other_line() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(TABLE);
        let table = RecordTable::open(Some(directory.path())).unwrap();
        table.set(link(1), b"a", of(7)).unwrap();
        let mut text = std::fs::read(&path).unwrap();
        text.extend(b"garbage\n2 120000 ");
        std::fs::write(&path, text).unwrap();
        table.set(link(3), b"c", of(9)).unwrap();
        let again = RecordTable::open(Some(directory.path())).unwrap();
        let seen = [1, 2, 3].map(|number| user(&again, link(number), if number == 1 { "a" } else { "c" }));
        assert_eq!(seen, [Some(7), None, Some(9)]);
    }

    #[test]
    fn a_file_that_grows_is_written_anew_and_nobody_misses_anything() {
        let directory = tempfile::tempdir().unwrap();
        let [one, other] = [(); 2].map(|()| RecordTable::open(Some(directory.path())).unwrap());
        one.set(link(1), b"a", of(1)).unwrap();
        for round in 0..MAXIMUM_OVERTAKEN as u32 + 100 {
            one.set(link(2), b"b", of(round)).unwrap();
        }
        let lines = std::fs::read_to_string(directory.path().join(TABLE))
            .unwrap()
            .lines()
            .count();
        assert!(lines < MAXIMUM_OVERTAKEN, "{lines}");
        assert_eq!(user(&other, link(1), "a"), Some(1));
        assert_eq!(user(&other, link(2), "b"), Some(MAXIMUM_OVERTAKEN as u32 + 99));
    }

    #[test]
    fn the_oldest_records_are_forgotten_first() {
        let table = RecordTable::open(None).unwrap();
        for number in 0..=MAXIMUM_RECORDS as u64 {
            table.set(link(number), b"a", of(7)).unwrap();
        }
        assert_eq!(user(&table, link(0), "a"), None);
        assert_eq!(user(&table, link(MAXIMUM_RECORDS as u64), "a"), Some(7));
    }
}
