//! Pieces of a line, and fitting them to the width of the terminal.

use std::fmt::Write as _;

/// How a piece looks when there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// The part of a bar that is done.
    Bar,
    /// Text that does not need attention.
    Dim,
}

/// Text of one look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub(super) text: String,
    pub(super) look: Look,
}

impl Span {
    /// Text as it is.
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            look: Look::Plain,
        }
    }

    pub(super) fn dim(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            look: Look::Dim,
        }
    }

    pub(super) fn bar(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            look: Look::Bar,
        }
    }
}

/// A line that is ready to be written, and the columns that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub(super) text: String,
    pub(super) columns: usize,
}

impl Line {
    /// The text, with the codes of its colours.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Puts pieces together as far as they fit into `columns`.
    #[must_use]
    pub fn fit(spans: &[Span], columns: usize, color: bool) -> Self {
        let (mut text, mut used) = (String::new(), 0);
        for span in spans {
            let mut piece = String::new();
            for character in span.text.chars() {
                if used + width(character) > columns {
                    break;
                }
                used += width(character);
                piece.push(character);
            }
            // ECMA-48 SGR: 32 green, 2 faint, 0 back to normal.
            let code = match span.look {
                _ if !color || piece.is_empty() => None,
                Look::Plain => None,
                Look::Bar => Some(32),
                Look::Dim => Some(2),
            };
            let _ = match code {
                Some(code) => write!(text, "\x1b[{code}m{piece}\x1b[0m"),
                None => write!(text, "{piece}"),
            };
        }
        Self { text, columns: used }
    }
}

/// Columns that a text may take.
#[must_use]
pub fn columns_of(text: &str) -> usize {
    text.chars().map(width).sum()
}

/// Columns that a character may take: what is not ASCII may be wide.
pub(super) fn width(character: char) -> usize {
    if character.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_take_no_room() {
        let line = Line::fit(&[Span::plain("ab"), Span::bar("===="), Span::dim("gone")], 5, true);
        assert_eq!((line.text.as_str(), line.columns), ("ab\x1b[32m===\x1b[0m", 5));
    }
}
