//! `KEY=VALUE` with commas between, as a line of a CSV file: what is in quotes may have commas.

use container_build::Annotation;

use super::annotation::annotation;
use crate::arguments::fields;

/// What a key of an annotation begins with.
const ANNOTATION: &str = "annotation";
/// What other tools need to be told and is so here: key and value.
const GIVEN: [(&str, &str); 6] = [
    ("compression", "gzip"),
    ("oci-mediatypes", "true"),
    ("unpack", "true"),
    ("unpack", "false"),
    ("store", "true"),
    ("force-compression", "false"),
];

/// What is said of an output; each is asked for once.
#[derive(Debug)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let pairs = fields::split(text)?
            .into_iter()
            .map(|field| match field.split_once('=') {
                Some((key, value)) => Ok((key.trim().to_owned(), value.to_owned())),
                None => Err(format!("{field:?} is no KEY=VALUE")),
            });
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// The value of a key; the last one, where there are several.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let mut found = None;
        self.0.retain(|(known, value)| {
            let is_it = known == key;
            if is_it {
                found = Some(value.clone());
            }
            !is_it
        });
        found
    }

    /// Whether something is wanted.
    pub(super) fn flag(&mut self, key: &str) -> Result<Option<bool>, String> {
        let Some(text) = self.text(key) else {
            return Ok(None);
        };
        let wanted = switch(&text).ok_or_else(|| format!("{key} is true or false, and not {text:?}"))?;
        Ok(Some(wanted))
    }

    /// `annotation.KEY`, `annotation-PLACE.KEY` and `annotation-PLACE[PLATFORM].KEY`.
    pub(super) fn annotations(&mut self) -> Result<Vec<Annotation>, String> {
        let (ours, others) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(key, _)| key.starts_with(ANNOTATION));
        self.0 = others;
        let annotations = ours.into_iter().map(|(key, value): (String, String)| {
            let rest = &key[ANNOTATION.len()..];
            let (place, name) = rest.split_once('.').ok_or("a key is needed: annotation.KEY=VALUE")?;
            let place = match place.strip_prefix('-') {
                Some(place) => place.to_owned(),
                None => format!("manifest{place}"),
            };
            annotation(&place, name, &value)
        });
        annotations.collect()
    }

    /// Refuses what nobody has asked for.
    pub(super) fn finish(self, kind: &str) -> Result<(), String> {
        let unknown = self.0.into_iter().find(|(key, value)| {
            let is_given = |given: &(&str, &str)| *given == (key.as_str(), value.as_str());
            !GIVEN.iter().any(is_given)
        });
        match unknown {
            Some((key, value)) => Err(format!("{key}={value} is not supported for type={kind}")),
            None => Ok(()),
        }
    }
}

/// Yes or no, as Go's programs write it.
pub(super) fn switch(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
