//! Names of images in archives.

use std::path::Path;

use container_oci::{Descriptor, Digest, Reference, annotation};

use super::ArchiveError;

/// The archive's file name as a repository name: lower case, without extensions, other characters replaced by hyphens.
pub(super) fn stem(path: &Path) -> Option<String> {
    let file_name = path.file_name()?.to_str()?.to_ascii_lowercase();
    let mut stem = file_name.as_str();
    while let Some(shorter) = [".tar", ".gz", ".tgz", ".zst", ".oci"]
        .iter()
        .find_map(|end| stem.strip_suffix(end))
    {
        stem = shorter;
    }
    let is_word = |character: char| character.is_ascii_alphanumeric();
    let words: Vec<&str> = stem
        .split(|character: char| !is_word(character))
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() { None } else { Some(words.join("-")) }
}

/// The name of an image in a layout, from its descriptor's annotations. An empty one is none.
pub(super) fn of_descriptor(descriptor: &Descriptor, stem: Option<&str>) -> Result<Reference, ArchiveError> {
    let given = |key: &str| descriptor.annotations.get(key).filter(|name| !name.is_empty());
    for key in [annotation::IMAGE_NAME, annotation::APPLE_IMAGE_NAME] {
        if let Some(name) = given(key) {
            return parse(name);
        }
    }
    match (given(annotation::REF_NAME), stem) {
        (Some(name), _) if name.contains(['/', ':']) => parse(name),
        (Some(tag), Some(stem)) => parse(&format!("{stem}:{tag}")),
        _ => untagged(&descriptor.digest),
    }
}

/// The names in a list of Docker's, where an image without a name has an empty one or `<none>:<none>`.
pub(super) fn all<'a>(names: impl IntoIterator<Item = &'a String>) -> Result<Vec<Reference>, ArchiveError> {
    let given = names
        .into_iter()
        .filter(|name| !name.is_empty() && !name.contains("<none>"));
    given.map(|name| parse(name)).collect()
}

/// Whether the name may be given to what has the digest.
pub(super) fn check(reference: &Reference, actual: &Digest) -> Result<(), ArchiveError> {
    match reference.digest().filter(|expected| *expected != actual) {
        Some(_) => Err(ArchiveError::OtherDigest {
            reference: reference.clone(),
            actual: *actual,
        }),
        None => Ok(()),
    }
}

/// The repository of images without a name.
const UNTAGGED: &str = "untagged";

/// The name of an image that has none.
pub(super) fn untagged(digest: &Digest) -> Result<Reference, ArchiveError> {
    parse(&format!("{UNTAGGED}@{digest}"))
}

/// Whether the name only says that there is none.
pub(super) fn is_untagged(reference: &Reference) -> bool {
    let untagged = |digest: &Digest| reference.familiar() == format!("{UNTAGGED}@{digest}");
    reference.digest().is_some_and(untagged)
}

pub(super) fn parse(name: &str) -> Result<Reference, ArchiveError> {
    name.parse().map_err(|source| ArchiveError::Name { source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::media_type;

    #[test]
    fn file_names_become_repository_names() {
        for (path, name) in [
            ("/tmp/Busybox.tar", Some("busybox")),
            ("my image_v1.tar.gz", Some("my-image-v1")),
            ("demo.oci.tar", Some("demo")),
            ("___.tar", None),
            ("/", None),
        ] {
            assert_eq!(stem(Path::new(path)).as_deref(), name, "{path}");
        }
    }

    #[test]
    fn annotations_name_images() {
        let digest = Digest::Sha256([1; 32]);
        let named = |key: &str, value: &str, stem: Option<&str>| {
            let mut descriptor = Descriptor::new(media_type::OCI_MANIFEST, digest, 1);
            descriptor.annotations.insert(key.to_owned(), value.to_owned());
            of_descriptor(&descriptor, stem).unwrap().familiar()
        };
        assert_eq!(named(annotation::IMAGE_NAME, "docker.io/library/a:1", None), "a:1");
        assert_eq!(
            named(annotation::REF_NAME, "ghcr.io/x/y:2", Some("file")),
            "ghcr.io/x/y:2"
        );
        assert_eq!(named(annotation::REF_NAME, "busybox:1.36", None), "busybox:1.36");
        assert_eq!(named(annotation::REF_NAME, "latest", Some("file")), "file:latest");
        assert_eq!(
            named(annotation::REF_NAME, "latest", None),
            format!("untagged@{digest}")
        );
        assert_eq!(named("other", "x", Some("file")), format!("untagged@{digest}"));
        assert_eq!(named(annotation::APPLE_IMAGE_NAME, "ghcr.io/x:2", None), "ghcr.io/x:2");
        for key in [
            annotation::IMAGE_NAME,
            annotation::APPLE_IMAGE_NAME,
            annotation::REF_NAME,
        ] {
            assert_eq!(named(key, "", Some("file")), format!("untagged@{digest}"), "{key}");
        }
    }
}
