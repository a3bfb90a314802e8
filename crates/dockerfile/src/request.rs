//! An instruction, taken apart as far as all of them are alike: name, flags, arguments, heredocs.

use crate::error::{ParseError, ParseProblem};
use crate::flags::{self, Flag, Flags};
use crate::heredoc::{Heredoc, Marker};
use crate::json::{self, Json};
use crate::lines::Lines;
use crate::source::{Position, Range, Source};
use crate::statement::{LogicalLine, Slice};

/// An instruction that is to be read.
pub(crate) struct Request<'a> {
    line: &'a LogicalLine,
    keyword: Slice<'a>,
    flags: Vec<Flag>,
    /// What follows the flags, without blanks around it.
    pub(crate) arguments: Slice<'a>,
    pub(crate) heredocs: Vec<Heredoc>,
    end: Position,
}

impl<'a> Request<'a> {
    /// Takes a line apart, and reads the heredocs that follow it.
    ///
    /// # Errors
    /// When a heredoc does not end.
    pub(crate) fn read(line: &'a LogicalLine, lines: &mut Lines<'_>) -> Result<Self, ParseError> {
        let (keyword, rest) = line.whole().trim().split_blank();
        let (flags, arguments) = flags::split(rest);
        let mut request = Self {
            line,
            keyword,
            flags,
            arguments,
            heredocs: Vec::new(),
            end: lines.end(),
        };
        for marker in request.markers() {
            let opening = request.range();
            let (content, range) = lines.heredoc(&marker.name, marker.strips_tabs, opening)?;
            request.heredocs.push(Heredoc {
                name: marker.name,
                expands: marker.expands,
                strips_tabs: marker.strips_tabs,
                descriptor: marker.descriptor,
                content: content.to_owned(),
                range,
            });
        }
        request.end = lines.end();
        Ok(request)
    }

    /// The heredocs that begin on the line: `RUN`, `COPY` and `ADD` have them, also behind `ONBUILD`, and JSON has none.
    fn markers(&self) -> Vec<Marker> {
        let (mut name, mut arguments) = (self.name(), self.arguments);
        if name == "onbuild" {
            let (keyword, rest) = arguments.split_blank();
            name = keyword.as_str().to_ascii_lowercase();
            arguments = flags::split(rest).1;
        }
        let text = arguments.as_str();
        if matches!(name.as_str(), "add" | "copy" | "run") && !matches!(json::read(text), Json::Texts(_)) {
            Marker::find(text)
        } else {
            Vec::new()
        }
    }

    /// The name in lower case.
    pub(crate) fn name(&self) -> String {
        self.keyword.as_str().to_ascii_lowercase()
    }

    pub(crate) fn keyword(&self) -> Slice<'a> {
        self.keyword
    }

    /// From the name to the end of the line; heredocs are not part of it.
    pub(crate) fn range(&self) -> Range {
        self.line.whole().trim().range()
    }

    pub(crate) fn source(&self) -> Source {
        let line = self.line.whole().trim();
        Source {
            range: Range {
                start: line.range().start,
                end: self.end,
            },
            text: line.as_str().to_owned(),
            keyword: self.keyword.as_str().to_owned(),
            comments: self.line.comments.clone(),
            empty_continuations: self.line.empty_continuations.clone(),
        }
    }

    pub(crate) fn error(&self, problem: ParseProblem) -> ParseError {
        ParseError::new(self.range(), problem)
    }

    /// The flags, which are all of `known`.
    ///
    /// # Errors
    /// When one is not.
    pub(crate) fn flags(&self, instruction: &'static str, known: &[&'static str]) -> Result<Flags<'_>, ParseError> {
        Flags::new(&self.flags, instruction, known, self.arguments.escape())
    }

    /// The arguments of an instruction without flags, at least one.
    ///
    /// # Errors
    /// When there is a flag, or no argument.
    pub(crate) fn arguments_only(
        &self,
        instruction: &'static str,
        expected: &'static str,
    ) -> Result<Slice<'a>, ParseError> {
        self.flags(instruction, &[])?;
        if self.arguments.is_empty() {
            return Err(self.error(ParseProblem::Arguments { instruction, expected }));
        }
        Ok(self.arguments)
    }

    /// The arguments as an array of texts, if they are one.
    ///
    /// # Errors
    /// When they are an array with something else in it.
    pub(crate) fn json(&self) -> Result<Option<Vec<String>>, ParseError> {
        json_texts(self.arguments)
    }
}

/// As of [`Request::json`].
pub(crate) fn json_texts(arguments: Slice<'_>) -> Result<Option<Vec<String>>, ParseError> {
    match json::read(arguments.as_str()) {
        Json::Texts(texts) => Ok(Some(texts)),
        Json::None => Ok(None),
        Json::OtherArray => Err(ParseError::new(arguments.range(), ParseProblem::NotOnlyTexts)),
    }
}
