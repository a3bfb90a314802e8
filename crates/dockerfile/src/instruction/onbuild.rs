//! `ONBUILD`.

use std::fmt;

use crate::error::{ParseError, ParseProblem};
use crate::flags;
use crate::request::Request;

/// `ONBUILD instruction`: what an image says to those that start from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Onbuild {
    /// The instruction as the image's configuration keeps it: its line, then its heredocs. Neither `ONBUILD`, `FROM` nor `MAINTAINER`.
    /// [`Instruction::parse`](crate::Instruction::parse) reads it.
    pub trigger: String,
}

impl Onbuild {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let arguments = request.arguments_only("ONBUILD", "at least one argument: the instruction")?;
        let (keyword, _) = arguments.split_blank();
        let refused = ["ONBUILD", "FROM", "MAINTAINER"];
        if let Some(name) = refused.iter().find(|name| keyword.as_str().eq_ignore_ascii_case(name)) {
            return Err(ParseError::new(keyword.range(), ParseProblem::Trigger(name)));
        }
        let mut trigger = arguments.as_str().to_owned();
        for heredoc in &request.heredocs {
            trigger.push('\n');
            trigger.push_str(&heredoc.content);
            trigger.push_str(&heredoc.name);
        }
        Ok(Self { trigger })
    }
}

impl fmt::Display for Onbuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ONBUILD")?;
        flags::write_arguments(f, &self.trigger)
    }
}
