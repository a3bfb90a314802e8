//! `--filter KEY=VALUE` of lists, several times.
//!
//! As in Docker, an entry has to pass the filters of every key; of several with the same key one is enough, but for labels, of which it
//! needs all.

use std::collections::BTreeMap;

/// One filter, whose key is one of those of its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    key: String,
    value: String,
}

impl Filter {
    /// Reads a filter whose key is one of `keys`. The reason names them if it is not.
    pub(crate) fn parse(text: &str, keys: &[&str]) -> Result<Self, String> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| format!("it is KEY=VALUE, with one of the keys {}", keys.join(", ")))?;
        if !keys.contains(&key) {
            return Err(format!("there is no filter {key:?}: there are {}", keys.join(", ")));
        }
        Ok(Self {
            key: key.to_owned(),
            value: value.to_owned(),
        })
    }

    /// A reason why the value makes no sense, unless it is one of these.
    pub(crate) fn check_value(self, key: &str, values: &[&str]) -> Result<Self, String> {
        if self.key != key || values.contains(&self.value.as_str()) {
            return Ok(self);
        }
        Err(format!(
            "{:?} is no {key}: it is one of {}",
            self.value,
            values.join(", ")
        ))
    }
}

/// All filters of a command line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filters<'a>(pub(crate) &'a [Filter]);

impl<'a> Filters<'a> {
    /// The values of a key.
    pub(crate) fn values(self, key: &str) -> impl Iterator<Item = &'a str> {
        let filters = self.0.iter().filter(move |filter| filter.key == key);
        filters.map(|filter| filter.value.as_str())
    }

    pub(crate) fn has(self, key: &str) -> bool {
        self.values(key).next().is_some()
    }

    /// Whether one of the values of a key is right, or there is none.
    pub(crate) fn pass(self, key: &str, is_right: impl FnMut(&str) -> bool) -> bool {
        !self.has(key) || self.values(key).any(is_right)
    }

    /// Whether all labels are there: `KEY`, or `KEY=VALUE` with this value.
    pub(crate) fn pass_labels(self, labels: &BTreeMap<String, String>) -> bool {
        self.values("label").all(|label| match label.split_once('=') {
            Some((key, value)) => labels.get(key).is_some_and(|found| found == value),
            None => labels.contains_key(label),
        })
    }

    /// Whether a truth value is the one that is asked for.
    pub(crate) fn pass_truth(self, key: &str, is_true: bool) -> bool {
        self.pass(key, |value| matches!(value, "true" | "1") == is_true)
    }
}

/// Values of a filter that asks for a truth value.
pub(crate) const TRUTH: [&str; 4] = ["true", "false", "1", "0"];

/// Whether a name has a part: `web`, `^web`, `web$`, `^/web$`, where `/` is that which Docker has before names.
pub(crate) fn is_part_of_name(part: &str, name: &str) -> bool {
    let (part, is_beginning) = match part.strip_prefix('^') {
        Some(part) => (part, true),
        None => (part, false),
    };
    let part = part.strip_prefix('/').unwrap_or(part);
    match (part.strip_suffix('$'), is_beginning) {
        (Some(part), true) => name == part,
        (Some(part), false) => name.ends_with(part),
        (None, true) => name.starts_with(part),
        (None, false) => name.contains(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filters(texts: &[&str]) -> Vec<Filter> {
        let keys = ["name", "label", "dangling"];
        texts.iter().map(|text| Filter::parse(text, &keys).unwrap()).collect()
    }

    #[test]
    fn a_key_that_there_is_not_is_told_which_there_are() {
        let error = Filter::parse("nmae=x", &["name", "id"]).unwrap_err();
        assert_eq!(error, "there is no filter \"nmae\": there are name, id");
        assert!(
            Filter::parse("name", &["name", "id"])
                .unwrap_err()
                .contains("KEY=VALUE")
        );
        let state = Filter::parse("status=up", &["status"]).unwrap();
        let error = state.check_value("status", &["running", "exited"]).unwrap_err();
        assert_eq!(error, "\"up\" is no status: it is one of running, exited");
    }

    #[test]
    fn one_value_is_enough_but_all_labels_are_needed() {
        let texts = filters(&["name=a", "name=b", "label=x", "label=y=1"]);
        let filters = Filters(&texts);
        assert!(filters.pass("name", |value| value == "b") && !filters.pass("name", |value| value == "c"));
        assert!(filters.pass("dangling", |_| false) && filters.pass_truth("dangling", true));
        let labels = |pairs: &[(&str, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
            pairs.collect()
        };
        assert!(filters.pass_labels(&labels(&[("x", "anything"), ("y", "1")])));
        assert!(!filters.pass_labels(&labels(&[("x", "anything"), ("y", "2")])));
        assert!(!filters.pass_labels(&labels(&[("y", "1")])));
    }

    #[test]
    fn names_are_found_by_parts_and_anchors() {
        for (part, is_found) in [
            ("eb", true),
            ("^web", true),
            ("^eb", false),
            ("b$", true),
            ("e$", false),
            ("^/web$", true),
            ("/web", true),
            ("^we$", false),
            ("", true),
        ] {
            assert_eq!(is_part_of_name(part, "web"), is_found, "{part}");
        }
    }
}
