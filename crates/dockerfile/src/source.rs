//! Where something stands in the file, and how it was written.

use std::fmt;

/// A place in the file; the start of it by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Bytes before it in the file.
    pub offset: usize,
    /// Its line; the first one is 1.
    pub line: usize,
    /// Bytes before it in its line, plus 1.
    pub column: usize,
}

impl Default for Position {
    fn default() -> Self {
        Self {
            offset: 0,
            line: 1,
            column: 1,
        }
    }
}

/// A part of the file, from its first byte to the one after its last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Range {
    /// The first byte.
    pub start: Position,
    /// The byte after the last one, on the last line of the part.
    pub end: Position,
}

impl Range {
    /// The numbers of the first and the last line.
    #[must_use]
    pub const fn lines(&self) -> std::ops::RangeInclusive<usize> {
        self.start.line..=self.end.line
    }
}

impl fmt::Display for Range {
    /// `line 3`, or `lines 3-5`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.start.line == self.end.line {
            write!(f, "line {}", self.start.line)
        } else {
            write!(f, "lines {}-{}", self.start.line, self.end.line)
        }
    }
}

/// The text of one instruction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// From its name to the end of its last line, heredocs included.
    pub range: Range,
    /// As history and progress show it: in one line without heredocs, comments and line ends, and without blanks around it.
    pub text: String,
    /// Its name as it was written: `RUN`, `run`.
    pub keyword: String,
    /// The comment lines directly above, each without `#` and blanks. An empty comment line separates: those above it do not count.
    pub comments: Vec<String>,
    /// The lines that are empty although the line before says that the instruction goes on.
    pub empty_continuations: Vec<Range>,
}

/// Something with the text that it was made of.
///
/// Two are equal when the things are: where they stand makes no difference.
#[derive(Debug, Clone)]
pub struct Located<T> {
    /// The thing.
    pub value: T,
    /// Its text.
    pub source: Source,
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Located<T> {}
