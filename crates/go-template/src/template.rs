//! A template: parsed once, then applied to any number of values.

use crate::evaluation;
use crate::purpose::Purpose;
use crate::tree::Node;
use crate::{Data, TemplateError, lexer, limits, parser};

/// A template that has been parsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    nodes: Vec<Node>,
}

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    /// [`TemplateError`] when it is none, or too large.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::parse_from(text, 1)
    }

    /// The same for a text that begins in a later column of what the user wrote.
    pub(crate) fn parse_from(text: &str, first_column: usize) -> Result<Self, TemplateError> {
        if text.len() > limits::TEMPLATE_BYTES {
            let limit = limits::TEMPLATE_BYTES >> 10;
            return Err(TemplateError::new(
                first_column,
                format!("a template has at most {limit} KiB"),
            ));
        }
        let nodes = parser::parse(lexer::pieces(text, first_column)?)?;
        Ok(Self { nodes })
    }

    /// What the template makes of a value.
    ///
    /// # Errors
    /// [`TemplateError`] when it asks for a field that there is not, gives a function what it does not take, or makes too much.
    pub fn render(&self, data: Data<'_>) -> Result<String, TemplateError> {
        evaluation::evaluate(&self.nodes, data, Purpose::Row)
    }

    /// What it makes of the names of columns: functions that change texts leave them as they are.
    pub(crate) fn render_header(&self, data: Data<'_>) -> Result<String, TemplateError> {
        evaluation::evaluate(&self.nodes, data, Purpose::Header)
    }
}
