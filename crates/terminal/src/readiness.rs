//! Waiting for a descriptor that others have made non-blocking.
//!
//! Standard streams are read and written by threads that block, never through an event queue: neither kqueue nor poll(2) can wait for
//! `/dev/tty` on macOS, and files have no readiness anywhere. Only where the other side of a shared terminal or pipe has made it
//! non-blocking is there something to wait for.

use std::io;
use std::os::fd::AsFd;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;

/// Pause before the next try with a descriptor that poll(2) cannot wait for: a key is not felt to be late.
const PAUSE: Duration = Duration::from_millis(10);

/// Waits until it is worth another try to read or write `descriptor`.
///
/// # Errors
/// Those of poll(2).
pub(crate) fn wait(descriptor: impl AsFd, wanted: PollFlags) -> io::Result<()> {
    let mut polled = [PollFd::new(&descriptor, wanted)];
    let result = poll(&mut polled, None);
    if let Some(pause) = pause_after(result, polled[0].revents())? {
        thread::sleep(pause);
    }
    Ok(())
}

/// How long to wait after poll(2) has returned. It returns at once with `POLLNVAL` for devices that it does not support.
fn pause_after(result: Result<usize, Errno>, found: PollFlags) -> io::Result<Option<Duration>> {
    match result {
        Ok(_) => Ok(found.contains(PollFlags::NVAL).then_some(PAUSE)),
        Err(Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_cannot_be_waited_for_is_not_tried_without_a_pause() {
        assert_eq!(pause_after(Ok(1), PollFlags::NVAL).unwrap(), Some(PAUSE));
        assert_eq!(pause_after(Ok(1), PollFlags::IN | PollFlags::HUP).unwrap(), None);
        assert_eq!(pause_after(Err(Errno::INTR), PollFlags::empty()).unwrap(), None);
        assert!(pause_after(Err(Errno::NOMEM), PollFlags::empty()).is_err());
    }

    #[test]
    fn what_is_ready_is_not_waited_for() {
        let (reader, writer) = io::pipe().unwrap();
        wait(&writer, PollFlags::OUT).unwrap();
        drop(writer);
        wait(&reader, PollFlags::IN).unwrap();
    }
}
