//! A table on a terminal, redrawn in place.

use std::io;
use std::time::{Duration, Instant};

use container_terminal::{Line, Painter, Picture, Span, WindowSize};

/// Where the table is drawn. The last one stays.
pub(super) struct Screen {
    painter: Painter<Table>,
}

/// The lines of the table as they are now.
#[derive(Debug, Default)]
struct Table {
    lines: Vec<String>,
}

impl Screen {
    /// Draws on standard output.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn open() -> io::Result<Self> {
        let painter = Painter::stdout(Table::default(), false)?;
        Ok(Self { painter })
    }

    /// Puts this text in the place of the one before.
    pub(super) fn show(&self, text: &str) {
        let lines = text.lines().map(str::to_owned).collect();
        self.painter.change(|table| table.lines = lines);
    }
}

impl Picture for Table {
    /// Nothing in it moves by itself, but the window may get another size.
    const IDLE_INTERVAL: Duration = Duration::from_secs(1);

    /// As many lines as fit above the cursor; the last of them says how many do not.
    fn lines(&mut self, _: Instant, size: WindowSize, color: bool) -> Vec<Line> {
        let room = usize::from(size.rows).saturating_sub(1);
        let shown = match self.lines.len() > room {
            true => room.saturating_sub(1),
            false => room,
        };
        let mut lines: Vec<Line> = self
            .lines
            .iter()
            .take(shown)
            .map(|line| fit(line, size, color))
            .collect();
        if self.lines.len() > room && room > 0 {
            let omitted = self.lines.len() - shown;
            lines.push(fit(&format!("… {omitted} more lines"), size, color));
        }
        lines
    }

    fn last_lines(&mut self, _: Instant, size: WindowSize, color: bool) -> Vec<Line> {
        self.lines.iter().map(|line| fit(line, size, color)).collect()
    }
}

/// A line that leaves the last column free, so that no terminal wraps it.
fn fit(line: &str, size: WindowSize, color: bool) -> Line {
    let columns = usize::from(size.columns).saturating_sub(1);
    Line::fit(&[Span::plain(line)], columns, color)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(line_count: usize, size: WindowSize) -> Vec<String> {
        let lines = (1..=line_count).map(|number| format!("line {number}")).collect();
        let drawn = Table { lines }.lines(Instant::now(), size, false);
        drawn.iter().map(|line| line.text().to_owned()).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted() {
        let size = WindowSize { rows: 4, columns: 80 };
        assert_eq!(drawn(3, size), ["line 1", "line 2", "line 3"]);
        assert_eq!(drawn(5, size), ["line 1", "line 2", "… 3 more lines"]);
        assert_eq!(drawn(2, WindowSize { rows: 1, columns: 80 }), [""; 0]);
        assert_eq!(drawn(1, WindowSize { rows: 4, columns: 5 }), ["line"]);
    }
}
