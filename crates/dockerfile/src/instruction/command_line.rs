//! Commands for a shell or for the system.

use std::fmt;

use crate::error::ParseError;
use crate::json;
use crate::request::{Request, json_texts};
use crate::statement::Slice;

/// What `CMD`, `ENTRYPOINT` and `HEALTHCHECK CMD` run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandLine {
    /// A line for the shell, that of `SHELL` or `/bin/sh -c`. Without blanks around it; may be empty. Never expanded: the shell does it.
    Shell(String),
    /// `["program", "argument"]`: no shell takes part. May be empty. Never expanded.
    Exec(Vec<String>),
}

impl CommandLine {
    /// The program and its arguments, where `shell` is what `SHELL` says.
    #[must_use]
    pub fn arguments(&self, shell: &[String]) -> Vec<String> {
        match self {
            Self::Shell(line) => shell.iter().chain([line]).cloned().collect(),
            Self::Exec(arguments) => arguments.clone(),
        }
    }

    pub(super) fn parse(request: &Request<'_>, instruction: &'static str) -> Result<Self, ParseError> {
        request.flags(instruction, &[])?;
        Self::read(request.arguments)
    }

    pub(super) fn read(arguments: Slice<'_>) -> Result<Self, ParseError> {
        let texts = json_texts(arguments)?;
        Ok(texts.map_or_else(|| Self::Shell(arguments.as_str().to_owned()), Self::Exec))
    }

    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Shell(line) => line.is_empty(),
            Self::Exec(arguments) => arguments.is_empty(),
        }
    }
}

impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shell(line) => f.write_str(line),
            Self::Exec(arguments) => f.write_str(&json::write(arguments.iter().map(String::as_str))),
        }
    }
}
