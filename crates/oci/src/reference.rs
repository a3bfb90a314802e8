//! Image references, with Docker's defaults.
//!
//! `[registry/]repository[:tag][@digest]`. The default registry is Docker Hub, where the default namespace is `library/`; the default
//! tag, for a reference without tag and digest, is `latest`. Grammar: distribution `reference/regexp.go` and `normalize.go`.

mod parse;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::digest::Digest;
use crate::registry_host::{DEFAULT_REGISTRY, RegistryHost};

/// The namespace of a Docker Hub repository that has none.
const DEFAULT_NAMESPACE: &str = "library/";
/// The tag of a reference that has neither tag nor digest.
const DEFAULT_TAG: &str = "latest";

/// The complete name of an image. Prints in canonical form: `docker.io/library/alpine:latest`.
///
/// `oci-spec`'s reference refuses an IPv6 address as the registry, takes a host in capitals for a part of Docker Hub and an image's id for
/// a name, and knows no other default registry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

/// Why a text is not a reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no image reference: {reason}")]
pub struct ReferenceError {
    /// What was given, shortened when it is very long.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Reference {
    /// Reads a reference whose registry is `default` when it names none. `library/` belongs to Docker Hub alone.
    ///
    /// # Errors
    /// [`ReferenceError`] when `text` is not a reference.
    pub fn parse_with(text: &str, default: &RegistryHost) -> Result<Self, ReferenceError> {
        parse::reference(text, default.as_str()).map_err(|reason| parse::error(text, reason))
    }

    /// The registry's host and port: `docker.io`, `localhost:5000`, `[::1]:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository within the registry: `library/alpine`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag; `None` only when there is a digest.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest that the image must have.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The name without tag and digest: `docker.io/library/alpine`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same repository with another tag and no digest.
    ///
    /// # Errors
    /// [`ReferenceError`] when `tag` is not a valid tag.
    pub fn with_tag(&self, tag: &str) -> Result<Self, ReferenceError> {
        parse::tag(tag).map_err(|reason| parse::error(tag, reason))?;
        Ok(Self {
            tag: Some(tag.to_owned()),
            digest: None,
            ..self.clone()
        })
    }

    /// The same repository, and exactly the image with this digest.
    #[must_use]
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self {
            tag: None,
            digest: Some(digest),
            ..self.clone()
        }
    }

    /// The form that people write: without `docker.io/` and `library/`. Reads back as the same reference.
    #[must_use]
    pub fn familiar(&self) -> String {
        self.familiar_with(&RegistryHost::default())
    }

    /// The form that people write where `default` is the registry of short names: [`Self::parse_with`] reads it back as the
    /// same reference.
    #[must_use]
    pub fn familiar_with(&self, default: &RegistryHost) -> String {
        let short = if self.registry != default.as_str() {
            None
        } else if self.registry == DEFAULT_REGISTRY {
            // `library/a/b` has to keep its namespace, or it would read back as `a/b`.
            self.repository
                .strip_prefix(DEFAULT_NAMESPACE)
                .filter(|official| !official.contains('/') && !parse::is_identifier(official))
                .or(Some(&self.repository))
        } else {
            Some(self.repository.as_str())
        };
        // `x.y/z` has to keep the registry, or `x.y` would be taken for one, and so has what would be taken for an id.
        let repository = short
            .filter(|short| !parse::has_registry(short) && !parse::is_identifier(short))
            .map_or_else(|| self.name(), str::to_owned);
        format!("{repository}{}", Suffix(self))
    }
}

/// Tag and digest, as they are written at the end.
struct Suffix<'a>(&'a Reference);

