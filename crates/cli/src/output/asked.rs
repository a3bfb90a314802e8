//! `--format` where it takes a template of Go's beside the names of formats.

use std::ffi::OsStr;
use std::fmt::Debug;
use std::io::{self, IsTerminal as _};

use clap::ValueEnum;
use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use container_go_template::{Data, ListTemplate, Template, TemplateError};
use container_terminal::printable;
use serde_json::Value;

use super::format::Format;
use crate::error::CommandError;

/// What was asked for: a format with a name, or a template.
#[derive(Debug, Clone)]
pub(crate) enum Asked<T> {
    Named(Format),
    Template(T),
}

/// `--format` of a list: every entry is a line of a template.
pub(crate) type ListFormat = Asked<ListTemplate>;

/// `--format` of what is no list, and of `inspect`.
pub(crate) type ObjectFormat = Asked<Template>;

/// Formats of `inspect`, which shows trees.
const OF_OBJECTS: &[Format] = &[Format::Json, Format::Yaml, Format::Toml];

impl ListFormat {
    /// Reads `--format` of a list.
    pub(crate) fn parser() -> FormatParser<ListTemplate> {
        FormatParser {
            named: Format::value_variants(),
            template: ListTemplate::parse,
        }
    }
}

impl ObjectFormat {
    /// Reads `--format` of what has a table too.
    pub(crate) fn parser() -> FormatParser<Template> {
        FormatParser {
            named: Format::value_variants(),
            template: Template::parse,
        }
    }

    /// Reads `--format` of `inspect`.
    pub(crate) fn parser_of_inspect() -> FormatParser<Template> {
        FormatParser {
            named: OF_OBJECTS,
            template: Template::parse,
        }
    }
}

/// What a template makes of each value, one line for each. Texts come from images, guests and registries: what goes to a terminal cannot
/// drive it, what goes elsewhere is as it is.
pub(crate) fn lines(template: &Template, values: &[Value]) -> Result<String, CommandError> {
    let is_terminal = io::stdout().is_terminal();
    let mut lines = String::new();
    for value in values {
        let harmless = is_terminal.then(|| harmless(value));
        let data = Data::new(harmless.as_ref().unwrap_or(value));
        lines.push_str(&template.render(data).map_err(of_template)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// The same value, with texts in which nothing is left but characters that are shown, tabs and line ends.
fn harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let parts = text.split_inclusive(['\t', '\n']).map(|part| {
                let end = part.len() - part.trim_end_matches(['\t', '\n']).len();
                let (shown, end) = part.split_at(part.len() - end);
                printable(shown) + end
            });
            parts.collect::<String>().into()
        }
        Value::Array(items) => items.iter().map(harmless).collect(),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (printable(key), harmless(value)));
            Value::Object(fields.collect())
        }
        other => other.clone(),
    }
}

/// A template that asks for what there is not.
pub(crate) fn of_template(error: TemplateError) -> CommandError {
    CommandError::usage(format!("--format: {error}"))
}

/// Reads a format.
#[derive(Debug, Clone)]
pub(crate) struct FormatParser<T> {
    named: &'static [Format],
    template: fn(&str) -> Result<T, TemplateError>,
}

impl<T: Debug + Clone + Send + Sync + 'static> FormatParser<T> {
    fn names(&self) -> impl Iterator<Item = PossibleValue> {
        self.named.iter().filter_map(ValueEnum::to_possible_value)
    }

    fn read(&self, text: &str) -> Result<Asked<T>, String> {
        let named = self.named.iter().find(|format| {
            let value = format.to_possible_value();
            value.is_some_and(|value| value.matches(text, false))
        });
        if let Some(format) = named {
            return Ok(Asked::Named(*format));
        }
        if text.contains("{{") {
            return (self.template)(text)
                .map(Asked::Template)
                .map_err(|error| error.to_string());
        }
        let names: Vec<String> = self.names().map(|value| value.get_name().to_owned()).collect();
        Err(format!(
            "it is {} or a template such as '{{{{.ID}}}}'",
            names.join(", ")
        ))
    }
}

impl<T: Debug + Clone + Send + Sync + 'static> TypedValueParser for FormatParser<T> {
    type Value = Asked<T>;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Self::Value, clap::Error> {
        let parser = self.clone();
        let read = StringValueParser::new().try_map(move |text| parser.read(&text));
        read.parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_no_name_is_a_template_if_it_looks_like_one() {
        let parser = ListFormat::parser();
        assert!(matches!(parser.read("json"), Ok(Asked::Named(Format::Json))));
        assert!(matches!(parser.read("table {{.ID}}"), Ok(Asked::Template(_))));
        let error = parser.read("jsno").unwrap_err();
        assert_eq!(error, "it is table, json, yaml, toml or a template such as '{{.ID}}'");
        assert!(parser.read("{{.ID").unwrap_err().starts_with("column 1: "));
        assert!(ObjectFormat::parser_of_inspect().read("table").is_err());
    }

    #[test]
    fn texts_cannot_drive_a_terminal() {
        let value = json!({ "a\u{1b}": ["x\u{1b}[2J\ty\n\n", 1] });
        assert_eq!(harmless(&value), json!({ "a\u{fffd}": ["x\u{fffd}[2J\ty\n\n", 1] }));
    }

    #[test]
    fn objects_are_a_line_each() {
        let template = Template::parse("{{.id}}").unwrap();
        let values = [json!({ "id": "web" }), json!({ "id": "db" })];
        assert_eq!(lines(&template, &values).unwrap(), "web\ndb\n");
        let error = lines(&template, &[json!({ "name": 1 })]).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("column 3") && text.contains(".name"), "{text}");
    }
}
