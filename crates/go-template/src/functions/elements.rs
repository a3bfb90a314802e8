//! Elements of lists and objects.

use std::borrow::Cow;

use serde_json::Value;

use super::{Held, whole};
use crate::text;

/// The first argument that decides, or the last one.
pub(super) fn first_or_last<'a>(arguments: Vec<Held<'a>>, decides: impl Fn(&Value) -> bool) -> Held<'a> {
    let last = arguments.len().saturating_sub(1);
    let mut chosen = arguments
        .into_iter()
        .enumerate()
        .filter(|(index, value)| *index == last || decides(value));
    chosen.next().map_or(Cow::Owned(Value::Null), |(_, value)| value)
}

/// `index VALUE KEY…`: the element of an element. A key that an object does not have gives nothing.
pub(super) fn index<'a>(arguments: Vec<Held<'a>>) -> Result<Held<'a>, String> {
    let mut arguments = arguments.into_iter();
    let mut value = arguments.next().unwrap_or(Cow::Owned(Value::Null));
    for key in arguments {
        value = element(value, &key)?;
    }
    Ok(value)
}

fn element<'a>(value: Held<'a>, key: &Value) -> Result<Held<'a>, String> {
    let nothing = Cow::Owned(Value::Null);
    match value {
        Cow::Borrowed(Value::Object(fields)) => Ok(fields.get(name(key)?).map_or(nothing, Cow::Borrowed)),
        Cow::Owned(Value::Object(mut fields)) => Ok(fields.remove(name(key)?).map_or(nothing, Cow::Owned)),
        Cow::Borrowed(Value::Array(items)) => {
            let place = place(key, items.len(), false)?;
            Ok(items.get(place).map_or(nothing, Cow::Borrowed))
        }
        Cow::Owned(Value::Array(mut items)) => {
            let place = place(key, items.len(), false)?;
            Ok(Cow::Owned(items.swap_remove(place)))
        }
        // An object that is not there has no such key either.
        value if value.is_null() => Ok(nothing),
        value => Err(format!(
            "index expects a list or an object instead of {}",
            text::kind(&value)
        )),
    }
}

fn name(key: &Value) -> Result<&str, String> {
    key.as_str()
        .ok_or_else(|| format!("the key of an object is a text, not {}", text::kind(key)))
}

/// A place in `length` elements, or behind the last one.
fn place(key: &Value, length: usize, may_be_end: bool) -> Result<usize, String> {
    let place = usize::try_from(whole(key)?).ok();
    let place = place.filter(|place| *place < length || (may_be_end && *place == length));
    place.ok_or_else(|| format!("{key} is out of range: there are {length}, the first one is 0"))
}

/// `slice VALUE FROM TO`: the elements of a list or the characters of a text.
pub(super) fn slice(value: &Value, bounds: &[Held<'_>]) -> Result<Value, String> {
    let length = length(value)?;
    let bound = |index: usize, default: usize| match bounds.get(index) {
        Some(key) => place(key, length, true),
        None => Ok(default),
    };
    let (from, to) = (bound(0, 0)?, bound(1, length)?);
    if from > to {
        return Err(format!(
            "the slice from {from} to {to} has its end before its beginning"
        ));
    }
    match value {
        Value::Array(items) => Ok(items.iter().skip(from).take(to - from).cloned().collect()),
        Value::String(text) => Ok(text.chars().skip(from).take(to - from).collect::<String>().into()),
        other => Err(format!(
            "slice expects a list or a text instead of {}",
            text::kind(other)
        )),
    }
}

/// How many elements, fields or characters a value has.
pub(super) fn length(value: &Value) -> Result<usize, String> {
    match value {
        Value::Array(items) => Ok(items.len()),
        Value::Object(fields) => Ok(fields.len()),
        Value::String(text) => Ok(text.chars().count()),
        Value::Null => Ok(0),
        other => Err(format!(
            "expected a list, an object or a text, which have a length, instead of {}",
            text::kind(other)
        )),
    }
}
