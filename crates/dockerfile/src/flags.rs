//! `--name=value` before the arguments of an instruction.

use std::fmt::{self, Write};

use crate::error::{ParseError, ParseProblem};
use crate::escape::Escape;
use crate::source::Range;
use crate::statement::Slice;
use crate::suggest;
use crate::word::Word;

/// A flag as it was written, without the quotes and escapes. The escape character is `\`, whatever the file says.
pub(crate) struct Flag {
    name: String,
    value: Option<String>,
    range: Range,
}

/// Takes the flags off the arguments of an instruction. `--` ends them.
pub(crate) fn split(arguments: Slice<'_>) -> (Vec<Flag>, Slice<'_>) {
    let mut flags = Vec::new();
    let mut rest = arguments.trim();
    while rest.as_str().starts_with("--") {
        let (text, length) = unquote(rest.as_str());
        let range = rest.slice(0, length).range();
        rest = rest.tail(length).trim();
        let Some(text) = text.strip_prefix("--").filter(|text| !text.is_empty()) else {
            break;
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        let name = name.to_owned();
        flags.push(Flag { name, value, range });
    }
    (flags, rest)
}

/// The first word without quotes and escapes, and how long it is with them.
fn unquote(text: &str) -> (String, usize) {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((offset, char)) = chars.next() {
        match quote {
            None if char.is_whitespace() => return (word, offset),
            Some(open) if open == char => quote = None,
            None if char == '\'' || char == '"' => quote = Some(char),
            _ if char == '\\' => word.extend(chars.next().map(|(_, escaped)| escaped)),
            _ => word.push(char),
        }
    }
    (word, text.len())
}

/// The flags of one instruction, all of which it has.
pub(crate) struct Flags<'a> {
    flags: &'a [Flag],
    instruction: &'static str,
    escape: Escape,
}

impl<'a> Flags<'a> {
    /// Values are expanded with `escape`.
    ///
    /// # Errors
    /// When one of the flags is none of `known`.
    pub(crate) fn new(
        flags: &'a [Flag],
        instruction: &'static str,
        known: &[&'static str],
        escape: Escape,
    ) -> Result<Self, ParseError> {
        let Some(unknown) = flags.iter().find(|flag| !known.contains(&flag.name.as_str())) else {
            return Ok(Self {
                flags,
                instruction,
                escape,
            });
        };
        let problem = ParseProblem::UnknownFlag {
            instruction,
            flag: unknown.name.clone(),
            suggestion: suggest::nearest(&unknown.name, known.iter().copied()),
        };
        Err(ParseError::new(unknown.range, problem))
    }

    /// The values of a flag that may be there several times, and where they stand.
    ///
    /// # Errors
    /// When one has no value.
    pub(crate) fn values(&self, name: &'static str) -> Result<Vec<(&'a str, Range)>, ParseError> {
        let flags = self.flags.iter().filter(|flag| flag.name == name);
        let values = flags.map(|flag| match &flag.value {
            Some(value) => Ok((value.as_str(), flag.range)),
            None => Err(ParseError::new(
                flag.range,
                ParseProblem::FlagWithoutValue { flag: name },
            )),
        });
        values.collect()
    }

    /// The value of a flag, and where it stands.
    ///
    /// # Errors
    /// When it has none, or when the flag is there twice.
    pub(crate) fn value(&self, name: &'static str) -> Result<Option<(&'a str, Range)>, ParseError> {
        self.only_once(name)?;
        Ok(self.values(name)?.pop())
    }

    /// The value of a flag that may name variables.
    ///
    /// # Errors
    /// As of [`Self::value`].
    pub(crate) fn word(&self, name: &'static str) -> Result<Option<Word>, ParseError> {
        let value = self.value(name)?;
        Ok(value.map(|(value, range)| Word::new(value, self.escape, range)))
    }

    /// The values of a flag that may be there several times, and may name variables.
    ///
    /// # Errors
    /// As of [`Self::values`].
    pub(crate) fn words(&self, name: &'static str) -> Result<Vec<Word>, ParseError> {
        let values = self.values(name)?.into_iter();
        Ok(values
            .map(|(value, range)| Word::new(value, self.escape, range))
            .collect())
    }

    /// Whether a flag says yes or no.
    ///
    /// # Errors
    /// When it says something else, or is there twice.
    pub(crate) fn switch(&self, name: &'static str) -> Result<Option<bool>, ParseError> {
        let Some(flag) = self.only_once(name)? else {
            return Ok(None);
        };
        match flag.value.as_deref().map(str::to_ascii_lowercase).as_deref() {
            None | Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => {
                let value = flag.value.clone().unwrap_or_default();
                let expected = "true or false".to_owned();
                let problem = ParseProblem::FlagValue {
                    flag: name,
                    value,
                    expected,
                };
                Err(ParseError::new(flag.range, problem))
            }
        }
    }

    fn only_once(&self, name: &'static str) -> Result<Option<&'a Flag>, ParseError> {
        let mut flags = self.flags.iter().filter(|flag| flag.name == name);
        let first = flags.next();
        match flags.next() {
            None => Ok(first),
            Some(second) => {
                let instruction = self.instruction;
                Err(ParseError::new(
                    second.range,
                    ParseProblem::FlagTwice {
                        instruction,
                        flag: name,
                    },
                ))
            }
        }
    }
}

/// Writes ` --name=value`, or nothing.
pub(crate) fn write_value(f: &mut fmt::Formatter<'_>, name: &str, value: Option<&str>) -> fmt::Result {
    let Some(value) = value else {
        return Ok(());
    };
    write!(f, " --{name}=")?;
    for char in value.chars() {
        if char.is_whitespace() || matches!(char, '\'' | '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(char)?;
    }
    Ok(())
}

/// Writes ` --name`, ` --name=false`, or nothing.
pub(crate) fn write_switch(f: &mut fmt::Formatter<'_>, name: &str, value: Option<bool>) -> fmt::Result {
    match value {
        None => Ok(()),
        Some(true) => write!(f, " --{name}"),
        Some(false) => write!(f, " --{name}=false"),
    }
}

/// Writes the arguments behind the flags, so that they are not taken for one.
pub(crate) fn write_arguments(f: &mut fmt::Formatter<'_>, arguments: &str) -> fmt::Result {
    let end = if arguments.starts_with("--") { " --" } else { "" };
    write!(f, "{end} {arguments}")
}
