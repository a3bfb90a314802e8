//! Locks of files (flock(2), fcntl(2)) that exclude other machines and programs of the host.
//!
//! The machine's kernel sends its programs' requests ([`request`]); each becomes a lock of the host ([`host`]), which knows nothing of the machine's owners:
//!
//! - A lock of the whole file belongs to an open file of the machine, which has one on the host.
//! - Locks of bytes belong to an owner: a process, or an open file. Each that has some gets an open file of its own on the host ([`table`]).
//!
//! A request that waits leaves the queue free for others; another thread answers it ([`waits`]). What a machine may have is bounded: what is too much is
//! `ENOLCK`. A circle of waits is not recognised as one, as the host does not for locks of open files.

mod holdings;
mod host;
mod request;
mod table;
mod waits;

use std::fs::File;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::serve::names::error;
pub(super) use request::{LockKind, LockRequest, Obstacle, Span, Subject};
use table::{Key, Step, Table};
pub(super) use waits::{Asker, Patience};
use waits::{Wait, Waits};

/// Most requests of a machine that wait at once.
const MAXIMUM_WAITS: usize = 256;

/// Whether a request has its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Now,
    /// The asker gets it.
    Later,
}

/// The locks of a machine.
pub(super) struct Locks(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    table: Table,
    waits: Waits,
    /// Whether there is a thread for those that wait.
    is_attended: bool,
}

impl Locks {
    /// `descriptors` is how many of them the locks may have.
    pub(super) fn new(descriptors: usize) -> Self {
        let waits = (descriptors / 2).min(MAXIMUM_WAITS);
        Self(Arc::new(Shared {
            state: Mutex::new(State {
                table: Table::new(descriptors - waits),
                waits: Waits::new(waits),
                is_attended: false,
            }),
            changed: Condvar::new(),
        }))
    }

    /// Locks or unlocks. `open` opens the file of the request's handle, or for bytes another one for their owner. With `patience` it waits for what is
    /// in the way.
    ///
    /// # Errors
    /// The host's; `EAGAIN` without patience when something is in the way, `EINTR` when the wait was interrupted before it began, `ENOLCK` when it
    /// would be too much.
    pub(super) fn take(
        &self,
        request: LockRequest,
        patience: Option<Patience>,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Taken> {
        let Some(file) = self.file(&request, open)? else {
            return Ok(Taken::Now);
        };
        let mut state = self.0.state();
        let taken = state.table.take(&request, &file);
        let is_refused = taken
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
        // Something may have been given up also when the attempt has failed.
        state.waits.hurry(request.node);
        self.0.changed.notify_all();
        match patience {
            Some(patience) if is_refused => {
                state.waits.add(request, file, patience)?;
                self.0.attend(&mut state)?;
                Ok(Taken::Later)
            }
            _ => taken.map(|()| Taken::Now),
        }
    }

    /// The file whose lock it is on the host; `None` when there is nothing to unlock.
    fn file(&self, request: &LockRequest, open: impl FnOnce() -> io::Result<File>) -> io::Result<Option<Arc<File>>> {
        if let Subject::Bytes { owner, .. } = request.subject {
            let state = self.0.state();
            if let Some(file) = state.table.file((request.node, owner)) {
                return Ok(Some(Arc::clone(file)));
            }
            if request.kind.is_none() {
                return Ok(None);
            }
            if !state.table.has_room() {
                return Err(error(libc::ENOLCK));
            }
        }
        open().map(|file| Some(Arc::new(file)))
    }

    /// What keeps bytes from being locked.
    ///
    /// # Errors
    /// The host's.
    pub(super) fn obstacle(
        &self,
        (node, owner): Key,
        span: Span,
        kind: LockKind,
        open: impl FnOnce() -> io::Result<File>,
    ) -> io::Result<Option<Obstacle>> {
        let known = self.0.state().table.file((node, owner)).map(Arc::clone);
        let file = match known {
            Some(file) => file,
            None => Arc::new(open()?),
        };
        let Some((kind, span)) = host::obstacle(&file, span, kind)? else {
            return Ok(None);
        };
        let process = self.0.state().table.process((node, owner), span, kind);
        Ok(Some(Obstacle { kind, span, process }))
    }

    /// Ends the wait of the request with this number, also when that is still to come.
    pub(super) fn interrupt(&self, unique: u64) {
        self.0.state().waits.interrupt(unique);
        self.0.changed.notify_all();
    }

    /// An owner has closed the file, which unlocks all bytes of it (fcntl(2)).
    pub(super) fn closed(&self, node: u64, owner: u64) {
        let mut state = self.0.state();
        state.table.closed((node, owner));
        state.waits.hurry(node);
        self.0.changed.notify_all();
    }

    /// An open file of the machine is gone, on the host as well.
    pub(super) fn released(&self, node: u64, handle: u64) {
        let mut state = self.0.state();
        state.table.released(node, handle);
        state.waits.released(node, handle);
        state.waits.hurry(node);
        self.0.changed.notify_all();
    }

    /// The machine's kernel begins, or has ended: nobody has anything, and nobody waits.
    pub(super) fn clear(&self) {
        let mut state = self.0.state();
        state.table.clear();
        state.waits.clear();
        self.0.changed.notify_all();
    }
}

impl Drop for Locks {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Table {
    /// Locks or unlocks what is asked for.
    fn take(&mut self, request: &LockRequest, file: &Arc<File>) -> io::Result<()> {
        match request.subject {
            Subject::Whole => host::set_whole(file, request.kind),
            Subject::Bytes { owner, span, process } => {
                let step = Step {
                    span,
                    kind: request.kind,
                    handle: request.handle,
                    process,
                };
                self.set((request.node, owner), step, file)
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread for those that wait, unless it is there.
    fn attend(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        if state.is_attended {
            return Ok(());
        }
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name("locks".to_owned());
        if thread.spawn(move || shared.run()).is_err() {
            // Nobody else is waiting: the thread would be there.
            state.waits.clear();
            return Err(error(libc::ENOLCK));
        }
        state.is_attended = true;
        Ok(())
    }

    /// Tries again for those that wait until nobody does.
    fn run(&self) {
        let mut state = self.state();
        while !state.waits.is_empty() {
            let State { table, waits, .. } = &mut *state;
            let ready = waits.try_due(|wait| table.take(&wait.request, &wait.file));
            drop(state);
            let kept: Vec<Wait> = ready.into_iter().filter_map(given).collect();
            state = self.state();
            for wait in kept.into_iter().rev() {
                state.waits.put_back(wait);
            }
            if state.waits.is_empty() {
                break;
            }
            let pause = state.waits.pause();
            let woken = self.changed.wait_timeout(state, pause);
            (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
        }
        state.is_attended = false;
    }
}

/// Gives the answer to a request that has waited, or gives that back if it cannot be given now.
fn given(mut wait: Wait) -> Option<Wait> {
    (!wait.answer()).then_some(wait)
}

#[cfg(test)]
mod tests;
