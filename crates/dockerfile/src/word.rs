//! Words that may name variables.

mod error;
mod evaluate;
mod pattern;
mod template;
mod variables;

pub use error::{ExpandError, ExpandProblem};
pub use variables::Variables;

use std::collections::BTreeSet;
use std::fmt;

use crate::escape::Escape;
use crate::source::Range;
use evaluate::Evaluator;
use template::{Quotes, Template};

/// A part of an instruction as it was written, with quotes, escapes and variables.
///
/// Variables are `$name`, `${name}`, and with what to do about the value: `${name:-word}` and `${name-word}` (in place of a missing
/// one), `${name:+word}` and `${name+word}` (in place of one that is there), `${name:?message}` and `${name?message}` (fail without one),
/// `${name#pattern}`, `${name##pattern}`, `${name%pattern}`, `${name%%pattern}` (without what matches at the start or at the end, the
/// shortest or the longest), `${name/pattern/text}` and `${name//pattern/text}` (with another text for the first match or for all).
/// With a colon an empty value is a missing one. A missing one is empty otherwise. Words within are expanded as well.
///
/// Two are equal when they are written alike and the same character escapes.
#[derive(Debug, Clone)]
pub struct Word {
    text: String,
    escape: Escape,
    range: Range,
}

impl Word {
    /// The word `text` of a file in which `escape` escapes, at `range`.
    #[must_use]
    pub fn new(text: impl Into<String>, escape: Escape, range: Range) -> Self {
        let text = text.into();
        Self { text, escape, range }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it stands. For a word of a flag, the whole flag.
    #[must_use]
    pub fn range(&self) -> Range {
        self.range
    }

    /// The word without quotes and escapes, and with the values of its variables.
    ///
    /// # Errors
    /// [`ExpandError`] when it is not well-formed, when a variable that it insists on is missing, or when it grows beyond all measure.
    pub fn expand(&self, variables: &dyn Variables) -> Result<String, ExpandError> {
        expand(&self.text, self.escape, Quotes::Quote, variables).map_err(|problem| self.error(problem))
    }

    /// As [`Self::expand`], split at blanks that are neither quoted nor escaped, also at those that come from variables. Empty parts
    /// do not count.
    ///
    /// # Errors
    /// As of [`Self::expand`].
    pub fn expand_words(&self, variables: &dyn Variables) -> Result<Vec<String>, ExpandError> {
        let words = || {
            let template = Template::parse(&self.text, self.escape, Quotes::Quote)?;
            Evaluator::new(variables).words(&template)
        };
        words().map_err(|problem| self.error(problem))
    }

    /// The names of all variables in it. Each is looked at whenever the word is expanded.
    ///
    /// # Errors
    /// [`ExpandError`] when it is not well-formed.
    pub fn variables(&self) -> Result<BTreeSet<String>, ExpandError> {
        match Template::parse(&self.text, self.escape, Quotes::Quote) {
            Ok(template) => Ok(template.variables()),
            Err(problem) => Err(self.error(problem)),
        }
    }

    fn error(&self, problem: ExpandProblem) -> ExpandError {
        ExpandError::new(&self.text, self.range, problem)
    }
}

/// Expands the text of a heredoc, in which quotes are characters like others. Whatever the file says, `\` escapes.
pub(crate) fn expand_heredoc(text: &str, range: Range, variables: &dyn Variables) -> Result<String, ExpandError> {
    expand(text, Escape::Backslash, Quotes::Keep, variables).map_err(|problem| ExpandError::new(text, range, problem))
}

/// The variables of a heredoc's text.
pub(crate) fn heredoc_variables(text: &str, range: Range) -> Result<BTreeSet<String>, ExpandError> {
    match Template::parse(text, Escape::Backslash, Quotes::Keep) {
        Ok(template) => Ok(template.variables()),
        Err(problem) => Err(ExpandError::new(text, range, problem)),
    }
}

/// Whether a text in which nothing is expanded looks as if something should be.
pub(crate) fn names_variable(text: &str) -> bool {
    text.find('$').is_some_and(|dollar| dollar + 1 < text.len())
}

fn expand(text: &str, escape: Escape, quotes: Quotes, variables: &dyn Variables) -> Result<String, ExpandProblem> {
    let template = Template::parse(text, escape, quotes)?;
    Evaluator::new(variables).text(&template)
}

impl PartialEq for Word {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text && self.escape == other.escape
    }
}

impl Eq for Word {}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests;
