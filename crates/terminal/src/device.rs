//! Whether a descriptor is a terminal, and the terminal's size.

use std::os::fd::AsFd;

/// Size of a terminal in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowSize {
    /// Lines.
    pub rows: u16,
    /// Characters a line.
    pub columns: u16,
}

/// Whether a descriptor is a terminal.
#[must_use]
pub fn is_terminal(descriptor: impl AsFd) -> bool {
    rustix::termios::isatty(descriptor)
}

/// The size of the terminal at a descriptor; `None` when it is not a terminal or does not know its size.
#[must_use]
pub fn window_size(descriptor: impl AsFd) -> Option<WindowSize> {
    let size = rustix::termios::tcgetwinsize(descriptor).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some(WindowSize {
        rows: size.ws_row,
        columns: size.ws_col,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_terminal() {
        let file = tempfile::tempfile().unwrap();
        assert!(!is_terminal(&file));
        assert_eq!(window_size(&file), None);
    }
}
