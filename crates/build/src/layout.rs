//! OCI layouts as named contexts: an image of one comes into the store, without the names that the layout gives it.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use container_image::{ImageStore, LoadError, LoadOptions, LoadSource, NoProgress};
use container_oci::{Descriptor, Digest, Document, Reference, annotation};

/// The list of a layout (image-spec `image-layout.md`, "index.json file").
const INDEX_FILE: &str = "index.json";
/// The largest list.
const INDEX_BYTES: u64 = 4 << 20;
/// The tag that is meant without one.
const DEFAULT_TAG: &str = "latest";

/// Why an image of a layout cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// There is no layout.
    #[error("cannot read the OCI layout {}: {source}", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It has no such image.
    #[error("the OCI layout {} has no image {wanted:?}{}", path.display(), among(.tags))]
    NoImage {
        /// The directory.
        path: PathBuf,
        /// The tag or digest that was asked for.
        wanted: String,
        /// Tags that it has.
        tags: Vec<String>,
    },
    /// It has several, none of which is `latest`.
    #[error("the OCI layout {} has several images{}: name one, as in oci-layout://DIR:TAG", path.display(), among(.tags))]
    Several {
        /// The directory.
        path: PathBuf,
        /// Tags that it has.
        tags: Vec<String>,
    },
    /// It cannot be loaded.
    #[error("OCI layout {}: {source}", path.display())]
    Load {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: Box<LoadError>,
    },
}

/// Takes the image `wanted`, a tag or a digest, from a layout into the store; its name there.
pub(crate) async fn import(store: &ImageStore, path: &Path, wanted: Option<&str>) -> Result<Reference, LayoutError> {
    let file = path.join(INDEX_FILE);
    let read = |source| LayoutError::Read {
        path: path.to_owned(),
        source,
    };
    let listed = tokio::task::spawn_blocking(move || list(&file)).await;
    let listed = listed
        .map_err(|_| read(io::ErrorKind::Interrupted.into()))?
        .map_err(read)?;
    let chosen = choose(&listed, path, wanted)?;
    let options = LoadOptions {
        drops_names: true,
        ..LoadOptions::default()
    };
    let loaded = store
        .load(LoadSource::Path(path.to_owned()), &options, &NoProgress)
        .await;
    let loaded = loaded.map_err(|source| LayoutError::Load {
        path: path.to_owned(),
        source: Box::new(source),
    })?;
    let found = loaded.into_iter().find(|image| image.descriptor.digest == chosen);
    found.map(|image| image.reference).ok_or_else(|| LayoutError::NoImage {
        path: path.to_owned(),
        wanted: wanted.unwrap_or(DEFAULT_TAG).to_owned(),
        tags: tags(&listed),
    })
}

fn list(file: &Path) -> io::Result<Vec<Descriptor>> {
    let mut text = Vec::new();
    File::open(file)?.take(INDEX_BYTES + 1).read_to_end(&mut text)?;
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    let index = Document::parse(&text, None).and_then(Document::into_index);
    let listed = index.map_err(invalid)?.manifests;
    Ok(listed
        .into_iter()
        .filter(|descriptor| !descriptor.is_attestation())
        .collect())
}

/// The digest of the image that is meant.
fn choose(listed: &[Descriptor], path: &Path, wanted: Option<&str>) -> Result<Digest, LayoutError> {
    let by_tag = |tag: &str| listed.iter().find(|descriptor| tag_of(descriptor) == Some(tag));
    let digest = wanted.and_then(|wanted| wanted.parse::<Digest>().ok());
    let found = match (wanted, digest) {
        (_, Some(digest)) => listed.iter().find(|descriptor| descriptor.digest == digest),
        (Some(tag), None) => by_tag(tag),
        (None, _) => match (by_tag(DEFAULT_TAG), listed) {
            (Some(latest), _) => Some(latest),
            (None, [only]) => Some(only),
            (None, _) if listed.len() > 1 => {
                return Err(LayoutError::Several {
                    path: path.to_owned(),
                    tags: tags(listed),
                });
            }
            (None, _) => None,
        },
    };
    found
        .map(|descriptor| descriptor.digest)
        .ok_or_else(|| LayoutError::NoImage {
            path: path.to_owned(),
            wanted: wanted.unwrap_or(DEFAULT_TAG).to_owned(),
            tags: tags(listed),
        })
}

/// The tag of an image, of which some writers put down the whole name.
fn tag_of(descriptor: &Descriptor) -> Option<&str> {
    let name = descriptor.annotations.get(annotation::REF_NAME)?;
    let last = name.rsplit('/').next().unwrap_or(name);
    Some(last.rsplit(':').next().unwrap_or(last)).filter(|tag| !tag.is_empty())
}

fn tags(listed: &[Descriptor]) -> Vec<String> {
    listed.iter().filter_map(tag_of).map(str::to_owned).collect()
}

fn among(tags: &[String]) -> String {
    match tags {
        [] => String::new(),
        tags => format!(" (it has {})", tags.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::media_type;

    fn descriptor(number: u8, name: Option<&str>) -> Descriptor {
        let mut descriptor = Descriptor::new(media_type::OCI_MANIFEST, Digest::Sha256([number; 32]), 1);
        if let Some(name) = name {
            descriptor
                .annotations
                .insert(annotation::REF_NAME.to_owned(), name.to_owned());
        }
        descriptor
    }

    #[test]
    fn an_image_is_chosen_by_tag_or_digest_or_because_it_is_the_only_one() {
        let several = [
            descriptor(1, Some("1.0")),
            descriptor(2, Some("ghcr.io/a/b:latest")),
            descriptor(3, None),
        ];
        let digest = Digest::Sha256([3; 32]).to_string();
        let choose = |listed: &[Descriptor], wanted: Option<&str>| match choose(listed, Path::new("/l"), wanted) {
            Ok(Digest::Sha256(bytes)) => bytes[0].to_string(),
            Ok(other) => other.to_string(),
            Err(error) => error.to_string(),
        };
        for (listed, wanted, expected) in [
            (&several[..], Some("1.0"), "1"),
            (&several, Some("latest"), "2"),
            (&several, Some(digest.as_str()), "3"),
            (&several, None, "2"),
            (&several[..1], None, "1"),
            (&several[2..], None, "3"),
            (
                &several,
                Some("2.0"),
                "the OCI layout /l has no image \"2.0\" (it has 1.0, latest)",
            ),
            (&[], None, "the OCI layout /l has no image \"latest\""),
        ] {
            assert_eq!(choose(listed, wanted), expected, "{wanted:?}");
        }
        let two = [descriptor(1, Some("a")), descriptor(2, Some("b"))];
        assert!(choose(&two, None).contains("several images (it has a, b)"));
    }
}
