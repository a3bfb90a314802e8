//! Events: a file to which whoever does something appends a line, and which anybody follows.
//!
//! A line is written with one call, so that writers need no lock. It begins with a line end as well as ending with one: what is left of a line
//! whose writer was killed, or for which there was no room, spoils no other, and readers skip it. Nothing is synced: a loss of power may
//! take the last events. Once the file has grown to its bound it becomes the previous one, which goes; a late writer may still append to that.

mod follow;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use container_durable::{FileLock, LockMode};
use container_model::Event;
use rustix::fs::OFlags;

use crate::{AppPaths, previous_log};

pub use follow::{EventFollower, EventsFrom};

/// Size at which the file is replaced, bytes. There are at most two, so that some thousands of events are remembered.
const FILE_BYTES: u64 = 1 << 20;

/// Events of one app root.
#[derive(Debug, Clone)]
pub struct EventLog {
    path: PathBuf,
}

impl EventLog {
    /// The events told below `paths`; nothing is touched yet.
    #[must_use]
    pub fn new(paths: &AppPaths) -> Self {
        Self { path: paths.events() }
    }

    /// Tells an event. What it is about has happened already, so a failure is to be traced and no more.
    ///
    /// # Errors
    /// When there is no room, or no such file can be made.
    pub fn append(&self, event: &Event) -> io::Result<()> {
        let line = format!("\n{}\n", event.to_json());
        let mut file = open(&self.path)?;
        // One call, which may write less where the disk is full: the rest would be of no use then.
        let written = file.write(line.as_bytes())?;
        if file.metadata()?.len() >= FILE_BYTES {
            self.begin_anew()?;
        }
        match written == line.len() {
            true => Ok(()),
            false => Err(io::ErrorKind::StorageFull.into()),
        }
    }

