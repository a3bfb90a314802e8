//! Named contexts: what takes the place of stages and images.

use std::collections::BTreeMap;

use container_oci::Reference;

/// Names that always mean the same.
const FIXED: [&str; 2] = ["scratch", "context"];

/// What `--build-context name=…` stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NamedContext {
    /// Files: a directory, a tar.
    Files,
    /// An image.
    Image(Reference),
    /// An image of an OCI layout.
    Layout,
}

/// The named contexts of a build.
#[derive(Debug, Clone, Default)]
pub(crate) struct NamedContexts(BTreeMap<String, NamedContext>);

impl NamedContexts {
    /// Adds a context. The names `scratch` and `context` mean nothing.
    pub(crate) fn insert(&mut self, name: &str, context: NamedContext) {
        self.0.insert(name.to_ascii_lowercase(), context);
    }

    /// The context that a stage or an image of this name gives way to, and its own name. An image is found under all forms of its name.
    pub(super) fn find(&self, name: &str) -> Option<(&str, &NamedContext)> {
        if self.0.is_empty() || FIXED.iter().any(|fixed| fixed.eq_ignore_ascii_case(name)) {
            return None;
        }
        let lower = name.to_ascii_lowercase();
        let found = self.0.get_key_value(&lower).or_else(|| {
            let wanted: Reference = name.parse().ok()?;
            self.0
                .iter()
                .find(|(known, _)| known.parse().is_ok_and(|known: Reference| known == wanted))
        });
        found.map(|(name, context)| (name.as_str(), context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_found_under_all_forms_of_its_name() {
        let mut contexts = NamedContexts::default();
        contexts.insert("Alpine", NamedContext::Files);
        contexts.insert("context", NamedContext::Files);
        for name in ["alpine", "ALPINE", "alpine:latest", "docker.io/library/alpine"] {
            assert!(contexts.find(name).is_some(), "{name}");
        }
        for name in ["alpine:3", "scratch", "context"] {
            assert!(contexts.find(name).is_none(), "{name}");
        }
    }
}
