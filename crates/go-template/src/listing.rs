//! A template for the entries of a list, with a header above them if it asks for one.

use crate::{Data, Template, TemplateError, tabs};

/// What a format begins with whose lines are to be a table.
const TABLE: &str = "table";

/// A template that makes a line of each entry of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListTemplate {
    entry: Template,
    is_table: bool,
}

impl ListTemplate {
    /// Parses a template, with `table ` in front of it if its tabs are to be aligned below a header.
    ///
    /// # Errors
    /// [`TemplateError`] as for [`Template::parse`].
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let table = text
            .strip_prefix(TABLE)
            .filter(|rest| rest.starts_with([' ', '\\', '\t', '{']));
        let entry = match table {
            Some(rest) => {
                let trimmed = rest.trim_start_matches([' ', '\t']);
                let first_column = 1 + text.chars().count() - trimmed.chars().count();
                Template::parse_from(trimmed, first_column)?
            }
            None => Template::parse(text)?,
        };
        Ok(Self {
            entry,
            is_table: table.is_some(),
        })
    }

    /// The lines of all entries. The fields of `header` are the names of columns.
    ///
    /// # Errors
    /// [`TemplateError`] as for [`Template::render`].
    pub fn render<'a>(
        &self,
        header: Data<'_>,
        entries: impl IntoIterator<Item = Data<'a>>,
    ) -> Result<String, TemplateError> {
        let mut lines = String::new();
        if self.is_table {
            lines.push_str(&self.entry.render_header(header)?);
            lines.push('\n');
        }
        for entry in entries {
            lines.push_str(&self.entry.render(entry)?);
            lines.push('\n');
        }
        if !self.is_table {
            return Ok(lines);
        }
        tabs::align(&lines).ok_or_else(|| TemplateError::new(1, "the columns of this table are too wide"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn listed(format: &str) -> Result<String, TemplateError> {
        let header = json!({ "ID": "CONTAINER ID", "Names": "NAMES", "Labels": "LABELS" });
        let entries = [
            json!({ "ID": "12ab", "Names": "web", "Labels": "" }),
            json!({ "ID": "34cd", "Names": "db,data", "Labels": "a=b" }),
        ];
        let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
        let value = |_: &str| "x".to_owned();
        let header = Data {
            value: &header,
            lookups: &[("Label", &last)],
        };
        let lookups: [(&str, crate::Lookup<'_>); 1] = [("Label", &value)];
        let entries = entries.iter().map(|value| Data {
            value,
            lookups: &lookups,
        });
        ListTemplate::parse(format)?.render(header, entries)
    }

    #[test]
    fn every_entry_is_a_line() {
        assert_eq!(listed(r"{{.ID}}\t{{.Names}}").unwrap(), "12ab\tweb\n34cd\tdb,data\n");
    }

    #[test]
    fn a_table_has_a_header_and_aligned_columns() {
        let expected = "CONTAINER ID   NAMES     team\n12ab           WEB       x\n34cd           DB,DATA   x\n";
        assert_eq!(
            listed(r#"table {{.ID}}\t{{upper .Names}}\t{{.Label "org.team"}}"#).unwrap(),
            expected
        );
        let cut = listed("table {{truncate .ID 2}}\\t{{json .Names}}").unwrap();
        assert!(
            cut.starts_with("CONTAINER ID   NAMES\n12             \"web\"\n"),
            "{cut}"
        );
    }

    #[test]
    fn columns_of_mistakes_count_the_word_table_too() {
        assert_eq!(listed("table {{.Nmaes}}").unwrap_err().column, 9);
        assert_eq!(ListTemplate::parse("table  {{ID}}").unwrap_err().column, 10);
    }

    #[test]
    fn tables_is_no_table() {
        assert_eq!(listed("tables {{.ID}}").unwrap(), "tables 12ab\ntables 34cd\n");
    }
}
