//! A terminal without echo, for passwords.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// A terminal without echo. Lines can still be edited, and the end of a line is shown. The earlier settings are restored when this is
/// dropped, also when a panic unwinds. Code that ends the process on a signal has to drop it first.
#[derive(Debug)]
pub struct EchoOff {
    terminal: OwnedFd,
    before: Termios,
}

impl EchoOff {
    /// Switches the echo of a terminal off.
    ///
    /// # Errors
    /// The system's, for example when `terminal` is not a terminal.
    pub fn enter(terminal: impl AsFd) -> io::Result<Self> {
        let terminal = terminal.as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        silent.local_modes.insert(LocalModes::ICANON | LocalModes::ECHONL);
        tcsetattr(&terminal, OptionalActions::Drain, &silent)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for EchoOff {
    fn drop(&mut self) {
        // Fails when the terminal has gone, and then there is nothing to restore.
        let _ = tcsetattr(&self.terminal, OptionalActions::Drain, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_echo_comes_back_on_drop() {
        let flags = rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY;
        let controller = rustix::pty::openpt(flags).unwrap();
        rustix::pty::grantpt(&controller).unwrap();
        rustix::pty::unlockpt(&controller).unwrap();
        let name = rustix::pty::ptsname(&controller, Vec::new()).unwrap();
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let user = rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap();
        let modes = || tcgetattr(&user).unwrap().local_modes;
        let silent = EchoOff::enter(&user).unwrap();
        assert!(!modes().contains(LocalModes::ECHO) && modes().contains(LocalModes::ICANON));
        drop(silent);
        assert!(modes().contains(LocalModes::ECHO));
    }

    #[test]
    fn a_file_has_no_echo() {
        assert!(EchoOff::enter(tempfile::tempfile().unwrap()).is_err());
    }
}
