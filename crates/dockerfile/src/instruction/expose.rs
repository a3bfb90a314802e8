//! `EXPOSE`.

use std::fmt;

use super::words::{self, Words};
use crate::error::{ParseError, ParseProblem};
use crate::request::Request;
use crate::word::Word;

/// `EXPOSE port[-port][/protocol]…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expose {
    /// At least one. A variable in one may stand for several, with blanks between. [`PortRange`](crate::PortRange) reads what they
    /// stand for.
    pub ports: Vec<Word>,
}

impl Expose {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let arguments = request.arguments_only("EXPOSE", "at least one argument: a port")?;
        let ports = arguments.split_blanks().iter().map(|port| port.word()).collect();
        Ok(Self { ports })
    }
}

impl fmt::Display for Expose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EXPOSE")?;
        words::write_plain(f, self.ports.iter().map(Word::as_str))
    }
}

/// Reads the arguments of `VOLUME`.
pub(super) fn volumes(request: &Request<'_>) -> Result<Vec<Word>, ParseError> {
    request.flags("VOLUME", &[])?;
    let words = Words::parse(request)?.words;
    if words.is_empty() {
        let (instruction, expected) = ("VOLUME", "at least one argument: a directory");
        return Err(request.error(ParseProblem::Arguments { instruction, expected }));
    }
    let words = words.into_iter().map(|word| match word.as_str().trim() {
        "" => Err(ParseError::new(word.range(), ParseProblem::BlankVolume)),
        text => Ok(Word::new(text, request.arguments.escape(), word.range())),
    });
    words.collect()
}
