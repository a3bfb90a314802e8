//! Functions of texts.

use serde_json::Value;

use super::whole;
use crate::{limits, text};

/// A text; numbers and truth values are taken for theirs.
pub(super) fn of(value: &Value) -> Result<String, String> {
    match value {
        Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(text::shown(value)),
        other => Err(format!("expected a text instead of {}", text::kind(other))),
    }
}

/// The elements of a list with something between them.
pub(super) fn join(list: &Value, separator: &Value) -> Result<String, String> {
    let Value::Array(items) = list else {
        return Err(format!("join expects a list instead of {}", text::kind(list)));
    };
    let words: Vec<String> = items.iter().map(text::shown).collect();
    let separator = of(separator)?;
    let length = words.iter().map(String::len).sum::<usize>() + separator.len() * words.len();
    bounded(length)?;
    Ok(words.join(&separator))
}

/// The parts of a text between separators; its characters when the separator is empty.
pub(super) fn split(value: &Value, separator: &Value) -> Result<Vec<Value>, String> {
    let (text, separator) = (of(value)?, of(separator)?);
    let parts: Vec<Value> = match separator.as_str() {
        "" => text
            .chars()
            .take(limits::STEPS)
            .map(|char| char.to_string().into())
            .collect(),
        separator => text.split(separator).take(limits::STEPS).map(Value::from).collect(),
    };
    if parts.len() < limits::STEPS {
        return Ok(parts);
    }
    Err(format!("split makes fewer than {} parts", limits::STEPS))
}

/// Every word with a capital letter, as Go finds words: `it's` is two.
pub(super) fn title(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut is_in_word = false;
    for char in text.chars() {
        if is_in_word {
            titled.push(char);
        } else {
            titled.extend(char.to_uppercase());
        }
        is_in_word = match char.is_ascii() {
            true => char.is_ascii_alphanumeric() || char == '_',
            false => !char.is_whitespace(),
        };
    }
    titled
}

/// The first characters of a text.
pub(super) fn truncate(text: &str, length: &Value) -> Result<String, String> {
    let length = usize::try_from(whole(length)?).unwrap_or(0);
    Ok(text.chars().take(length).collect())
}

/// A text with spaces before and behind it, unless it is empty.
pub(super) fn pad(text: &str, before: &Value, behind: &Value) -> Result<String, String> {
    let spaces = |value: &Value| {
        let count = usize::try_from(whole(value)?).unwrap_or(0);
        let most = limits::WIDTH_CHARACTERS;
        (count <= most)
            .then(|| " ".repeat(count))
            .ok_or_else(|| format!("pad makes at most {most} spaces"))
    };
    let (before, behind) = (spaces(before)?, spaces(behind)?);
    Ok(if text.is_empty() {
        String::new()
    } else {
        format!("{before}{text}{behind}")
    })
}

/// Refuses texts that are too long.
pub(super) fn bounded(bytes: usize) -> Result<(), String> {
    if bytes <= limits::OUTPUT_BYTES {
        return Ok(());
    }
    Err(format!("this text is longer than {} MiB", limits::OUTPUT_BYTES >> 20))
}
