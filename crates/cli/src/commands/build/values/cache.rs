//! `--cache-from` and `--cache-to`.

use std::path::PathBuf;
use std::str::FromStr;

use container_build::{CacheDestination, CacheMode, CachePlace, CacheSource, CacheTarget};
use container_engine::Scheme;
use container_oci::{Digest, Reference};

use super::attributes::Attributes;
use crate::error::CommandError;

/// What a cache in a directory is called, unless it is said.
const DEFAULT_TAG: &str = "latest";

/// `type=local,src=DIRECTORY`, `type=registry,ref=NAME`, or a name
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct CacheFromFlag(Place, Option<Digest>);

/// `type=local,dest=DIRECTORY`, `type=registry,ref=NAME`, `type=inline`, or a name
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct CacheToFlag {
    place: Place,
    mode: CacheMode,
    ignores_errors: bool,
}

/// Where a cache is, with names that are not completed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Inline,
    Local(PathBuf, String),
    Registry(String, Scheme),
}

impl FromStr for CacheFromFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('=') {
            return Ok(Self(Place::Registry(text.to_owned(), Scheme::Auto), None));
        }
        let mut attributes = Attributes::parse(text)?;
        let kind = attributes.text("type").ok_or("a type is needed: type=TYPE")?;
        let digest = match attributes.text("digest") {
            Some(digest) => Some(digest.parse().map_err(|error| format!("{error}"))?),
            None => None,
        };
        let place = match kind.as_str() {
            "local" => local(&mut attributes, "src")?,
            "registry" => registry(&mut attributes)?,
            other => return Err(format!("{other:?} is no type: local and registry are")),
        };
        attributes.finish(&kind)?;
        Ok(Self(place, digest))
    }
}

impl FromStr for CacheToFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if !text.contains('=') {
            return Ok(Self {
                place: Place::Registry(text.to_owned(), Scheme::Auto),
                mode: CacheMode::Min,
                ignores_errors: false,
            });
        }
        let mut attributes = Attributes::parse(text)?;
        let kind = attributes.text("type").ok_or("a type is needed: type=TYPE")?;
        let place = match kind.as_str() {
            "inline" => Place::Inline,
            "local" => local(&mut attributes, "dest")?,
            "registry" => registry(&mut attributes)?,
            other => return Err(format!("{other:?} is no type: inline, local and registry are")),
        };
        let mode = match attributes.text("mode").as_deref() {
            None | Some("min") => CacheMode::Min,
            Some("max") if place == Place::Inline => return Err("an inline cache has mode=min".to_owned()),
            Some("max") => CacheMode::Max,
            Some(other) => return Err(format!("mode is min or max, and not {other:?}")),
        };
        let ignores_errors = attributes.flag("ignore-error")?.unwrap_or(false);
        // An image manifest is what is written.
        if attributes.flag("image-manifest")? == Some(false) {
            return Err("image-manifest=false is not supported".to_owned());
        }
        attributes.finish(&kind)?;
        Ok(Self {
            place,
            mode,
            ignores_errors,
        })
    }
}

fn local(attributes: &mut Attributes, key: &str) -> Result<Place, String> {
    let directory = attributes
        .text(key)
        .ok_or(format!("a directory is needed: {key}=DIRECTORY"))?;
    let tag = attributes.text("tag").unwrap_or_else(|| DEFAULT_TAG.to_owned());
    Ok(Place::Local(PathBuf::from(directory), tag))
}

fn registry(attributes: &mut Attributes) -> Result<Place, String> {
    let name = attributes.text("ref").ok_or("a name is needed: ref=NAME")?;
    let scheme = match attributes.flag("registry.insecure")? {
        Some(true) => Scheme::Http,
        _ => Scheme::Auto,
    };
    Ok(Place::Registry(name, scheme))
}

type ReferenceOf<'a> = &'a dyn Fn(&str) -> Result<Reference, CommandError>;

impl CacheFromFlag {
    pub(in super::super) fn into_source(self, reference: ReferenceOf<'_>) -> Result<CacheSource, CommandError> {
        Ok(match self.0 {
            Place::Local(directory, tag) => CacheSource::Local {
                directory,
                tag,
                digest: self.1,
            },
            Place::Registry(name, scheme) => CacheSource::Registry {
                reference: reference(&name)?,
                scheme,
            },
            Place::Inline => return Err(CommandError::usage("an inline cache is in an image: type=registry")),
        })
    }
}

impl CacheToFlag {
    /// A cache in the image.
    pub(in super::super) fn inline() -> Self {
        Self {
            place: Place::Inline,
            mode: CacheMode::Min,
            ignores_errors: false,
        }
    }

    pub(in super::super) fn into_target(self, reference: ReferenceOf<'_>) -> Result<CacheTarget, CommandError> {
        Ok(CacheTarget {
            place: match self.place {
                Place::Inline => CachePlace::Inline,
                Place::Local(directory, tag) => CachePlace::Apart(CacheDestination::Local { directory, tag }),
                Place::Registry(name, scheme) => CachePlace::Apart(CacheDestination::Registry {
                    reference: reference(&name)?,
                    scheme,
                }),
            },
            mode: self.mode,
            ignores_errors: self.ignores_errors,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_is_in_a_directory_a_registry_or_an_image() {
        let from = |text: &str| text.parse::<CacheFromFlag>().map(|flag| flag.0);
        let latest = |directory: &str| Place::Local(directory.into(), DEFAULT_TAG.to_owned());
        assert_eq!(from("a/b:c"), Ok(Place::Registry("a/b:c".to_owned(), Scheme::Auto)));
        assert_eq!(from("type=local,src=dir"), Ok(latest("dir")));
        let http = Place::Registry("x".to_owned(), Scheme::Http);
        assert_eq!(from("type=registry,ref=x,registry.insecure=true"), Ok(http));
        let to = |text: &str| text.parse::<CacheToFlag>();
        let local = to("type=local,dest=dir,mode=max,ignore-error=true,compression=gzip").unwrap();
        assert_eq!(
            (local.place, local.mode, local.ignores_errors),
            (latest("dir"), CacheMode::Max, true)
        );
        assert_eq!(to("type=inline").unwrap().place, Place::Inline);
        for text in [
            "type=gha",
            "type=local",
            "type=registry",
            "type=inline,mode=max",
            "type=local,dest=a,mode=x",
        ] {
            assert!(to(text).is_err(), "{text}");
        }
        for text in ["type=inline", "type=local,dest=a", "type=local,src=a,digest=x", "src=a"] {
            assert!(from(text).is_err(), "{text}");
        }
    }
}
