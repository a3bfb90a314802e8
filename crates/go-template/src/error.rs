//! What is wrong with a template, and where.

use std::fmt;

/// A mistake in a template, or in what it asks of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Character of the template's text at which it was found, from 1 on.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl TemplateError {
    pub(crate) fn new(column: usize, message: impl Into<String>) -> Self {
        Self {
            column,
            message: message.into(),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

impl std::error::Error for TemplateError {}
