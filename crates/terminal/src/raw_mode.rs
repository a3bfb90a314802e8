//! Raw mode of a terminal: every key is passed to the program, without line editing and without signals.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// A terminal in raw mode. The earlier settings are restored when this is dropped, also when a panic unwinds. Code that ends the
/// process on a signal has to drop it first.
#[derive(Debug)]
pub struct RawMode {
    terminal: OwnedFd,
    before: Termios,
}

impl RawMode {
    /// Switches a terminal to raw mode.
    ///
    /// # Errors
    /// The system's, for example when `terminal` is not a terminal.
    pub fn enter(terminal: impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        // `Drain` waits for output that is still being written, so that it keeps its line ends, and keeps input typed ahead.
        tcsetattr(&terminal, OptionalActions::Drain, &raw)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        // Fails when the terminal has gone, and then there is nothing to restore.
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::termios::LocalModes;

    fn terminal() -> (OwnedFd, OwnedFd) {
        let controller =
            rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY).unwrap();
        rustix::pty::grantpt(&controller).unwrap();
        rustix::pty::unlockpt(&controller).unwrap();
        let name = rustix::pty::ptsname(&controller, Vec::new()).unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let user = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap();
        (controller, user)
    }

    fn echoes(terminal: &OwnedFd) -> bool {
        tcgetattr(terminal).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    #[test]
    fn settings_come_back_on_drop() {
        let (_controller, user) = terminal();
        assert!(echoes(&user));
        let raw = RawMode::enter(&user).unwrap();
        assert!(!echoes(&user));
        drop(raw);
        assert!(echoes(&user));
    }

    #[test]
    fn settings_come_back_when_a_panic_unwinds() {
        let (_controller, user) = terminal();
        let held = user.try_clone().unwrap();
        let ended = std::thread::spawn(move || {
            let _raw = RawMode::enter(&held).unwrap();
            std::panic::resume_unwind(Box::new("end"));
        });
        assert!(ended.join().is_err());
        assert!(echoes(&user));
    }

    #[test]
    fn a_file_has_no_raw_mode() {
        assert!(RawMode::enter(tempfile::tempfile().unwrap()).is_err());
    }
}
