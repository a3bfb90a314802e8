//! Variables and labels: `ENV`, `ARG`, `LABEL`.

use std::fmt;

use crate::error::{ParseError, ParseProblem};
use crate::flags;
use crate::request::Request;
use crate::statement::Slice;
use crate::word::Word;

/// `ENV name=value…`, or `ENV name value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Env {
    /// At least one. All of them see the variables from before the instruction.
    pub variables: Vec<KeyValue>,
    /// Whether there is a blank in the place of `=`, in the old form that has one variable.
    pub legacy: bool,
}

/// `LABEL name=value…`, or `LABEL name value`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// At least one.
    pub labels: Vec<KeyValue>,
    /// Whether there is a blank in the place of `=`, in the old form that has one label.
    pub legacy: bool,
}

/// A name and its value. Both may name variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyValue {
    /// Not empty as it is written.
    pub name: Word,
    /// May be empty.
    pub value: Word,
}

/// `ARG name[=default]…`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// At least one. Each sees those before it.
    pub declarations: Vec<ArgDeclaration>,
}

/// One variable of `ARG`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArgDeclaration {
    /// Not empty as it is written.
    pub name: Word,
    /// Its value when the build is given none. `None`, for `ARG name`: that of a global `ARG` or of the platform, if there is one.
    pub default: Option<Word>,
}

impl Env {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let (variables, legacy) = pairs(request, "ENV")?;
        Ok(Self { variables, legacy })
    }
}

impl Label {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        let (labels, legacy) = pairs(request, "LABEL")?;
        Ok(Self { labels, legacy })
    }
}

/// The names and values, and whether they are in the old form: there is no `=` in the first word.
fn pairs(request: &Request<'_>, instruction: &'static str) -> Result<(Vec<KeyValue>, bool), ParseError> {
    let arguments = request.arguments_only(instruction, "at least one argument: name=value")?;
    let words = arguments.split_words();
    let is_legacy = words.first().is_none_or(|word| !word.as_str().contains('='));
    if is_legacy {
        let (name, value) = arguments.split_blank();
        if value.is_empty() {
            let expected = "two arguments: name=value";
            return Err(request.error(ParseProblem::Arguments { instruction, expected }));
        }
        let (name, value) = (name.word(), value.word());
        return Ok((vec![KeyValue { name, value }], true));
    }
    let pairs = words.into_iter().map(|word| {
        let (name, value) = split_pair(word).ok_or_else(|| {
            let word = word.as_str().to_owned();
            request.error(ParseProblem::NoEquals { word })
        })?;
        if name.is_empty() {
            return Err(ParseError::new(word.range(), ParseProblem::BlankName { instruction }));
        }
        let (name, value) = (name.word(), value.word());
        Ok(KeyValue { name, value })
    });
    Ok((pairs.collect::<Result<_, _>>()?, false))
}

/// What is before the first `=`, and what is after it.
fn split_pair(word: Slice<'_>) -> Option<(Slice<'_>, Slice<'_>)> {
    let equals = word.as_str().find('=')?;
    Some((word.slice(0, equals), word.tail(equals + 1)))
}

impl Arg {
    pub(super) fn parse(request: &Request<'_>) -> Result<Self, ParseError> {
        const NAME: &str = "ARG";
        let arguments = request.arguments_only(NAME, "at least one argument: name or name=default")?;
        let declarations = arguments.split_words().into_iter().map(|word| {
            let (name, default) = split_pair(word).map_or((word, None), |(name, default)| (name, Some(default)));
            if name.is_empty() {
                return Err(ParseError::new(
                    word.range(),
                    ParseProblem::BlankName { instruction: NAME },
                ));
            }
            Ok(ArgDeclaration {
                name: name.word(),
                default: default.map(|default| default.word()),
            })
        });
        let declarations = declarations.collect::<Result<_, _>>()?;
        Ok(Self { declarations })
    }
}

impl fmt::Display for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pairs(f, "ENV", &self.variables, self.legacy)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_pairs(f, "LABEL", &self.labels, self.legacy)
    }
}

fn write_pairs(f: &mut fmt::Formatter<'_>, name: &str, pairs: &[KeyValue], legacy: bool) -> fmt::Result {
    let separator = if legacy { ' ' } else { '=' };
    let pairs = pairs
        .iter()
        .map(|pair| format!("{}{separator}{}", pair.name, pair.value));
    f.write_str(name)?;
    flags::write_arguments(f, &pairs.collect::<Vec<_>>().join(" "))
}

impl fmt::Display for Arg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let declarations = self.declarations.iter().map(|declaration| match &declaration.default {
            Some(default) => format!("{}={default}", declaration.name),
            None => declaration.name.to_string(),
        });
        f.write_str("ARG")?;
        flags::write_arguments(f, &declarations.collect::<Vec<_>>().join(" "))
    }
}
