//! `RUN --mount=`: what is there only while the command runs.

mod csv;
mod key;
mod typed;
mod values;

pub use key::MountKey;
pub use typed::{BindMount, CacheMount, CacheSharing, Mount, MountOwner, SecretMount, SshMount, TmpfsMount};

use std::fmt;

use crate::error::{MountError, MountProblem, ParseError, ParseProblem};
use crate::escape::Escape;
use crate::source::Range;
use crate::suggest;
use crate::word::{self, Variables, Word};

/// A `--mount` as it was written: `key=value` with commas between.
///
/// Values may name variables, so that the [`Mount`] itself is there only when they are known. The keys and `from` are known before.
#[derive(Debug, Clone)]
pub struct MountFlag {
    /// In their order; a later one of the same key wins.
    pub fields: Vec<MountField>,
    /// Where the flag stands.
    pub range: Range,
}

impl PartialEq for MountFlag {
    /// Where it stands makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.fields == other.fields
    }
}

impl Eq for MountFlag {}

impl MountFlag {
    /// Reads the value of the flag. What is wrong with it, whatever the values of its variables, is found here.
    pub(super) fn parse(text: &str, escape: Escape, range: Range) -> Result<Self, ParseError> {
        let error = |problem| ParseError::new(range, ParseProblem::Mount(problem));
        if text.is_empty() {
            return Err(error(MountProblem::Empty));
        }
        let fields = csv::split(text).map_err(error)?.into_iter();
        let fields = fields.map(|field| MountField::parse(&field, escape, range));
        let fields = fields.collect::<Result<_, _>>().map_err(error)?;
        let flag = Self { fields, range };
        if !flag.names_variables() {
            flag.expand(&|_: &str| None).map_err(|refused| error(refused.problem))?;
        }
        Ok(flag)
    }

    fn names_variables(&self) -> bool {
        let mut values = self.fields.iter().filter_map(|field| field.value.as_ref());
        values.any(|value| value.as_str().contains('$'))
    }

    /// The mount, with the values of its variables.
    ///
    /// # Errors
    /// [`MountError`] when there is no such mount.
    pub fn expand(&self, variables: &dyn Variables) -> Result<Mount, MountError> {
        let range = self.range;
        typed::read(self, variables).map_err(|problem| MountError { range, problem })
    }

    /// `from=`: the name or number of a stage, a named context, or an image. Names no variable.
    #[must_use]
    pub fn from(&self) -> Option<&str> {
        let mut froms = self.fields.iter().filter(|field| field.key == MountKey::From);
        froms.next_back()?.value.as_ref().map(Word::as_str)
    }
}

/// `key=value`, or a `key` that says yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountField {
    /// The key, whichever of its names was written.
    pub key: MountKey,
    /// `None` only for keys that say yes or no.
    pub value: Option<Word>,
}

impl MountField {
    fn parse(field: &str, escape: Escape, range: Range) -> Result<Self, MountProblem> {
        let (name, value) = match field.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (field, None),
        };
        let name = name.to_lowercase();
        let key = match MountKey::by_name(&name) {
            Some(key) => key,
            None if value.is_none() => return Err(MountProblem::NoValue(field.to_owned())),
            None => {
                let suggestion = suggest::nearest(&name, MountKey::names());
                return Err(MountProblem::UnknownKey { key: name, suggestion });
            }
        };
        if value.is_none() && !key.is_switch() {
            return Err(MountProblem::NoValue(field.to_owned()));
        }
        if let (MountKey::From, Some(value)) = (key, value)
            && word::names_variable(value)
        {
            return Err(MountProblem::VariableInFrom(value.to_owned()));
        }
        let value = value.map(|value| Word::new(value, escape, range));
        Ok(Self { key, value })
    }
}

impl fmt::Display for MountFlag {
    /// The value of the flag.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, field) in self.fields.iter().enumerate() {
            let name = field.key.name();
            let text = match &field.value {
                Some(value) => format!("{name}={value}"),
                None => name.to_owned(),
            };
            let separator = if place == 0 { "" } else { "," };
            write!(f, "{separator}{}", csv::quote(&text))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
