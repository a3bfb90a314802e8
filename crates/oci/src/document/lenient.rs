//! Deserialisers for Go's zero values: `null`, an empty text, a list of one empty text.
//!
//! Docker's tools and others write the zero values of fields that are not set, and read `null` as one (`encoding/json`,
//! "Unmarshal"). A field with a zero value is read like a missing field.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

use super::{Empty, History};
use crate::media_type::{MediaType, MediaTypeKind as _};
use crate::platform::Platform;

/// Reads `null` as the default value.
pub(super) fn null_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text that is not empty.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|text: &String| !text.is_empty()))
}

/// A media type that is not empty.
pub(super) fn media_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<MediaType>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|media_type: &MediaType| !media_type.is_empty()))
}

/// A platform that is not empty.
pub(super) fn platform<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Platform>, D::Error> {
    Ok(Option::deserialize(deserializer)?.filter(|platform: &Platform| !platform.is_untold()))
}

/// Texts, without the empty ones.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts: Vec<Option<String>> = null_default(deserializer)?;
    Ok(texts.into_iter().flatten().filter(|text| !text.is_empty()).collect())
}

/// A program and its arguments, some of which may be empty. `[""]` counts as missing (moby `daemon/create.go`: "Reset the Entrypoint if
/// it is [""]").
pub(super) fn command<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let words: Vec<Option<String>> = null_default(deserializer)?;
    let words: Vec<String> = words.into_iter().map(Option::unwrap_or_default).collect();
    match words.as_slice() {
        [only] if only.is_empty() => Ok(Vec::new()),
        _ => Ok(words),
    }
}

/// Names with texts, where `null` is an empty text.
pub(super) fn text_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let map: BTreeMap<String, Option<String>> = null_default(deserializer)?;
    let pairs = map.into_iter().map(|(name, text)| (name, text.unwrap_or_default()));
    Ok(pairs.collect())
}

/// A set of names as Go writes it, without the empty one.
pub(super) fn names<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Empty>, D::Error> {
    let map: BTreeMap<String, Option<Empty>> = null_default(deserializer)?;
    let named = map.into_keys().filter(|name| !name.is_empty());
    Ok(named.map(|name| (name, Empty {})).collect())
}

/// The steps of a history. `oci-spec` reads `null` as missing; the other zero values are taken out here.
pub(super) fn history<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<History>, D::Error> {
    let mut steps: Vec<History> = null_default(deserializer)?;
    let told = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    for step in &mut steps {
        step.set_created(told(step.created()));
        step.set_author(told(step.author()));
        step.set_created_by(told(step.created_by()));
        step.set_comment(told(step.comment()));
        step.set_empty_layer(step.empty_layer().filter(|is_empty| *is_empty));
    }
    Ok(steps)
}
