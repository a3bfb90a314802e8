//! Formats with a name, of every list.
//!
//! The rules are those of Apple's tool: JSON is one compact line with sorted keys, YAML a list at the top level, TOML a list under
//! `items` because it knows none at the top level.

use std::collections::BTreeMap;

use clap::ValueEnum;
use serde_json::Value;

use crate::error::{CommandError, cannot};

/// `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Format {
    #[default]
    Table,
    Json,
    Yaml,
    Toml,
}

impl Format {
    /// A value in a machine's format, with its line end. A table has no such form and is printed as JSON.
    pub(crate) fn render(self, value: Value) -> Result<String, CommandError> {
        match self {
            Self::Table | Self::Json => Ok(format!("{}\n", sorted(value))),
            Self::Yaml => {
                let mut yaml = serde_saphyr::to_string(&sorted(value)).map_err(|error| cannot("print YAML", error))?;
                if !yaml.ends_with('\n') {
                    yaml.push('\n');
                }
                Ok(yaml)
            }
            Self::Toml => {
                let value = match without_null(sorted(value)) {
                    Value::Array(items) => {
                        Value::Object([("items".to_owned(), Value::Array(items))].into_iter().collect())
                    }
                    other => other,
                };
                toml::to_string(&value).map_err(|error| cannot("print TOML", error))
            }
        }
    }
}

/// Pretty JSON with sorted keys and a line end, as every `inspect` prints it.
pub(crate) fn pretty(value: Value) -> String {
    format!("{:#}\n", sorted(value))
}

/// The same value with its keys in order, however maps are kept by the build of `serde_json`.
fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        Value::Object(map) => {
            let ordered: BTreeMap<String, Value> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            Value::Object(ordered.into_iter().collect())
        }
        other => other,
    }
}

/// TOML has no null: such keys are left out.
fn without_null(value: Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .filter(|item| !item.is_null())
                .map(without_null)
                .collect(),
        ),
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key, without_null(value)))
                .collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn sample() -> Value {
        json!([{"id": "web", "configuration": {"z": 1, "a": null}, "tags": ["x", "y"]}])
    }

    #[test]
    fn json_is_one_line_with_sorted_keys() {
        assert_eq!(
            Format::Json.render(sample()).unwrap(),
            "[{\"configuration\":{\"a\":null,\"z\":1},\"id\":\"web\",\"tags\":[\"x\",\"y\"]}]\n"
        );
    }

    #[test]
    fn yaml_is_a_list_at_the_top_level() {
        let yaml = Format::Yaml.render(sample()).unwrap();
        assert!(yaml.starts_with("- "), "{yaml}");
        assert!(yaml.contains("id: web"), "{yaml}");
        assert_eq!(Format::Yaml.render(json!([])).unwrap(), "[]\n");
    }

    #[test]
    fn toml_has_its_list_under_items_and_no_null() {
        let toml = Format::Toml.render(sample()).unwrap();
        assert!(toml.contains("[[items]]") && toml.contains("id = \"web\""), "{toml}");
        assert!(!toml.contains("a ="), "{toml}");
        assert_eq!(Format::Toml.render(json!([])).unwrap(), "items = []\n");
    }

    #[test]
    fn inspect_is_pretty_and_sorted() {
        assert!(pretty(sample()).starts_with("[\n  {\n    \"configuration\": {\n      \"a\": null,\n"));
    }
}
