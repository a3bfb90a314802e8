//! Values as text: as Go writes them, and as JSON.

use serde_json::{Map, Number, Value};

/// What Go's templates write for a value that is not there.
const NO_VALUE: &str = "<no value>";
/// What Go writes for one within another.
const NIL: &str = "<nil>";

/// From so many digits before the point on, Go writes a number with an exponent.
const DIGITS: i32 = 21;

/// A value as a template writes it.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => NO_VALUE.to_owned(),
        value => printed(value),
    }
}

/// A value as the functions that print write it, and as it is within another.
pub(crate) fn printed(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str(NIL),
        Value::Bool(is_true) => text.push_str(if *is_true { "true" } else { "false" }),
        Value::Number(written) => text.push_str(&number(written, DIGITS)),
        Value::String(string) => text.push_str(string),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            text.push_str("map[");
            for (index, (key, value)) in in_order(fields).into_iter().enumerate() {
                if index > 0 {
                    text.push(' ');
                }
                text.push_str(key);
                text.push(':');
                write(value, text);
            }
            text.push(']');
        }
    }
}

/// A number; with an exponent if it has at least `digits` digits before the point, or four zeros behind it.
pub(crate) fn number(number: &Number, digits: i32) -> String {
    let Some(float) = number.as_f64().filter(|_| number.is_f64()) else {
        return number.to_string();
    };
    let scientific = format!("{float:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if exponent < -4 || exponent >= digits => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => float.to_string(),
    }
}

/// Fields by their keys, however maps are kept by the build of `serde_json`.
pub(crate) fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_key(|(key, _)| *key);
    fields
}

/// A value as JSON in one line, with its keys in order.
pub(crate) fn json(value: &Value) -> String {
    sorted(value).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(fields) => {
            let fields = in_order(fields).into_iter();
            Value::Object(fields.map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        other => other.clone(),
    }
}

/// What a value is, for messages.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_go_writes_them() {
        let value = json!({ "b": [1, "x", null, 2.5, 1e3], "a": { "c": true } });
        assert_eq!(shown(&value), "map[a:map[c:true] b:[1 x <nil> 2.5 1000]]");
        assert_eq!(
            (shown(&json!(null)), printed(&json!(null))),
            ("<no value>".to_owned(), "<nil>".to_owned())
        );
        for (number, written) in [
            (1e21, "1e+21"),
            (1.5e20, "150000000000000000000"),
            (1e-6, "1e-06"),
            (0.0001, "0.0001"),
        ] {
            assert_eq!(shown(&json!(number)), written);
        }
        assert_eq!(json(&value), r#"{"a":{"c":true},"b":[1,"x",null,2.5,1000.0]}"#);
    }
}
