//! Redraws lines in place.

use std::fmt::Write as _;

use super::span::Line;
use crate::WindowSize;

/// The lines that are on the terminal now. The cursor is at the beginning of the line below them.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    drawn_columns: Vec<usize>,
}

impl Canvas {
    /// The bytes that replace the lines on the terminal with `lines`. Lines are overwritten and only their rest is cleared, which does
    /// not flicker (ECMA-48 CUU, EL, ED).
    pub(super) fn draw(&mut self, lines: &[Line], size: WindowSize) -> String {
        let mut text = self.back(size);
        for line in lines {
            let _ = writeln!(text, "{}\x1b[K", line.text);
        }
        if self.drawn_columns.len() > lines.len() {
            text.push_str("\x1b[J");
        }
        self.drawn_columns = lines.iter().map(|line| line.columns).collect();
        text
    }

    /// The bytes that erase all lines.
    pub(super) fn erase(&mut self, size: WindowSize) -> String {
        let mut text = self.back(size);
        if !text.is_empty() {
            text.push_str("\x1b[J");
        }
        self.drawn_columns.clear();
        text
    }

    /// Moves the cursor to the beginning of the first line. A terminal that has become narrower since has wrapped the lines.
    fn back(&self, size: WindowSize) -> String {
        let columns = usize::from(size.columns).max(1);
        let rows: usize = self
            .drawn_columns
            .iter()
            .map(|drawn| drawn.div_ceil(columns).max(1))
            .sum();
        match rows.min(usize::from(size.rows).saturating_sub(1)) {
            0 => String::new(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::span::Span;
    use proptest::prelude::*;

    /// A terminal, as far as the tests need one.
    struct Screen {
        rows: Vec<Vec<char>>,
        row: usize,
        column: usize,
        size: (usize, usize),
        scrolled: usize,
    }

    impl Screen {
        fn new(size: WindowSize) -> Self {
            let size = (usize::from(size.rows), usize::from(size.columns));
            Self {
                rows: vec![vec![' '; size.1]; size.0],
                row: 0,
                column: 0,
                size,
                scrolled: 0,
            }
        }

        fn feed(&mut self, text: &str) {
            let mut characters = text.chars();
            while let Some(character) = characters.next() {
                match character {
                    '\x1b' => {
                        assert_eq!(characters.next(), Some('['));
                        let mut number = String::new();
                        let end = loop {
                            match characters.next() {
                                Some(digit) if digit.is_ascii_digit() => number.push(digit),
                                other => break other,
                            }
                        };
                        match end {
                            Some('A') => self.row = self.row.saturating_sub(number.parse().unwrap()),
                            Some('K') => self.rows[self.row][self.column..].fill(' '),
                            Some('J') => {
                                self.rows[self.row][self.column..].fill(' ');
                                self.rows[self.row + 1..].iter_mut().for_each(|row| row.fill(' '));
                            }
                            Some('m') => {}
                            other => panic!("{other:?}"),
                        }
                    }
                    '\r' => self.column = 0,
                    '\n' => {
                        self.column = 0;
                        self.row += 1;
                        if self.row == self.size.0 {
                            self.row -= 1;
                            self.scrolled += 1;
                            self.rows.remove(0);
                            self.rows.push(vec![' '; self.size.1]);
                        }
                    }
                    other => {
                        assert!(self.column < self.size.1, "a line wrapped");
                        self.rows[self.row][self.column] = other;
                        self.column += 1;
                    }
                }
            }
        }

        fn lines(&self) -> Vec<String> {
            let lines = self.rows.iter().map(|row| row.iter().collect::<String>());
            lines
                .map(|line| line.trim_end().to_owned())
                .filter(|line| !line.is_empty())
                .collect()
        }
    }

    fn lines(texts: &[String], columns: u16) -> Vec<Line> {
        let fit = |text: &String| Line::fit(&[Span::plain(text.clone())], usize::from(columns) - 1, false);
        texts.iter().map(fit).collect()
    }

    proptest! {
        #[test]
        fn the_screen_shows_the_last_frame_and_nothing_at_the_end(
            frames in proptest::collection::vec(proptest::collection::vec("[a-z]{1,50}", 0..9), 1..20),
            columns in 8..60_u16,
        ) {
            let size = WindowSize { rows: 10, columns };
            let mut screen = Screen::new(size);
            screen.feed("$ pull\n");
            let prompt = "$ pull";
            let mut canvas = Canvas::default();
            for frame in &frames {
                let lines = lines(frame, columns);
                screen.feed(&canvas.draw(&lines, size));
                let shown: Vec<String> = screen.lines().into_iter().filter(|line| line != prompt).collect();
                prop_assert_eq!(shown, lines.into_iter().map(|line| line.text).collect::<Vec<_>>());
            }
            screen.feed(&canvas.erase(size));
            prop_assert_eq!(screen.scrolled, 0);
            prop_assert!(screen.lines().iter().all(|line| line == prompt));
        }
    }

    #[test]
    fn lines_that_a_narrower_terminal_wrapped_are_gone_over_as_well() {
        let mut canvas = Canvas::default();
        let _ = canvas.draw(
            &lines(&["x".repeat(60), "y".repeat(10)], 80),
            WindowSize { rows: 24, columns: 80 },
        );
        assert_eq!(canvas.erase(WindowSize { rows: 24, columns: 40 }), "\r\x1b[3A\x1b[J");
    }
}
