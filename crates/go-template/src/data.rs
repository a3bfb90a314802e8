//! What a template is about.

use std::fmt;

use serde_json::Value;

/// Answers a field that takes a text, such as `.Label "maintainer"`.
pub type Lookup<'a> = &'a dyn Fn(&str) -> String;

/// The value that a template is about, which is `.` at its beginning and `$` everywhere.
#[derive(Clone, Copy)]
pub struct Data<'a> {
    /// The value.
    pub value: &'a Value,
    /// Fields of it that take a text, by name. `{{json .}}` does not show them.
    pub lookups: &'a [(&'a str, Lookup<'a>)],
}

impl<'a> Data<'a> {
    /// A value without fields that take a text.
    #[must_use]
    pub fn new(value: &'a Value) -> Self {
        Self { value, lookups: &[] }
    }
}

impl fmt::Debug for Data<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Data")
            .field("value", self.value)
            .finish_non_exhaustive()
    }
}
