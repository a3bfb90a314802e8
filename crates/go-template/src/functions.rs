//! The functions that a template can call: those of Go, and those that Docker adds.

mod compare;
mod elements;
mod print;
mod words;

use std::borrow::Cow;

use serde_json::Value;

use crate::purpose::Purpose;
use crate::{text, truth};

/// A value of the data or of the template's text, or one that was made on the way.
pub(crate) type Held<'a> = Cow<'a, Value>;

/// A function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    And,
    Or,
    Not,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Index,
    Slice,
    Len,
    Print,
    Printf,
    Println,
    Json,
    Join,
    Split,
    Lower,
    Upper,
    Title,
    Truncate,
    Pad,
}

/// As many arguments as one likes.
const ANY: usize = usize::MAX;

/// Functions by name, with the fewest and the most arguments that they take.
const FUNCTIONS: [(&str, Function, usize, usize); 23] = [
    ("and", Function::And, 1, ANY),
    ("eq", Function::Eq, 2, ANY),
    ("ge", Function::Ge, 2, 2),
    ("gt", Function::Gt, 2, 2),
    ("index", Function::Index, 1, ANY),
    ("join", Function::Join, 2, 2),
    ("json", Function::Json, 1, 1),
    ("le", Function::Le, 2, 2),
    ("len", Function::Len, 1, 1),
    ("lower", Function::Lower, 1, 1),
    ("lt", Function::Lt, 2, 2),
    ("ne", Function::Ne, 2, 2),
    ("not", Function::Not, 1, 1),
    ("or", Function::Or, 1, ANY),
    ("pad", Function::Pad, 3, 3),
    ("print", Function::Print, 0, ANY),
    ("printf", Function::Printf, 1, ANY),
    ("println", Function::Println, 0, ANY),
    ("slice", Function::Slice, 1, 3),
    ("split", Function::Split, 2, 2),
    ("title", Function::Title, 1, 1),
    ("truncate", Function::Truncate, 2, 2),
    ("upper", Function::Upper, 1, 1),
];

impl Function {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let found = FUNCTIONS.into_iter().find(|(known, ..)| *known == name);
        found.map(|(_, function, ..)| function)
    }

    /// All names, for a message.
    pub(crate) fn names() -> String {
        FUNCTIONS.map(|(name, ..)| name).join(", ")
    }

    fn entry(self) -> (&'static str, usize, usize) {
        let found = FUNCTIONS.into_iter().find(|(_, function, ..)| *function == self);
        found.map_or(("function", 0, ANY), |(name, _, fewest, most)| (name, fewest, most))
    }

    /// Whether it takes so many arguments.
    pub(crate) fn check_count(self, count: usize) -> Result<(), String> {
        let (name, fewest, most) = self.entry();
        if (fewest..=most).contains(&count) {
            return Ok(());
        }
        let expected = match most {
            ANY => format!("at least {fewest}"),
            _ if fewest == most => fewest.to_string(),
            _ => format!("{fewest} to {most}"),
        };
        Err(format!("{name} takes {expected} arguments, not {count}"))
    }

    /// Its value. The reason says what an argument should have been.
    pub(crate) fn call<'a>(self, arguments: Vec<Held<'a>>, purpose: Purpose) -> Result<Held<'a>, String> {
        self.check_count(arguments.len())?;
        if purpose == Purpose::Header
            && self.leaves_headers()
            && let Some(header) = arguments.iter().find(|argument| argument.is_string())
        {
            return Ok(header.clone());
        }
        match self {
            Self::And => Ok(elements::first_or_last(arguments, |value| !truth::is_true(value))),
            Self::Or => Ok(elements::first_or_last(arguments, truth::is_true)),
            Self::Index => elements::index(arguments),
            _ => self.made(&arguments).map(Cow::Owned),
        }
    }

    /// The value of a function that makes a new one.
    fn made(self, arguments: &[Held<'_>]) -> Result<Value, String> {
        let argument = |index: usize| arguments.get(index).map_or(&Value::Null, |held| held.as_ref());
        let first = argument(0);
        Ok(match self {
            Self::Not => (!truth::is_true(first)).into(),
            Self::Eq => compare::is_any(first, arguments.get(1..).unwrap_or_default())?.into(),
            Self::Ne => (!compare::is_equal(first, argument(1))?).into(),
            Self::Lt => compare::order(first, argument(1))?.is_lt().into(),
            Self::Le => compare::order(first, argument(1))?.is_le().into(),
            Self::Gt => compare::order(first, argument(1))?.is_gt().into(),
            Self::Ge => compare::order(first, argument(1))?.is_ge().into(),
            Self::Slice => elements::slice(first, arguments.get(1..).unwrap_or_default())?,
            Self::Len => elements::length(first)?.into(),
            Self::Print => print::print(arguments)?.into(),
            Self::Printf => print::formatted(first, arguments.get(1..).unwrap_or_default())?.into(),
            Self::Println => print::line(arguments)?.into(),
            Self::Json => text::json(first).into(),
            Self::Join => words::join(first, argument(1))?.into(),
            Self::Split => words::split(first, argument(1))?.into(),
            Self::Lower => words::of(first)?.to_lowercase().into(),
            Self::Upper => words::of(first)?.to_uppercase().into(),
            Self::Title => words::title(&words::of(first)?).into(),
            Self::Truncate => words::truncate(&words::of(first)?, argument(1))?.into(),
            Self::Pad => words::pad(&words::of(first)?, argument(1), argument(2))?.into(),
            Self::And | Self::Or | Self::Index => Value::Null,
        })
    }

    /// Whether it leaves the name of a column as it is, as in Docker, so that `{{upper .Names}}` has a header.
    fn leaves_headers(self) -> bool {
        matches!(
            self,
            Self::Index
                | Self::Slice
                | Self::Json
                | Self::Join
                | Self::Split
                | Self::Lower
                | Self::Upper
                | Self::Title
                | Self::Truncate
                | Self::Pad
        )
    }
}

/// A whole number among the arguments.
fn whole(value: &Value) -> Result<i64, String> {
    value
        .as_i64()
        .ok_or_else(|| format!("expected a whole number instead of {}", text::kind(value)))
}

#[cfg(test)]
mod tests;
