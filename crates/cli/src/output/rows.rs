//! Entries of a list as templates see them: fields with Docker's names.

use std::collections::BTreeMap;

use container_go_template::{Data, ListTemplate, Lookup};
use container_terminal::printable;
use serde_json::{Map, Value};

use super::asked::of_template;
use crate::error::CommandError;

/// Field that gives the value of one label.
const LABEL: &str = "Label";

/// The entries of a list.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    /// Names of fields, each with the name of its column.
    header: Map<String, Value>,
    entries: Vec<Entry>,
    has_labels: bool,
}

/// One of them.
#[derive(Debug)]
struct Entry {
    fields: Value,
    labels: BTreeMap<String, String>,
}

impl Rows {
    /// Entries whose values are in the order of `columns`: the name of a field, and that of its column.
    pub(crate) fn new<const N: usize>(
        columns: [(&str, &str); N],
        entries: impl IntoIterator<Item = [String; N]>,
    ) -> Self {
        let entries = entries.into_iter().map(|values| {
            let fields = columns.iter().zip(values);
            let fields = fields.map(|((field, _), value)| ((*field).to_owned(), printable(&value).into()));
            Entry {
                fields: Value::Object(fields.collect()),
                labels: BTreeMap::new(),
            }
        });
        Self {
            entries: entries.collect(),
            header: columns
                .iter()
                .map(|(field, column)| ((*field).to_owned(), (*column).into()))
                .collect(),
            has_labels: false,
        }
    }

    /// The same with `.Label "key"`, for which there are the labels of each entry.
    pub(crate) fn with_labels<'a>(mut self, labels: impl IntoIterator<Item = &'a BTreeMap<String, String>>) -> Self {
        self.has_labels = true;
        for (entry, labels) in self.entries.iter_mut().zip(labels) {
            entry.labels.clone_from(labels);
        }
        self
    }

    /// The lines that a template makes.
    pub(crate) fn render(self, template: &ListTemplate) -> Result<String, CommandError> {
        let header = Value::Object(self.header);
        let header_lookups: [(&str, Lookup<'_>); 1] = [(LABEL, &column_of)];
        let lookups: Vec<_> = self.entries.iter().map(|entry| label_of(&entry.labels)).collect();
        let lookups: Vec<[(&str, Lookup<'_>); 1]> =
            lookups.iter().map(|lookup| [(LABEL, lookup as Lookup<'_>)]).collect();
        let known = |lookups| if self.has_labels { lookups } else { &[][..] };
        let entries = self.entries.iter().zip(&lookups).map(|(entry, lookups)| Data {
            value: &entry.fields,
            lookups: known(lookups),
        });
        let header = Data {
            value: &header,
            lookups: known(&header_lookups),
        };
        template.render(header, entries).map_err(of_template)
    }
}

/// Gives the value of a label; nothing for one that there is not.
fn label_of(labels: &BTreeMap<String, String>) -> impl Fn(&str) -> String + '_ {
    |key| labels.get(key).map(|value| printable(value)).unwrap_or_default()
}

/// The name of a label's column: `com.example.app-version` is `app version`, as in Docker.
fn column_of(label: &str) -> String {
    let last = label.rsplit('.').next().unwrap_or(label);
    last.replace(['-', '_'], " ")
}

/// Labels in one text, as Docker shows them.
pub(crate) fn labels_text(labels: &BTreeMap<String, String>) -> String {
    let pairs = labels.iter().map(|(key, value)| match value.as_str() {
        "" => key.clone(),
        value => format!("{key}={value}"),
    });
    pairs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(format: &str) -> Result<String, CommandError> {
        let labels = [
            [("org.team-name".to_owned(), "a\u{1b}b".to_owned())].into(),
            BTreeMap::new(),
        ];
        let entries = [["1", "web"], ["2", "x\ty"]].map(|entry| entry.map(str::to_owned));
        let rows = Rows::new([("ID", "THING ID"), ("Name", "NAME")], entries).with_labels(&labels);
        rows.render(&ListTemplate::parse(format).unwrap())
    }

    #[test]
    fn fields_labels_and_headers_have_dockers_names() {
        let table = listed(r#"table {{.ID}}\t{{.Name}}\t{{.Label "org.team-name"}}"#).unwrap();
        assert_eq!(
            table,
            "THING ID   NAME      team name\n1          web       a\u{fffd}b\n2          x y       \n"
        );
        assert_eq!(
            listed("{{json .}}").unwrap(),
            "{\"ID\":\"1\",\"Name\":\"web\"}\n{\"ID\":\"2\",\"Name\":\"x y\"}\n"
        );
    }

    #[test]
    fn a_field_that_there_is_not_is_a_mistake_of_the_command_line() {
        let error = format!("{:?}", listed("{{.Names}}").unwrap_err());
        assert!(
            error.contains("code: Some(64)") && error.contains(".ID, .Label"),
            "{error}"
        );
    }

    #[test]
    fn labels_are_pairs_with_commas() {
        let labels = [("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())].into();
        assert_eq!(labels_text(&labels), "a=1,b");
    }
}
