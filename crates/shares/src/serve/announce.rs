//! The thread that tells the launcher what has happened.

mod pending;
mod settle;
mod tell;

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};

use crate::change::{Change, ChangeKind, Entry, MAXIMUM_BATCH_BYTES, MAXIMUM_BATCH_CHANGES};
use crate::serve::changes::{Changes, Name, Watches};
use crate::serve::filesystem::Tree;
use pending::Pending;
use settle::settle;
use tell::tell;

/// How long before each batch events are waited for: programs do several things to one file.
const GATHER: Duration = Duration::from_millis(10);

/// Most times that events are read for one batch: a program that never pauses does not keep others from being told.
const READS_PER_BATCH: usize = 32;

/// Most changes that one name can make, and bytes of a change besides names and paths.
const CHANGES_PER_NAME: usize = 4;
const CHANGE_BYTES: usize = 64;

/// Tells of what happens in `trees` until the launcher closes the socket.
pub(crate) struct Announcer {
    pub(crate) trees: Arc<[Tree]>,
    pub(crate) changes: Arc<Changes>,
    pub(crate) stream: UnixStream,
}

impl Announcer {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn start(self) -> io::Result<()> {
        thread::Builder::new()
            .name("changes".to_owned())
            // Without the launcher nobody is told, and the machine goes on.
            .spawn(move || drop(self.run()))
            .map(drop)
    }

    fn run(&self) -> io::Result<()> {
        let Some(watches) = &self.changes.watches else {
            return Ok(());
        };
        let mut pending = Pending::default();
        loop {
            if pending.is_empty() {
                self.wait(watches)?;
            }
            thread::sleep(GATHER);
            gather(&mut pending, watches)?;
            let deaf = self.deaf(watches);
            if !deaf.is_empty() {
                tell(&self.stream, &deaf)?;
            }
            self.tell_next(&mut pending)?;
        }
    }

    /// Waits for an event or a tree without any; the launcher says nothing unasked, so that it has gone when there is something to read from it.
    fn wait(&self, watches: &Watches) -> io::Result<()> {
        let mut sources = [
            PollFd::new(&self.stream, PollFlags::IN),
            PollFd::new(watches, PollFlags::IN),
            PollFd::new(watches.deafness(), PollFlags::IN),
        ];
        loop {
            match poll(&mut sources, None) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) if !sources[0].revents().is_empty() => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    fn tell_next(&self, pending: &mut Pending) -> io::Result<()> {
        let mut room = MAXIMUM_BATCH_BYTES;
        let names = pending.next(MAXIMUM_BATCH_CHANGES / CHANGES_PER_NAME, |name| {
            // The directory of a move's other end counts with its own name.
            let needed = CHANGES_PER_NAME * (2 * self.path_bytes(name) + CHANGE_BYTES);
            let fits = needed <= room;
            room = room.saturating_sub(needed);
            fits
        });
        let settled = settle(&self.trees, names);
        if settled.changes.is_empty() {
            return Ok(());
        }
        self.changes.shown.replace(settled.shown);
        let told = tell(&self.stream, &settled.changes);
        self.changes.shown.replace(HashMap::new());
        told
    }

    fn path_bytes(&self, name: &Name) -> usize {
        let tree = self.trees.get(name.directory.tree);
        let path = tree.and_then(|tree| tree.nodes().path(name.directory.node));
        path.map_or(0, |path| path.len()) + name.name.len()
    }

    /// What to say of trees that nothing is told of.
    fn deaf(&self, watches: &Watches) -> Vec<Change> {
        let trees = watches.take_deaf().into_iter().filter_map(|tree| self.trees.get(tree));
        let names = trees.map(|tree| String::from_utf8_lossy(&tree.name).into_owned());
        let unwatched = names.map(|tree| Change {
            kind: ChangeKind::Unwatched,
            tree,
            entry: Entry::default(),
            to: Entry::default(),
        });
        unwatched.take(MAXIMUM_BATCH_CHANGES).collect()
    }
}

/// Takes the events that there are, or many of them.
fn gather(pending: &mut Pending, watches: &Watches) -> io::Result<()> {
    for _ in 0..READS_PER_BATCH {
        let events = watches.read()?;
        if events.is_empty() {
            break;
        }
        pending.take(events, watches);
    }
    Ok(())
}
