//! Cases and their recorded results.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::node::Node;

/// A build.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    /// The directory of its context below that of all.
    pub(crate) context: String,
    /// The Dockerfile in the context.
    pub(crate) dockerfile: String,
    /// Options as BuildKit's frontend takes them: `build-arg:NAME`, `label:NAME`, `context:NAME`, `target`.
    #[serde(default)]
    opts: BTreeMap<String, String>,
}

impl Case {
    /// The options as flags of `container build`.
    pub(crate) fn flags(&self) -> Vec<String> {
        let flag = |(option, value): (&String, &String)| match option.split_once(':') {
            Some(("build-arg", name)) => ["--build-arg".to_owned(), format!("{name}={value}")],
            Some(("label", name)) => ["--label".to_owned(), format!("{name}={value}")],
            Some(("context", name)) => ["--build-context".to_owned(), format!("{name}={value}")],
            _ => [format!("--{option}"), value.clone()],
        };
        self.opts.iter().flat_map(flag).collect()
    }
}

/// What BuildKit made of a case.
#[derive(Debug, Deserialize)]
pub(crate) struct Expected {
    /// Whether it is built at all.
    pub(crate) ok: bool,
    /// Files of the root that are not those of the base image, by their paths without a leading slash.
    #[serde(default)]
    pub(crate) tree: BTreeMap<String, Node>,
    /// The `config` of the image's configuration.
    #[serde(default)]
    pub(crate) config: Map<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_flags() {
        let line = r#"{"id":"1","context":"c","dockerfile":"D","opts":{"build-arg:A":"b=c","target":"t"}}"#;
        let case: Case = serde_json::from_str(line).unwrap();
        assert_eq!(case.flags(), ["--build-arg", "A=b=c", "--target", "t"]);
    }
}
