//! Text within the file: `<<EOF` and the lines up to `EOF`.

mod marker;

pub(crate) use marker::Marker;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::source::Range;
use crate::word::{self, ExpandError, Variables};

/// A heredoc of `RUN`, `COPY` or `ADD`.
#[derive(Debug, Clone)]
pub struct Heredoc {
    /// The word that ends it, which is the name of the file as well where it is a source of `COPY` or `ADD`.
    pub name: String,
    /// Whether variables in it are expanded: no part of the word was quoted. Only `COPY` and `ADD` do; for `RUN` the shell does it.
    pub expands: bool,
    /// `<<-`: tabs at the start of its lines do not count.
    pub strips_tabs: bool,
    /// The descriptor before `<<`, which a shell connects it with; 0 when there is none.
    pub descriptor: u32,
    /// The lines as they stand in the file, each with its end.
    pub content: String,
    /// Where the content stands.
    pub range: Range,
}

impl PartialEq for Heredoc {
    /// Where it stands makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.expands == other.expands
            && self.strips_tabs == other.strips_tabs
            && self.descriptor == other.descriptor
            && self.content == other.content
    }
}

impl Eq for Heredoc {}

impl Heredoc {
    /// The content without what [`Self::strips_tabs`] takes off. Variables are not expanded.
    #[must_use]
    pub fn body(&self) -> Cow<'_, str> {
        if !self.strips_tabs {
            return Cow::Borrowed(&self.content);
        }
        let lines = self.content.split_inclusive('\n');
        Cow::Owned(lines.map(|line| line.trim_start_matches('\t')).collect())
    }

    /// What `COPY` and `ADD` write: the body, with the values of its variables where it [expands](Self::expands).
    ///
    /// # Errors
    /// As of [`Word::expand`](crate::Word::expand).
    pub fn expand(&self, variables: &dyn Variables) -> Result<String, ExpandError> {
        let body = self.body();
        if self.expands {
            word::expand_heredoc(&body, self.range, variables)
        } else {
            Ok(body.into_owned())
        }
    }

    /// The names of all variables that [`Self::expand`] looks at.
    ///
    /// # Errors
    /// As of [`Word::variables`](crate::Word::variables).
    pub fn variables(&self) -> Result<BTreeSet<String>, ExpandError> {
        if self.expands {
            word::heredoc_variables(&self.body(), self.range)
        } else {
            Ok(BTreeSet::new())
        }
    }

    /// Writes the lines after the one that it begins on.
    pub(crate) fn write_body(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{}{}", self.content, self.name)
    }

    /// Whether the first line names an interpreter (`#!`), so that `RUN` executes the text as a file.
    #[must_use]
    pub fn is_executable(&self) -> bool {
        self.content.starts_with("#!")
    }
}

impl fmt::Display for Heredoc {
    /// What begins it: `<<-EOF`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.descriptor > 0 {
            write!(f, "{}", self.descriptor)?;
        }
        f.write_str(if self.strips_tabs { "<<-" } else { "<<" })?;
        if self.expands {
            marker::write_escaped(f, &self.name)
        } else {
            marker::write_quoted(f, &self.name)
        }
    }
}
