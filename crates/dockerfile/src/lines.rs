//! The file line by line: comments, continuations and the bodies of heredocs.

use crate::error::{ParseError, ParseProblem};
use crate::escape::Escape;
use crate::source::{Position, Range};
use crate::statement::LogicalLine;

/// The longest line of a file, without its end: what BuildKit's scanner takes (bufio.MaxScanTokenSize - 1).
pub(crate) const LINE_LIMIT_BYTES: usize = 65_535;

/// The lines that are not read yet.
#[derive(Clone)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    position: Position,
    end: Position,
    pub(crate) escape: Escape,
}

/// A line of the file.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// Without its end.
    pub(crate) text: &'a str,
    start: Position,
}

impl Line<'_> {
    /// Where its text stands.
    pub(crate) fn range(&self) -> Range {
        let start = self.start;
        let length = self.text.len();
        let end = Position {
            offset: start.offset + length,
            line: start.line,
            column: start.column + length,
        };
        Range { start, end }
    }

    /// What follows `#`, if it is a comment.
    fn comment(&self) -> Option<&str> {
        self.text.trim_start().strip_prefix('#')
    }
}

impl<'a> Lines<'a> {
    pub(crate) fn new(text: &'a str, escape: Escape) -> Self {
        let position = Position::default();
        let mut lines = Self {
            text,
            position,
            end: position,
            escape,
        };
        if let Some(text) = text.strip_prefix('\u{feff}') {
            lines.position.offset = lines.text.len() - text.len();
            lines.text = text;
        }
        lines
    }

    /// Where the last line that was read ends.
    pub(crate) fn end(&self) -> Position {
        self.end
    }

    /// # Errors
    /// When the line is too long.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'a>>, ParseError> {
        if self.text.is_empty() {
            return Ok(None);
        }
        let length = self.text.find('\n').map_or(self.text.len(), |end| end + 1);
        let (whole, rest) = self.text.split_at(length);
        let line = Line {
            text: whole.trim_end_matches(['\r', '\n']),
            start: self.position,
        };
        if whole.trim_end_matches('\n').len() > LINE_LIMIT_BYTES {
            let problem = ParseProblem::LineTooLong {
                limit_bytes: LINE_LIMIT_BYTES,
            };
            return Err(ParseError::new(line.range(), problem));
        }
        self.end = line.range().end;
        self.text = rest;
        self.position.offset += length;
        self.position.line += 1;
        Ok(Some(line))
    }

    /// The next line that is neither empty nor a comment, with the lines that continue it.
    ///
    /// # Errors
    /// As of [`Self::next_line`], and when nothing follows where something should.
    pub(crate) fn next_logical_line(&mut self) -> Result<Option<LogicalLine>, ParseError> {
        let mut comments = Vec::new();
        while let Some(line) = self.next_line()? {
            match line.comment().map(str::trim) {
                Some("") => comments.clear(),
                Some(comment) => comments.push(comment.to_owned()),
                None if line.text.trim().is_empty() => comments.clear(),
                None => return self.logical_line(line, comments).map(Some),
            }
        }
        Ok(None)
    }

    fn logical_line(&mut self, first: Line<'a>, comments: Vec<String>) -> Result<LogicalLine, ParseError> {
        let mut logical = LogicalLine {
            text: String::new(),
            pieces: Vec::new(),
            escape: self.escape,
            comments,
            empty_continuations: Vec::new(),
        };
        let indent = first.text.len() - first.text.trim_start().len();
        let mut continues = self.add(&mut logical, first, indent);
        while continues {
            let Some(line) = self.next_line()? else {
                break;
            };
            if line.comment().is_some() {
                continue;
            }
            if line.text.trim_start().is_empty() {
                logical.empty_continuations.push(line.range());
                continue;
            }
            continues = self.add(&mut logical, line, 0);
        }
        if logical.text.trim().is_empty() {
            return Err(ParseError::new(first.range(), ParseProblem::NothingContinues));
        }
        Ok(logical)
    }

    /// Adds a line from `indent` on, and says whether it goes on.
    fn add(&self, logical: &mut LogicalLine, line: Line<'_>, indent: usize) -> bool {
        let text = line.text.get(indent..).unwrap_or_default();
        let continued = without_continuation(text, self.escape);
        let start = Position {
            offset: line.start.offset + indent,
            line: line.start.line,
            column: line.start.column + indent,
        };
        logical.pieces.push((logical.text.len(), start));
        logical.text.push_str(continued.unwrap_or(text));
        continued.is_some()
    }

    /// The lines up to the one that is `terminator`, which is taken as well, and where they stand. `opening` is where the heredoc began.
    ///
    /// # Errors
    /// As of [`Self::next_line`], and when there is no such line.
    pub(crate) fn heredoc(
        &mut self,
        terminator: &str,
        strips_tabs: bool,
        opening: Range,
    ) -> Result<(&'a str, Range), ParseError> {
        let (text, start) = (self.text, self.position);
        while let Some(line) = self.next_line()? {
            let end = if strips_tabs {
                line.text.trim_start_matches('\t')
            } else {
                line.text
            };
            if end == terminator {
                let content = text.get(..line.start.offset - start.offset).unwrap_or_default();
                return Ok((content, Range { start, end: line.start }));
            }
        }
        let terminator = terminator.to_owned();
        Err(ParseError::new(
            opening,
            ParseProblem::UnterminatedHeredoc { terminator },
        ))
    }
}

