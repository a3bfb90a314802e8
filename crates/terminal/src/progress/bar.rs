//! How one task looks.

use std::fmt::Write as _;

/// Columns of the bar itself.
const BAR_COLUMNS: usize = 24;

/// One task that is under way.
pub(super) struct Task {
    pub(super) name: String,
    done: u64,
    total: Option<u64>,
}

impl Task {
    pub(super) fn new(name: &str, done: u64, total: Option<u64>) -> Self {
        Self {
            name: name.to_owned(),
            done,
            total,
        }
    }

    pub(super) fn advance(&mut self, done: u64, total: Option<u64>) {
        self.done = done;
        self.total = total.or(self.total);
    }

    /// The plain line for its beginning.
    pub(super) fn beginning(&self) -> String {
        match self.total {
            Some(total) => format!("{}: {}", printable(&self.name), size(total)),
            None => format!("{}: started", printable(&self.name)),
        }
    }

    /// The line that stays when it has ended.
    pub(super) fn end(&self, outcome: &str) -> String {
        format!("{}: {}", printable(&self.name), printable(outcome))
    }

    /// The line with the bar, never wider than the terminal.
    pub(super) fn line(&self, columns: usize) -> String {
        let mut line = printable(&self.name);
        match self.total.filter(|total| *total > 0) {
            Some(total) => {
                let done = self.done.min(total);
                let filled = usize::try_from(u128::from(done) * BAR_COLUMNS as u128 / u128::from(total)).unwrap_or(0);
                let (full, rest) = ("=".repeat(filled), " ".repeat(BAR_COLUMNS - filled));
                let _ = write!(line, "  [{full}{rest}]  {} / {}", size(done), size(total));
            }
            None => {
                let _ = write!(line, "  {}", size(self.done));
            }
        }
        line.chars().take(columns.saturating_sub(1)).collect()
    }
}

/// Text from outside (a reference, a registry's answer) without what could move the cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Bytes for people, powers of 1024.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let mut tenths = u128::from(bytes) * 10 / 1024;
    let mut unit = 0;
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn sizes_read_well() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1536), "1.5 KiB");
        assert_eq!(size(500 << 20), "500.0 MiB");
        assert_eq!(size(u64::MAX), "16383.9 PiB");
    }

    #[test]
    fn names_cannot_move_the_cursor() {
        assert_eq!(printable("a\x1b[2Jb\n"), "a [2Jb ");
    }

    proptest! {
        #[test]
        fn a_line_fits_the_terminal(name in ".{0,50}", done: u64, total: Option<u64>, columns in 0_usize..200) {
            prop_assert!(Task::new(&name, done, total).line(columns).chars().count() < columns.max(1));
        }
    }
}
