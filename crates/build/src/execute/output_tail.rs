//! The last lines that a command wrote.

use std::collections::VecDeque;

/// How many are kept for the message when it fails.
const LINES: usize = 20;
/// Longer lines are cut.
const LINE_BYTES: usize = 4096;

/// Keeps the end of an output.
#[derive(Debug, Default)]
pub(super) struct OutputTail {
    lines: VecDeque<String>,
    open: Vec<u8>,
}

impl OutputTail {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\n' => self.close(),
                byte if self.open.len() < LINE_BYTES => self.open.push(*byte),
                _ => {}
            }
        }
    }

    fn close(&mut self) {
        let line = std::mem::take(&mut self.open);
        let line = String::from_utf8_lossy(&line);
        self.lines.push_back(line.trim_end_matches('\r').to_owned());
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }

    pub(super) fn into_lines(mut self) -> Vec<String> {
        if !self.open.is_empty() {
            self.close();
        }
        self.lines.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_also_without_an_end() {
        let mut tail = OutputTail::default();
        for number in 0..30 {
            tail.add(format!("line {number}\r\n").as_bytes());
        }
        tail.add(b"no e");
        tail.add(b"nd");
        let lines = tail.into_lines();
        assert_eq!(
            (lines.len(), lines[0].as_str(), lines[19].as_str()),
            (20, "line 11", "no end")
        );
    }

    #[test]
    fn a_line_without_end_takes_no_more_than_its_share() {
        let mut tail = OutputTail::default();
        tail.add(&vec![b'x'; 1 << 20]);
        assert_eq!(tail.into_lines()[0].len(), LINE_BYTES);
    }
}
