//! `--filter` of images.

use std::collections::BTreeMap;

use container_engine::{ConfiguredEngine, ImageSummary};
use container_oci::Reference;
use time::OffsetDateTime;

use super::rows::{created, usual_variant};
use crate::arguments::{Filter, Filters, TRUTH};
use crate::error::{CommandError, cannot};

const KEYS: [&str; 5] = ["dangling", "reference", "label", "before", "since"];

/// Reads a filter.
pub(super) fn image_filter(text: &str) -> Result<Filter, String> {
    Filter::parse(text, &KEYS)?.check_value("dangling", &TRUTH)
}

/// What filters refer to, looked up once.
#[derive(Debug, Default)]
pub(super) struct Criteria<'a> {
    filters: &'a [Filter],
    before: Option<OffsetDateTime>,
    since: Option<OffsetDateTime>,
}

impl<'a> Criteria<'a> {
    /// # Errors
    /// When an image that a filter names is not found, or has no date.
    pub(super) fn look_up(filters: &'a [Filter], engine: &ConfiguredEngine) -> Result<Self, CommandError> {
        let made = |text: &str| -> Result<OffsetDateTime, CommandError> {
            let reference = engine.find_image(text)?;
            let image = engine.inspect_image(&reference);
            let image = image.map_err(|error| cannot(format!("inspect image {text}"), error))?;
            date(&image).ok_or_else(|| CommandError::new(format!("image {text} has no date to compare with")))
        };
        let dates = |key| Filters(filters).values(key).map(made).collect::<Result<Vec<_>, _>>();
        Ok(Self {
            filters,
            before: dates("before")?.into_iter().max(),
            since: dates("since")?.into_iter().min(),
        })
    }

    /// Whether an image passes all filters.
    pub(super) fn pass(&self, image: &ImageSummary, familiar: &dyn Fn(&Reference) -> String) -> bool {
        let filters = Filters(self.filters);
        let date = date(image);
        filters.pass_truth("dangling", image.is_dangling)
            && filters.pass("reference", |pattern| is_named(&familiar(&image.reference), pattern))
            && filters.pass_labels(&labels(image))
            && self.before.is_none_or(|before| date.is_some_and(|date| date < before))
            && self.since.is_none_or(|since| date.is_some_and(|date| date > since))
    }
}

fn date(image: &ImageSummary) -> Option<OffsetDateTime> {
    usual_variant(image).and_then(created)
}

/// The labels of the variant that is meant when no platform is named.
fn labels(image: &ImageSummary) -> BTreeMap<String, String> {
    let labels = usual_variant(image).and_then(|variant| variant.config["config"]["Labels"].as_object());
    let pairs = labels.into_iter().flatten();
    pairs
        .map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect()
}

/// Whether a pattern is of a name, with its tag or without: `alpine`, `alpine:3*`, `localhost/*`.
fn is_named(familiar: &str, pattern: &str) -> bool {
    let without_digest = familiar.split('@').next().unwrap_or(familiar);
    let name = match without_digest.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => without_digest,
    };
    [familiar, without_digest, name]
        .iter()
        .any(|text| is_match(text, pattern))
}

/// Whether a text has the form of a pattern, in which `*` is anything without a `/` and `?` one such character.
fn is_match(text: &str, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    let (mut at, mut of_pattern) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(of_pattern) {
            Some('*') => {
                star = Some((of_pattern, at));
                of_pattern += 1;
            }
            Some('?') if text[at] != '/' => (at, of_pattern) = (at + 1, of_pattern + 1),
            Some(char) if *char == text[at] && *char != '?' => (at, of_pattern) = (at + 1, of_pattern + 1),
            // What the last star stands for becomes longer by one.
            _ => match star {
                Some((place, begin)) if text[begin] != '/' => {
                    star = Some((place, begin + 1));
                    (at, of_pattern) = (begin + 1, place + 1);
                }
                _ => return false,
            },
        }
    }
    pattern[of_pattern..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_engine::ImageVariant;
    use container_oci::Digest;
    use serde_json::{Value, json};

    fn image(name: &str, is_dangling: bool) -> ImageSummary {
        ImageSummary {
            reference: name.parse().unwrap(),
            digest: Digest::Sha256([7; 32]),
            descriptor: Value::Null,
            variants: vec![ImageVariant {
                platform: "linux/amd64".parse().unwrap(),
                digest: Digest::Sha256([1; 32]),
                size_bytes: 1,
                created: Some("2023-11-14T22:13:20Z".to_owned()),
                config: json!({ "config": { "Labels": { "team": "a" } } }),
            }],
            is_dangling,
        }
    }

    fn passes(image: &ImageSummary, texts: &[&str]) -> bool {
        let filters: Vec<Filter> = texts.iter().map(|text| image_filter(text).unwrap()).collect();
        let criteria = Criteria {
            filters: &filters,
            ..Criteria::default()
        };
        criteria.pass(image, &Reference::familiar)
    }

    #[test]
    fn filters_are_dockers() {
        let alpine = image("alpine:3.20", false);
        for (filters, is_right) in [
            (&["dangling=false"][..], true),
            (&["dangling=true"], false),
            (&["label=team=a"], true),
            (&["label=team=b"], false),
            (&["reference=alpine"], true),
            (&["reference=alp*:3.*"], true),
            (&["reference=debian", "reference=alpine:3.20"], true),
            (&["reference=alpine:3"], false),
        ] {
            assert_eq!(passes(&alpine, filters), is_right, "{filters:?}");
        }
        assert!(passes(
            &image("localhost:5000/a/b:1", true),
            &["reference=localhost:5000/*/b", "dangling=1"]
        ));
        assert!(image_filter("dangling=perhaps").is_err() && image_filter("until=1h").is_err());
    }

    #[test]
    fn stars_do_not_cross_a_slash() {
        for (text, pattern, is_right) in [
            ("a/b", "*", false),
            ("a/b", "*/*", true),
            ("abcabd", "*abd", true),
            ("abc", "a?c", true),
            ("a/c", "a?c", false),
            ("abc", "abc*", true),
            ("abc", "ab", false),
            ("", "*", true),
        ] {
            assert_eq!(is_match(text, pattern), is_right, "{text} {pattern}");
        }
    }

    #[test]
    fn age_is_compared_with_another_image() {
        let alpine = image("alpine", false);
        let date = date(&alpine).unwrap();
        let criteria = |before, since| Criteria {
            before,
            since,
            ..Criteria::default()
        };
        let passes = |criteria: Criteria<'_>| criteria.pass(&alpine, &Reference::familiar);
        assert!(passes(criteria(Some(date + time::Duration::SECOND), None)));
        assert!(!passes(criteria(Some(date), None)) && !passes(criteria(None, Some(date))));
    }
}
