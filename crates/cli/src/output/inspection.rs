//! `--format` of every `inspect`.

use clap::Args;
use serde_json::Value;

use super::asked::{Asked, ObjectFormat, lines};
use super::format::pretty;
use super::text;
use crate::error::CommandError;

/// Flags of an `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectFlags {
    /// How to print, instead of JSON in many lines; or a template that makes a line of each, such as '{{.id}} {{json .configuration}}'
    #[arg(short, long, allow_hyphen_values = true, value_parser = ObjectFormat::parser_of_inspect())]
    format: Option<ObjectFormat>,
}

impl InspectFlags {
    /// Whether a template is to show it, which may ask for more than there is in the other formats.
    pub(crate) fn is_template(&self) -> bool {
        matches!(self.format, Some(Asked::Template(_)))
    }

    /// Prints what was found, as it was asked for.
    pub(crate) fn print(&self, found: Vec<Value>) -> Result<(), CommandError> {
        let shown = match &self.format {
            None => pretty(found.into()),
            Some(Asked::Named(format)) => format.render(found.into())?,
            Some(Asked::Template(template)) => lines(template, &found)?,
        };
        Ok(text(&shown)?)
    }
}
