//! A line that goes on over several lines of the file, and parts of it that know where they stand.

use crate::escape::Escape;
use crate::source::{Position, Range};
use crate::word::Word;

/// What separates the parts of an instruction.
pub(crate) fn is_blank(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\u{b}' | '\u{c}')
}

/// One instruction's line without its continuations.
pub(crate) struct LogicalLine {
    pub(crate) text: String,
    /// Which offset of `text` stands where; one for each line of the file that it was made of, in order.
    pub(crate) pieces: Vec<(usize, Position)>,
    pub(crate) escape: Escape,
    /// As of [`Source::comments`](crate::Source::comments).
    pub(crate) comments: Vec<String>,
    /// As of [`Source::empty_continuations`](crate::Source::empty_continuations).
    pub(crate) empty_continuations: Vec<Range>,
}

impl LogicalLine {
    pub(crate) fn whole(&self) -> Slice<'_> {
        Slice {
            line: self,
            start: 0,
            end: self.text.len(),
        }
    }

    /// Where the byte at `offset` stands.
    fn position(&self, offset: usize) -> Position {
        let after = self.pieces.partition_point(|(start, _)| *start <= offset);
        let Some((start, position)) = self.pieces.get(after.saturating_sub(1)) else {
            return Position::default();
        };
        let further = offset.saturating_sub(*start);
        Position {
            offset: position.offset + further,
            line: position.line,
            column: position.column + further,
        }
    }
}

/// A part of a [`LogicalLine`].
#[derive(Clone, Copy)]
pub(crate) struct Slice<'a> {
    line: &'a LogicalLine,
    start: usize,
    end: usize,
}

impl<'a> Slice<'a> {
    pub(crate) fn as_str(&self) -> &'a str {
        self.line.text.get(self.start..self.end).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    pub(crate) fn escape(&self) -> Escape {
        self.line.escape
    }

    /// Where it stands.
    pub(crate) fn range(&self) -> Range {
        let start = self.line.position(self.start);
        if self.is_empty() {
            return Range { start, end: start };
        }
        let mut end = self.line.position(self.end - 1);
        end.offset += 1;
        end.column += 1;
        Range { start, end }
    }

    pub(crate) fn word(&self) -> Word {
        Word::new(self.as_str(), self.escape(), self.range())
    }

    /// The bytes `start..end` of it.
    pub(crate) fn slice(&self, start: usize, end: usize) -> Self {
        Self {
            line: self.line,
            start: (self.start + start).min(self.end),
            end: (self.start + end).min(self.end),
        }
    }

    pub(crate) fn tail(&self, start: usize) -> Self {
        self.slice(start, self.end - self.start)
    }

    pub(crate) fn trim(&self) -> Self {
        let text = self.as_str();
        let start = text.len() - text.trim_start().len();
        self.slice(start, start + text.trim().len())
    }

    /// What is before the first blanks, and what is after them.
    pub(crate) fn split_blank(&self) -> (Self, Self) {
        let text = self.as_str();
        let end = text.find(is_blank).unwrap_or(text.len());
        let rest = text.get(end..).unwrap_or_default().trim_start_matches(is_blank);
        (self.slice(0, end), self.tail(text.len() - rest.len()))
    }

    /// The parts between blanks.
    pub(crate) fn split_blanks(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        let mut rest = self.tail(self.as_str().len() - self.as_str().trim_start_matches(is_blank).len());
        while !rest.is_empty() {
            let (part, after) = rest.split_blank();
            parts.push(part);
            rest = after;
        }
        parts
    }

    /// The parts between blanks that are neither quoted nor escaped. Quotes and escapes stay; an escape character at the very end goes.
    pub(crate) fn split_words(&self) -> Vec<Self> {
        let escape = self.escape().char();
        let text = self.as_str();
        let mut words = Vec::new();
        let (mut start, mut quote) = (None, None);
        let mut chars = text.char_indices();
        while let Some((offset, char)) = chars.next() {
            if quote.is_none() && char.is_whitespace() {
                words.extend(start.take().map(|start| self.slice(start, offset)));
                continue;
            }
            let is_escape = char == escape && quote != Some('\'');
            if is_escape && chars.next().is_none() {
                let start = start.unwrap_or(offset);
                words.extend((start < offset).then(|| self.slice(start, offset)));
                return words;
            }
            start.get_or_insert(offset);
            match quote {
                _ if is_escape => {}
                Some(open) if open == char => quote = None,
                None if char == '\'' || char == '"' => quote = Some(char),
                _ => {}
            }
        }
        words.extend(start.map(|start| self.tail(start)));
        words
    }
}