    /// Reads events, in the order in which they were told.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn follow(&self, from: EventsFrom) -> io::Result<EventFollower> {
        EventFollower::open(self.path.clone(), from)
    }

    /// Makes the file the previous one, unless another process does.
    fn begin_anew(&self) -> io::Result<()> {
        let lock = self.path.with_extension("lock");
        let Some(_lock) = FileLock::try_acquire(&lock, LockMode::Exclusive).map_err(io::Error::other)? else {
            return Ok(());
        };
        match fs::symlink_metadata(&self.path) {
            Ok(file) if file.len() >= FILE_BYTES => fs::rename(&self.path, previous_log(&self.path)),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Opens the file to append to it. Whatever has its name, that does not wait.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .custom_flags(flags.bits().cast_signed())
        .open(path)
}

/// Tells one file from another.
fn identity(file: &fs::Metadata) -> (u64, u64) {
    (file.dev(), file.ino())
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_model::EventType;
    use std::thread;

    struct Log {
        _directory: tempfile::TempDir,
        log: EventLog,
    }

    fn log() -> Log {
        let directory = tempfile::tempdir().unwrap();
        let log = EventLog::new(&AppPaths::new(directory.path(), directory.path()));
        Log {
            _directory: directory,
            log,
        }
    }

    impl Log {
        fn tell(&self, id: &str) {
            self.log.append(&Event::now(EventType::Volume, "create", id)).unwrap();
        }

        fn ids(follower: &mut EventFollower) -> Vec<String> {
            follower.read().unwrap().into_iter().map(|event| event.id).collect()
        }

        fn all(&self) -> Vec<String> {
            Self::ids(&mut self.log.follow(EventsFrom::Beginning).unwrap())
        }
    }

    #[test]
    fn events_are_read_in_order_by_those_who_came_before_and_after() {
        let log = log();
        let mut early = log.log.follow(EventsFrom::Beginning).unwrap();
        assert!(Log::ids(&mut early).is_empty(), "there is no file yet");
        log.tell("one");
        let mut late = log.log.follow(EventsFrom::Now).unwrap();
        log.tell("two");
        assert_eq!(Log::ids(&mut early), ["one", "two"]);
        assert_eq!(Log::ids(&mut late), ["two"]);
        assert!(Log::ids(&mut late).is_empty());
        assert_eq!(log.all(), ["one", "two"]);
    }

    #[test]
    fn torn_lines_spoil_no_others() {
        let log = log();
        log.tell("one");
        let whole = fs::read(&log.log.path).unwrap();
        for length in [1, 2, whole.len() / 2, whole.len() - 1] {
            let mut file = open(&log.log.path).unwrap();
            file.write_all(&whole[..length]).unwrap();
            log.tell("next");
        }
        let ids = log.all();
        assert_eq!(ids.iter().filter(|id| *id == "next").count(), 4, "{ids:?}");
        // All of the last one was there but its line end.
        assert_eq!(ids.iter().filter(|id| *id == "one").count(), 2, "{ids:?}");
    }

    #[test]
    fn a_line_is_read_once_it_is_whole() {
        let log = log();
        log.tell("one");
        let whole = fs::read(&log.log.path).unwrap();
        let (begin, rest) = whole.split_at(10);
        let mut follower = log.log.follow(EventsFrom::Now).unwrap();
        let mut file = open(&log.log.path).unwrap();
        file.write_all(begin).unwrap();
        assert!(Log::ids(&mut follower).is_empty());
        file.write_all(rest).unwrap();
        assert_eq!(Log::ids(&mut follower), ["one"]);
    }

    #[test]
    fn many_writers_lose_nothing_over_the_bound_and_the_files_stay_small() {
        const WRITERS: usize = 4;
        const EVENTS: usize = 25;
        // Two files hold them all, so that a reader that falls behind loses none either.
        let log = log();
        let long = "x".repeat(16 << 10);
        let mut follower = log.log.follow(EventsFrom::Beginning).unwrap();
        let mut seen = Vec::new();
        thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (log, long) = (log.log.clone(), &long);
                    scope.spawn(move || {
                        for number in 0..EVENTS {
                            let event = Event::now(EventType::Volume, "create", format!("{writer}-{number}"));
                            log.append(&event.with("long", long)).unwrap();
                        }
                    })
                })
                .collect();
            while !writers.iter().all(thread::ScopedJoinHandle::is_finished) {
                seen.extend(Log::ids(&mut follower));
            }
        });
        seen.extend(Log::ids(&mut follower));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), WRITERS * EVENTS);
        let path = &log.log.path;
        for file in [path.clone(), previous_log(path)] {
            let length = fs::metadata(&file).map_or(0, |file| file.len());
            assert!(length < FILE_BYTES + (WRITERS as u64) * (17 << 10), "{length}");
        }
        assert!(previous_log(path).exists());
    }

    #[test]
    fn what_is_no_file_is_neither_waited_for_nor_written_to() {
        let log = log();
        let made = std::process::Command::new("mkfifo").arg(&log.log.path).status();
        assert!(made.unwrap().success());
        assert!(log.log.append(&Event::now(EventType::Volume, "create", "one")).is_err());
        fs::remove_file(&log.log.path).unwrap();
        std::os::unix::fs::symlink("elsewhere", &log.log.path).unwrap();
        assert!(log.log.append(&Event::now(EventType::Volume, "create", "one")).is_err());
    }

    #[test]
    fn a_file_that_is_emptied_or_removed_is_read_from_its_beginning() {
        let log = log();
        log.tell("one");
        let mut follower = log.log.follow(EventsFrom::Beginning).unwrap();
        assert_eq!(Log::ids(&mut follower), ["one"]);
        fs::write(&log.log.path, "").unwrap();
        assert!(Log::ids(&mut follower).is_empty());
        log.tell("two");
        assert_eq!(Log::ids(&mut follower), ["two"]);
        fs::remove_file(&log.log.path).unwrap();
        log.tell("three");
        assert_eq!(Log::ids(&mut follower), ["three"]);
    }
}
