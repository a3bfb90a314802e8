//! `--annotation` and the annotations of outputs.

use std::str::FromStr;

use container_build::{Annotation, AnnotationPlace};
use container_oci::Platform;

/// `[PLACE[PLATFORM],…:]KEY=VALUE`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct AnnotationFlag(Vec<Annotation>);

impl FromStr for AnnotationFlag {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (places_and_key, value) = text.split_once('=').ok_or("a value is needed: KEY=VALUE")?;
        let (places, key) = match places_and_key.split_once(':') {
            Some((places, key)) => (places, key),
            None => ("manifest", places_and_key),
        };
        let annotations = places.split(',').map(|place| annotation(place, key, value));
        Ok(Self(annotations.collect::<Result<_, _>>()?))
    }
}

impl AnnotationFlag {
    pub(in super::super) fn into_annotations(self) -> Vec<Annotation> {
        self.0
    }
}

/// An annotation at `manifest`, `index` and so on, perhaps of one platform: `manifest[linux/arm64]`.
pub(super) fn annotation(place: &str, key: &str, value: &str) -> Result<Annotation, String> {
    let (place, platform) = match place.strip_suffix(']').and_then(|place| place.split_once('[')) {
        Some((place, platform)) => {
            let platform: Platform = platform.parse().map_err(|error| format!("{error}"))?;
            (place, Some(platform))
        }
        None => (place, None),
    };
    let place = match place {
        "manifest" => AnnotationPlace::Manifest,
        "manifest-descriptor" => AnnotationPlace::ManifestDescriptor,
        "index" => AnnotationPlace::Index,
        "index-descriptor" => AnnotationPlace::IndexDescriptor,
        other => {
            return Err(format!(
                "{other:?} has no annotations: manifest, manifest-descriptor, index and index-descriptor have"
            ));
        }
    };
    if key.is_empty() {
        return Err("a key is needed: KEY=VALUE".to_owned());
    }
    Ok(Annotation {
        place,
        platform,
        key: key.to_owned(),
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_go_to_the_manifest_unless_they_say_where() {
        let parsed = |text: &str| text.parse::<AnnotationFlag>().map(AnnotationFlag::into_annotations);
        let expected = |place, platform: Option<&str>| Annotation {
            place,
            platform: platform.map(|platform| platform.parse().unwrap()),
            key: "k".to_owned(),
            value: "v=w".to_owned(),
        };
        assert_eq!(parsed("k=v=w"), Ok(vec![expected(AnnotationPlace::Manifest, None)]));
        let several = parsed("index,manifest-descriptor[linux/arm64]:k=v=w");
        let places = vec![
            expected(AnnotationPlace::Index, None),
            expected(AnnotationPlace::ManifestDescriptor, Some("linux/arm64")),
        ];
        assert_eq!(several, Ok(places));
        for text in ["k", "=v", "layer:k=v", "index:=v", "manifest[a:k=v"] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
