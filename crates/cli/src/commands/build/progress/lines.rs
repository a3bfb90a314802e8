//! What a command writes, as lines that are fit to be shown.

use std::str::Chars;

use container_terminal::printable;

/// The longest line that is waited for, in bytes; longer ones are shown in pieces.
const LINE_BYTES: usize = 8192;

/// Takes bytes as they come and gives lines.
#[derive(Debug, Default)]
pub(super) struct OutputLines {
    /// What stands behind the last line end.
    open: Vec<u8>,
}

impl OutputLines {
    /// The lines that `bytes` complete.
    pub(super) fn add(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.open.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.open.len() > LINE_BYTES {
                lines.push(shown(&std::mem::take(&mut self.open)));
            }
        }
        lines
    }

    /// The line that has no end yet.
    pub(super) fn open(&self) -> Option<String> {
        (!self.open.is_empty()).then(|| shown(&self.open))
    }

    /// The line that has got no end.
    pub(super) fn end(&mut self) -> Option<String> {
        let line = self.open();
        self.open.clear();
        line
    }
}

/// A line as a terminal would have it in the end: what a carriage return overwrites and codes that move the cursor or colour text are left out.
pub(in crate::commands::build) fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    let last = text.rsplit('\r').next().unwrap_or(text);
    printable(&without_codes(last)).trim_end().to_owned()
}

/// ECMA-48 control sequences and strings, and other escape sequences, are left out.
fn without_codes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\x1b' {
            kept.push(character);
            continue;
        }
        match characters.next() {
            Some('[') => drop(characters.find(|end| ('\x40'..='\x7e').contains(end))),
            Some(']' | 'P' | '_' | '^' | 'X') => skip_string(&mut characters),
            Some('\x20'..='\x2f') => drop(characters.find(|end| !('\x20'..='\x2f').contains(end))),
            _ => {}
        }
    }
    kept
}

/// Goes behind the end of a control string: BEL, or the string terminator.
fn skip_string(characters: &mut Chars<'_>) {
    let mut before = ' ';
    for now in characters {
        if now == '\x07' || (before == '\x1b' && now == '\\') {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_come_when_they_are_whole() {
        let mut lines = OutputLines::default();
        assert!(lines.add(b"on").is_empty());
        assert_eq!(lines.open().as_deref(), Some("on"));
        assert_eq!(lines.add(b"e\r\ntwo\n\nth"), ["one", "two", ""]);
        assert_eq!(lines.end().as_deref(), Some("th"));
        assert_eq!(lines.end(), None);
    }

    #[test]
    fn what_was_overwritten_and_codes_are_gone() {
        let line = |text: &str| OutputLines::default().add(format!("{text}\n").as_bytes()).concat();
        for (text, expected) in [
            ("10%\r50%\r100%\r", "100%"),
            ("\x1b[1;32mok\x1b[0m", "ok"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]8;;url\x1b\\link", "link"),
            ("\x1b(Btext\x1b7", "text"),
            ("a\tb\x07", "a b\u{fffd}"),
            ("漢字", "漢字"),
        ] {
            assert_eq!(line(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_comes_in_pieces() {
        let mut lines = OutputLines::default();
        let shown: usize = (0..100).map(|_| lines.add(&[b'x'; 1000]).concat().len()).sum();
        assert_eq!(shown + lines.end().unwrap().len(), 100_000);
    }

    proptest! {
        #[test]
        fn no_output_drives_the_terminal(bytes: Vec<u8>) {
            let mut lines = OutputLines::default();
            let mut shown = lines.add(&bytes);
            shown.extend(lines.end());
            prop_assert!(!shown.concat().chars().any(char::is_control));
        }
    }
}