impl fmt::Display for Suffix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tag) = &self.0.tag {
            write!(f, ":{tag}")?;
        }
        match &self.0.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.registry, self.repository, Suffix(self))
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        parse::reference(text, DEFAULT_REGISTRY).map_err(|reason| parse::error(text, reason))
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Reference {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn reference(text: &str) -> Reference {
        text.parse().unwrap()
    }

    #[test]
    fn short_names_are_completed_as_docker_does() {
        for (text, canonical, familiar) in [
            ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            ("alpine:3.20", "docker.io/library/alpine:3.20", "alpine:3.20"),
            ("user/app", "docker.io/user/app:latest", "user/app:latest"),
            ("docker.io/alpine", "docker.io/library/alpine:latest", "alpine:latest"),
            (
                "index.docker.io/library/alpine",
                "docker.io/library/alpine:latest",
                "alpine:latest",
            ),
            (
                "docker.io/library/a/b",
                "docker.io/library/a/b:latest",
                "library/a/b:latest",
            ),
            ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
            (
                "localhost:5000/app:v1",
                "localhost:5000/app:v1",
                "localhost:5000/app:v1",
            ),
            ("ghcr.io/a/b/c", "ghcr.io/a/b/c:latest", "ghcr.io/a/b/c:latest"),
            ("[::1]:5000/a/b:c", "[::1]:5000/a/b:c", "[::1]:5000/a/b:c"),
            ("[fe80::1]/a", "[fe80::1]/a:latest", "[fe80::1]/a:latest"),
            ("Host/app", "Host/app:latest", "Host/app:latest"),
            ("a__b/c.d-e", "docker.io/a__b/c.d-e:latest", "a__b/c.d-e:latest"),
            ("docker.io/x.y/z", "docker.io/x.y/z:latest", "docker.io/x.y/z:latest"),
        ] {
            let parsed = reference(text);
            assert_eq!(parsed.to_string(), canonical, "{text}");
            assert_eq!(parsed.familiar(), familiar, "{text}");
        }
    }

    #[test]
    fn short_names_belong_to_the_default_registry() {
        let default: RegistryHost = "ghcr.io".parse().unwrap();
        for (text, canonical, familiar) in [
            ("apple/app", "ghcr.io/apple/app:latest", "apple/app:latest"),
            ("app:1", "ghcr.io/app:1", "app:1"),
            (
                "docker.io/alpine",
                "docker.io/library/alpine:latest",
                "docker.io/library/alpine:latest",
            ),
            ("localhost/app", "localhost/app:latest", "localhost/app:latest"),
            ("ghcr.io/x.y/z", "ghcr.io/x.y/z:latest", "ghcr.io/x.y/z:latest"),
        ] {
            let parsed = Reference::parse_with(text, &default).unwrap();
            assert_eq!(parsed.to_string(), canonical, "{text}");
            assert_eq!(parsed.familiar_with(&default), familiar, "{text}");
            assert_eq!(Reference::parse_with(familiar, &default).unwrap(), parsed, "{text}");
        }
    }

    #[test]
    fn a_digest_needs_no_tag() {
        let parsed = reference(&format!("alpine@{DIGEST}"));
        assert_eq!(parsed.tag(), None);
        assert_eq!(parsed.to_string(), format!("docker.io/library/alpine@{DIGEST}"));
        let both = reference(&format!("alpine:3@{DIGEST}"));
        assert_eq!(
            (both.tag(), both.digest().map(ToString::to_string)),
            (Some("3"), Some(DIGEST.to_owned()))
        );
    }

    #[test]
    fn bad_references_are_refused() {
        let long_tag = format!("a:{}", "x".repeat(129));
        let long_name = "a/".repeat(127) + "aa";
        let identifier = "0".repeat(64);
        for text in [
            "",
            ":",
            "@",
            "a:",
            "a@",
            "a:b:c",
            "Alpine",
            "a/B",
            "a//b",
            "/a",
            "a/",
            "-a",
            "a-",
            "a..b",
            "a___b",
            "a/../b",
            "../a",
            "a b",
            "a\n",
            "a:-x",
            "a:.x",
            "a@sha256:12",
            "a@md5:d41d8cd98f00b204e9800998ecf8427e",
            "http://a/b",
            "host:port/a",
            "host:99999/a",
            "host:/a",
            "[::1/a",
            "[zz]/a",
            "[::1]x/a",
            "-host.example/a",
            "host..x/a",
            "ä",
            &long_tag,
            &long_name,
            &identifier,
        ] {
            assert!(
                text.parse::<Reference>().is_err(),
                "{text:?} was accepted as {:?}",
                text.parse::<Reference>()
            );
        }
    }

    #[test]
    fn the_familiar_form_is_never_an_id() {
        let id = "0123456789abcdef".repeat(4);
        let parsed = reference(&format!("docker.io/library/{id}:x"));
        assert_eq!(parsed.familiar(), format!("library/{id}:x"));
        assert_eq!(reference(&parsed.familiar()), parsed);
        let default: RegistryHost = "ghcr.io".parse().unwrap();
        let parsed = reference(&format!("ghcr.io/{id}:x"));
        assert_eq!(parsed.familiar_with(&default), format!("ghcr.io/{id}:x"));
    }

    #[test]
    fn a_new_tag_is_checked_and_drops_the_digest() {
        let parsed = reference(&format!("alpine@{DIGEST}"));
        assert_eq!(parsed.with_tag("x").unwrap().to_string(), "docker.io/library/alpine:x");
        assert!(parsed.with_tag("../x").is_err());
    }

    proptest! {
        #[test]
        fn both_forms_read_back(
            host in prop_oneof![Just(String::new()), "[a-z0-9]{1,8}\\.[a-z]{2,3}(:[1-9][0-9]{0,3})?/"],
            path in "([a-z0-9]{1,6}((\\.|_|__|-{1,3})[a-z0-9]{1,4})?(/[a-z0-9]{1,6}){0,3}|(library|[a-z]{1,7})/[0-9a-f]{64})",
            tag in prop_oneof![Just(String::new()), ":[A-Za-z0-9_][A-Za-z0-9_.-]{0,20}"],
            with_digest: bool,
        ) {
            let text = format!("{host}{path}{tag}{}", if with_digest { format!("@{DIGEST}") } else { String::new() });
            let parsed: Reference = text.parse().unwrap();
            prop_assert_eq!(&reference(&parsed.to_string()), &parsed);
            prop_assert_eq!(&reference(&parsed.familiar()), &parsed);
        }

        #[test]
        fn an_accepted_reference_is_safe_as_a_path(text in "[a-zA-Z0-9./:@_\\[\\] -]{0,40}") {
            if let Ok(parsed) = text.parse::<Reference>() {
                let harmless = parsed.repository().split('/').all(|part| !part.is_empty() && part != "." && part != "..");
                prop_assert!(harmless, "{parsed}");
                prop_assert_eq!(&reference(&parsed.to_string()), &parsed);
                prop_assert_eq!(&reference(&parsed.familiar()), &parsed);
            }
        }

        #[test]
        fn arbitrary_text_never_panics(text in "\\PC*") {
            let _ = text.parse::<Reference>();
        }
    }
}
