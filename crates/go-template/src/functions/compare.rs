//! Comparison of values.

use std::cmp::Ordering;

use serde_json::Value;

use super::Held;
use crate::text;

/// Whether a value is any of the others.
pub(super) fn is_any(value: &Value, others: &[Held<'_>]) -> Result<bool, String> {
    for other in others {
        if is_equal(value, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two values are the same. Nothing is the same as nothing only.
pub(super) fn is_equal(one: &Value, other: &Value) -> Result<bool, String> {
    match (one, other) {
        (Value::Null, _) | (_, Value::Null) => Ok(one == other),
        (Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        _ => Ok(order(one, other)?.is_eq()),
    }
}

/// Which of two numbers or texts comes first.
pub(super) fn order(one: &Value, other: &Value) -> Result<Ordering, String> {
    let order = match (one, other) {
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Number(first), Value::Number(second)) => match (first.as_i64(), second.as_i64()) {
            (Some(first), Some(second)) => Some(first.cmp(&second)),
            _ => first
                .as_f64()
                .zip(second.as_f64())
                .and_then(|(first, second)| first.partial_cmp(&second)),
        },
        _ => None,
    };
    order.ok_or_else(|| {
        format!(
            "{} and {} cannot be compared: expected two numbers or two texts",
            text::kind(one),
            text::kind(other)
        )
    })
}
