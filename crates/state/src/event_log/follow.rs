//! Reading events while they are told.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use container_model::Event;
use rustix::fs::OFlags;

use super::identity;
use crate::previous_log;

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventsFrom {
    /// With the first event that is remembered.
    Beginning,
    /// With the next one that is told.
    Now,
}

/// What was seen of a file: it is another one, or has more in it, when this is not the same any more.
type Seen = Option<((u64, u64), u64)>;

/// Reads the events of an [`super::EventLog`] once each, across the change from one file to the next.
#[derive(Debug)]
pub struct EventFollower {
    path: PathBuf,
    /// The previous file and the current one, as far as they are there. The previous one is read as long as it has its name: a writer
    /// may have opened it when it was the current one.
    files: Vec<ReadFile>,
    seen: [Seen; 2],
}

#[derive(Debug)]
struct ReadFile {
    identity: (u64, u64),
    file: File,
    position: u64,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl EventFollower {
    pub(super) fn open(path: PathBuf, from: EventsFrom) -> io::Result<Self> {
        let mut follower = Self {
            path,
            files: Vec::new(),
            seen: [None, None],
        };
        if from == EventsFrom::Now {
            follower.find_files()?;
            for file in &mut follower.files {
                file.position = file.file.seek(SeekFrom::End(0))?;
            }
        }
        Ok(follower)
    }

    /// The events that were told since the last call. Two calls to the system when there are none.
    ///
    /// # Errors
    /// When the files cannot be read.
    pub fn read(&mut self) -> io::Result<Vec<Event>> {
        let mut events = Vec::new();
        loop {
            let named = self.look()?;
            if named == self.seen {
                return Ok(events);
            }
            self.find_files()?;
            for file in &mut self.files {
                file.read(&mut events)?;
            }
            // A file that has lost both names has been read to its end; the only writer that could still add to it has slept for as long as it
            // took the others to fill the next one.
            let named_files = named.iter().flatten().map(|(identity, _)| *identity);
            let named_files: Vec<_> = named_files.collect();
            self.files.retain(|file| named_files.contains(&file.identity));
            // What came while it was read is found by the next look.
            self.seen = named;
        }
    }

    fn paths(&self) -> [PathBuf; 2] {
        [previous_log(&self.path), self.path.clone()]
    }

    fn look(&self) -> io::Result<[Seen; 2]> {
        let [previous, current] = self.paths();
        Ok([seen(&previous)?, seen(&current)?])
    }

    /// Opens the files that are not open yet.
    fn find_files(&mut self) -> io::Result<()> {
        for path in self.paths() {
            let Some(file) = open_if_there(&path)? else { continue };
            let identity = identity(&file.metadata()?);
            if self.files.iter().all(|known| known.identity != identity) {
                self.files.push(ReadFile {
                    identity,
                    file,
                    position: 0,
                    begun: Vec::new(),
                });
            }
        }
        Ok(())
    }
}

impl ReadFile {
    fn read(&mut self, events: &mut Vec<Event>) -> io::Result<()> {
        if self.file.metadata()?.len() < self.position {
            self.position = self.file.seek(SeekFrom::Start(0))?;
            self.begun.clear();
        }
        let count = self.file.read_to_end(&mut self.begun)?;
        self.position += count as u64;
        let whole = self
            .begun
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let lines = self.begun[..whole].split(|byte| *byte == b'\n');
        events.extend(lines.filter_map(Event::parse));
        self.begun.drain(..whole);
        Ok(())
    }
}

fn seen(path: &Path) -> io::Result<Seen> {
    match fs::metadata(path) {
        Ok(file) => Ok(Some((identity(&file), file.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn open_if_there(path: &Path) -> io::Result<Option<File>> {
    // Whatever has the name, opening it does not wait.
    let opened = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path);
    match opened {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
