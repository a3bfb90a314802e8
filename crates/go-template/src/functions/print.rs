//! `print`, `println` and `printf`.

mod verb;

use serde_json::Value;

use super::{Held, words};
use crate::text;
use verb::Verb;

/// The values one after another, with spaces between those that are no texts.
pub(super) fn print(values: &[Held<'_>]) -> Result<String, String> {
    let mut printed = String::new();
    for (index, value) in values.iter().enumerate() {
        let is_after_text = index > 0 && values.get(index - 1).is_some_and(|before| before.is_string());
        if index > 0 && !is_after_text && !value.is_string() {
            printed.push(' ');
        }
        push(&mut printed, &text::printed(value))?;
    }
    Ok(printed)
}

/// The values with spaces between them, and a line end.
pub(super) fn line(values: &[Held<'_>]) -> Result<String, String> {
    let mut printed = String::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            printed.push(' ');
        }
        push(&mut printed, &text::printed(value))?;
    }
    printed.push('\n');
    Ok(printed)
}

/// The values in the places that a format has for them.
pub(super) fn formatted(format: &Value, values: &[Held<'_>]) -> Result<String, String> {
    let Value::String(format) = format else {
        return Err(format!("printf expects a text first instead of {}", text::kind(format)));
    };
    let mut values = values.iter();
    let mut rest = format.as_str();
    let mut printed = String::new();
    while let Some((before, behind)) = rest.split_once('%') {
        push(&mut printed, before)?;
        let (verb, behind) = Verb::parse(behind)?;
        rest = behind;
        if verb.is_percent() {
            printed.push('%');
            continue;
        }
        let value = values
            .next()
            .ok_or_else(|| format!("printf has no value for %{}", verb.letter()))?;
        push(&mut printed, &verb.show(value)?)?;
    }
    push(&mut printed, rest)?;
    match values.len() {
        0 => Ok(printed),
        count => Err(format!("printf has {count} more values than its text has places for")),
    }
}

fn push(printed: &mut String, text: &str) -> Result<(), String> {
    words::bounded(printed.len() + text.len())?;
    printed.push_str(text);
    Ok(())
}
