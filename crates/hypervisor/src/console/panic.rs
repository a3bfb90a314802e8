//! Finding the line in which a guest's kernel says that it has panicked.

/// How the line begins (Linux, kernel/panic.c), after the time.
const PANIC: &[u8] = b"Kernel panic - not syncing";

/// Most bytes of a line that are kept: what comes after them says nothing more, and a guest can write lines without an end.
const LINE_MAX_BYTES: usize = 400;

/// Looks for the line in what arrives in pieces.
#[derive(Debug, Default)]
pub(super) struct PanicSpotter {
    line: Vec<u8>,
}

impl PanicSpotter {
    /// Takes the next piece; gives the line, from the word `Kernel` on, once it is complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Option<String> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = LINE_MAX_BYTES.saturating_sub(self.line.len());
            self.line.extend(piece.iter().take(room));
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                if let Some(at) = line.windows(PANIC.len()).position(|window| window == PANIC) {
                    let text = line.get(at..).unwrap_or_default();
                    return Some(String::from_utf8_lossy(text).trim_end().to_owned());
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] =
        b"[    0.9] Run /init as init process\r\n[    1.0] Kernel panic - not syncing: VFS: no root\r\nmore\r\n";

    #[test]
    fn the_line_is_found_wherever_it_is_cut() {
        for cut in 0..TEXT.len() {
            let (first, second) = TEXT.split_at(cut);
            let mut spotter = PanicSpotter::default();
            let found = spotter.feed(first).or_else(|| spotter.feed(second));
            assert_eq!(
                found.as_deref(),
                Some("Kernel panic - not syncing: VFS: no root"),
                "{cut}"
            );
        }
    }

    #[test]
    fn lines_without_an_end_take_no_memory() {
        let mut spotter = PanicSpotter::default();
        for _ in 0..1000 {
            assert_eq!(spotter.feed(&[b'x'; 1000]), None);
        }
        assert!(spotter.line.len() <= LINE_MAX_BYTES);
        assert_eq!(
            spotter.feed(b"\nKernel panic - not syncing: late"),
            None,
            "not complete"
        );
        assert!(spotter.feed(b"\n").is_some());
    }
}