/// The line without the character that continues it, if it has one: it stands at the end, but for blanks, and not twice.
fn without_continuation(line: &str, escape: Escape) -> Option<&str> {
    let escape = escape.char();
    let line = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!line.ends_with(escape)).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logical(text: &str) -> Vec<String> {
        let mut lines = Lines::new(text, Escape::Backslash);
        std::iter::from_fn(|| lines.next_logical_line().unwrap())
            .map(|line| line.text)
            .collect()
    }

    #[test]
    fn lines_are_continued() {
        for (text, expected) in [
            ("a\\\nb\\\n c\nd", &["ab c", "d"][..]),
            ("a \\ \t\nb", &["a b"]),
            ("a\\\\\nb", &["a\\\\", "b"]),
            ("a\\\r\nb\r\n", &["ab"]),
            ("a\\\n# comment\n  # comment\nb", &["ab"]),
            ("a\\\n\n \t\nb", &["ab"]),
            ("a\\\n\\\nb", &["ab"]),
            ("\\\na", &["a"]),
            ("a\\", &["a"]),
            ("  a", &["a"]),
            ("\u{feff}a", &["a"]),
            ("# a\n\nb # c", &["b # c"]),
            ("", &[]),
        ] {
            assert_eq!(logical(text), expected, "{text:?}");
        }
    }

    #[test]
    fn places_survive_continuations() {
        let mut lines = Lines::new("# x\n  ab \\\n  cd\n", Escape::Backslash);
        let line = lines.next_logical_line().unwrap().unwrap();
        let words = line.whole().split_blanks();
        let places: Vec<_> = words.iter().map(|word| (word.as_str(), word.range())).collect();
        let at = |offset, line, column| Position { offset, line, column };
        let range = |start, end| Range { start, end };
        let expected = [
            ("ab", range(at(6, 2, 3), at(8, 2, 5))),
            ("cd", range(at(13, 3, 3), at(15, 3, 5))),
        ];
        assert_eq!(places, expected);
        assert_eq!(line.comments, ["x"]);
    }

    #[test]
    fn long_lines_are_refused() {
        let long = "x".repeat(LINE_LIMIT_BYTES);
        assert_eq!(logical(&format!("{long}\n{long}")), [long.as_str(), long.as_str()]);
        let error = Lines::new(&format!("{long}x"), Escape::Backslash).next_line().err();
        let problem = ParseProblem::LineTooLong { limit_bytes: 65_535 };
        assert_eq!(error.map(|error| error.problem), Some(problem));
    }

    #[test]
    fn what_continues_is_not_nothing() {
        let error = Lines::new("\\\n\n# c\n", Escape::Backslash).next_logical_line().err();
        assert_eq!(error.map(|error| error.problem), Some(ParseProblem::NothingContinues));
    }
}
