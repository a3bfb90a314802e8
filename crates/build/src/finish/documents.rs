//! What the documents of an image say beside what it consists of.

use std::collections::BTreeMap;

use container_oci::{Descriptor, Platform, annotation};

use crate::{Annotation, AnnotationPlace, BuildError, ImageForm};

/// Where BuildKit keeps the digest of the configuration.
const CONFIG_DIGEST: &str = "config.digest";

/// The annotations of an image.
pub(super) struct Annotations<'a> {
    of_build: &'a [Annotation],
    of_output: &'a [Annotation],
}

impl<'a> Annotations<'a> {
    /// Those of the build, and those of an output, which win.
    pub(super) fn new(of_build: &'a [Annotation], form: &'a ImageForm) -> Self {
        Self {
            of_build,
            of_output: &form.annotations,
        }
    }

    /// Refuses those of an index, where there is none.
    pub(super) fn check_without_index(&self) -> Result<(), BuildError> {
        let of_index = |annotation: &&Annotation| {
            matches!(
                annotation.place,
                AnnotationPlace::Index | AnnotationPlace::IndexDescriptor
            )
        };
        match self.all().find(of_index) {
            Some(annotation) => Err(BuildError::IndexAnnotation {
                key: annotation.key.clone(),
            }),
            None => Ok(()),
        }
    }

    /// Those of the manifest for a platform.
    pub(super) fn manifest(&self, platform: &Platform) -> BTreeMap<String, String> {
        self.at(AnnotationPlace::Manifest, Some(platform))
    }

    /// Those of the index.
    pub(super) fn index(&self) -> BTreeMap<String, String> {
        self.at(AnnotationPlace::Index, None)
    }

    /// Those of the descriptor of the index.
    pub(super) fn index_descriptor(&self) -> BTreeMap<String, String> {
        self.at(AnnotationPlace::IndexDescriptor, None)
    }

    fn at(&self, place: AnnotationPlace, platform: Option<&Platform>) -> BTreeMap<String, String> {
        let here = self.all().filter(|annotation| {
            annotation.place == place && annotation.platform.as_ref().is_none_or(|only| Some(only) == platform)
        });
        here.map(|annotation| (annotation.key.clone(), annotation.value.clone()))
            .collect()
    }

    fn all(&self) -> impl Iterator<Item = &Annotation> {
        self.of_build.iter().chain(self.of_output)
    }
}

/// A manifest as an index lists it.
pub(super) fn in_index(mut manifest: Descriptor, platform: &Platform, annotations: &Annotations<'_>) -> Descriptor {
    manifest.platform = Some(platform.clone());
    manifest.annotations = annotations.at(AnnotationPlace::ManifestDescriptor, Some(platform));
    manifest
}

/// The manifest of an image for one platform, as BuildKit describes it.
pub(super) fn described(
    manifest: Descriptor,
    config: &Descriptor,
    platform: &Platform,
    created: String,
    annotations: &Annotations<'_>,
) -> Descriptor {
    let mut manifest = in_index(manifest, platform, annotations);
    let own = [
        (CONFIG_DIGEST, config.digest.to_string()),
        (annotation::CREATED, created),
    ];
    for (key, value) in own {
        manifest.annotations.entry(key.to_owned()).or_insert(value);
    }
    manifest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn annotation(place: AnnotationPlace, platform: Option<&str>, key: &str, value: &str) -> Annotation {
        Annotation {
            place,
            platform: platform.map(|platform| platform.parse().unwrap()),
            key: key.to_owned(),
            value: value.to_owned(),
        }
    }

    #[test]
    fn annotations_are_where_they_belong_and_those_of_an_output_win() {
        let build = [
            annotation(AnnotationPlace::Manifest, None, "a", "1"),
            annotation(AnnotationPlace::Manifest, Some("linux/arm64"), "only", "arm"),
            annotation(AnnotationPlace::Index, None, "i", "2"),
        ];
        let form = ImageForm {
            annotations: vec![annotation(AnnotationPlace::Manifest, None, "a", "3")],
            rewrites_times: false,
        };
        let all = Annotations::new(&build, &form);
        let expected = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect()
        };
        let platform = |text: &str| -> Platform { text.parse().unwrap() };
        assert_eq!(all.manifest(&platform("linux/amd64")), expected(&[("a", "3")]));
        assert_eq!(
            all.manifest(&platform("linux/arm64")),
            expected(&[("a", "3"), ("only", "arm")])
        );
        assert_eq!(all.index(), expected(&[("i", "2")]));
        assert!(all.index_descriptor().is_empty());
        assert!(matches!(all.check_without_index(), Err(BuildError::IndexAnnotation { key }) if key == "i"));
        assert!(Annotations::new(&build[..2], &form).check_without_index().is_ok());
    }
}
