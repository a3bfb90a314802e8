//! `--format` and `--quiet` of every list.
//!
//! `--quiet` prints identifiers only, nothing at all when there are none. As in Apple's tool it is ignored with a machine's format, and as
//! in Docker a template is ignored with it.

use clap::Args;
use serde_json::Value;

use super::asked::{Asked, ListFormat};
use super::format::Format;
use super::rows::Rows;
use super::{line, text};
use crate::error::CommandError;

/// Flags of a list.
#[derive(Debug, Args)]
pub(crate) struct ListFlags {
    /// Print identifiers only
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// How to print; or a template: '{{json .}}' shows its fields, and 'table ' in front of it makes columns
    #[arg(long, allow_hyphen_values = true, value_parser = ListFormat::parser(), default_value = "table")]
    pub(crate) format: ListFormat,
}

/// What a list may have to print. Each part is made only if it is needed.
pub(crate) struct Listing<I, J, R, T> {
    /// The identifiers.
    pub(crate) identifiers: I,
    /// The objects.
    pub(crate) objects: J,
    /// What templates see.
    pub(crate) rows: R,
    /// The table, with its line ends.
    pub(crate) table: T,
}

impl ListFlags {
    /// Prints a list as it was asked for.
    pub(crate) fn print<I, J, R, T>(&self, listing: Listing<I, J, R, T>) -> Result<(), CommandError>
    where
        I: FnOnce() -> Vec<String>,
        J: FnOnce() -> Vec<Value>,
        R: FnOnce() -> Rows,
        T: FnOnce() -> String,
    {
        match &self.format {
            Asked::Named(Format::Table) | Asked::Template(_) if self.quiet => {
                for identifier in (listing.identifiers)() {
                    line(&identifier)?;
                }
                Ok(())
            }
            Asked::Named(Format::Table) => Ok(text(&(listing.table)())?),
            Asked::Named(format) => Ok(text(&format.render(Value::Array((listing.objects)()))?)?),
            Asked::Template(template) => Ok(text(&(listing.rows)().render(template)?)?),
        }
    }
}
