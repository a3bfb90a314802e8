//! The beginning of what a check writes.

use container_model::HealthResult;

/// Stands for what is left out, as in Docker.
const CUT: &str = "...";

/// What a check has written, as far as it is kept.
#[derive(Debug, Default)]
pub(super) struct Captured {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl Captured {
    /// Takes more of it. What is beyond the bound is dropped.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = HealthResult::OUTPUT_MAX_BYTES - self.bytes.len();
        self.bytes.extend(bytes.iter().take(room));
        self.is_cut |= bytes.len() > room;
    }

    /// The text. Bytes that are none are shown as such.
    pub(super) fn text(&self) -> String {
        let whole = match (self.is_cut, std::str::from_utf8(&self.bytes)) {
            // A letter that was cut in two.
            (true, Err(error)) if error.error_len().is_none() => &self.bytes[..error.valid_up_to()],
            _ => &self.bytes,
        };
        let mut text = String::from_utf8_lossy(whole).into_owned();
        if self.is_cut {
            text.push_str(CUT);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_kept() {
        let mut captured = Captured::default();
        captured.push(b"one ");
        captured.push(b"\xfftwo");
        assert_eq!(captured.text(), "one \u{fffd}two");
        captured.push(&vec![b'x'; HealthResult::OUTPUT_MAX_BYTES - 8]);
        assert!(captured.text().ends_with('x'));
        captured.push(b"y");
        captured.push(b"z");
        assert!(captured.text().ends_with("x..."));
    }

    #[test]
    fn no_letter_is_cut_in_two() {
        let mut captured = Captured::default();
        captured.push(&vec![b'x'; HealthResult::OUTPUT_MAX_BYTES - 1]);
        captured.push("é".as_bytes());
        assert_eq!(captured.text().len(), HealthResult::OUTPUT_MAX_BYTES - 1 + CUT.len());
        assert!(captured.text().ends_with("x..."));
    }
}
