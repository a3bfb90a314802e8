//! Arrays of texts in JSON, the form of an instruction that has no shell.

use serde_json::Value;

/// What a text is as JSON.
pub(crate) enum Json {
    /// An array of texts.
    Texts(Vec<String>),
    /// An array that holds something else as well.
    OtherArray,
    /// Anything else, which is therefore no JSON that is meant.
    None,
}

pub(crate) fn read(text: &str) -> Json {
    let text = text.trim();
    if !text.starts_with('[') {
        return Json::None;
    }
    let Ok(values) = serde_json::from_str::<Vec<Value>>(text) else {
        return Json::None;
    };
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect::<Option<_>>().map_or(Json::OtherArray, Json::Texts)
}

/// `["a", "b"]`
pub(crate) fn write<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| Value::from(text).to_string()).collect();
    format!("[{}]", texts.join(", "))
}
