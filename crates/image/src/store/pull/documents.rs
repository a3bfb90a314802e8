//! The documents of a pull: index, manifests, configurations.

use container_oci::{
    Algorithm, Descriptor, Digest, Document, MANIFEST_LIMIT_BYTES, MediaType, MediaTypeKind as _, Reference,
};

use super::PullFailure;
use super::blob::store_bytes;
use super::source::Source;
use crate::content::{ContentError, Hasher, read_blob};
use crate::progress::ProgressEvent;
use container_registry::{Fetched, RegistryError, retry};

/// What the reference points at now.
pub(super) async fn top(source: &Source<'_>, reference: &Reference) -> Result<(Descriptor, Document), PullFailure> {
    let (name, what) = match (reference.digest(), reference.tag()) {
        (Some(digest), _) => (digest.to_string(), format!("manifest {digest}")),
        (None, tag) => {
            let tag = tag.unwrap_or("latest");
            (tag.to_owned(), format!("tag {tag:?} in {}", reference.repository()))
        }
    };
    let (fetched, actual) = fetch(source, &name, &what, reference.digest()).await?;
    let document = parse(source, &fetched.bytes, fetched.media_type.as_ref(), &what)?;
    let descriptor = Descriptor::new(document.media_type().as_ref(), actual, fetched.bytes.len() as u64);
    store_bytes(source, &descriptor, fetched.bytes).await?;
    Ok((descriptor, document))
}

/// Something that an index lists: from the store if it is there, else from the registry. `None` when it is neither index nor
/// manifest; it is kept all the same.
pub(super) async fn listed(source: &Source<'_>, descriptor: &Descriptor) -> Result<Option<Document>, PullFailure> {
    let media_type = &descriptor.media_type;
    let is_read = media_type.is_index() || media_type.is_manifest();
    let what = format!("manifest {}", descriptor.digest);
    if source.session.has_blob(&descriptor.digest)? {
        if !is_read {
            return Ok(None);
        }
        let bytes = read_blob(source.paths, &descriptor.digest, MANIFEST_LIMIT_BYTES)?;
        return Document::parse(&bytes, Some(media_type)).map(Some).map_err(|source| {
            ContentError::Document {
                digest: descriptor.digest,
                source,
            }
            .into()
        });
    }
    let (fetched, _) = fetch(source, &descriptor.digest.to_string(), &what, Some(&descriptor.digest)).await?;
    let (expected_bytes, actual_bytes) = (descriptor.size_bytes, fetched.bytes.len() as u64);
    if expected_bytes != actual_bytes {
        return Err(RegistryError::SizeMismatch {
            what,
            expected_bytes,
            actual_bytes,
        }
        .into());
    }
    let document = match is_read {
        true => Some(parse(source, &fetched.bytes, Some(media_type), &what)?),
        false => None,
    };
    store_bytes(source, descriptor, fetched.bytes).await?;
    Ok(document)
}

/// Fetches a document and gives its digest; one that comes wrong from a mirror is fetched from the registry.
async fn fetch(
    source: &Source<'_>,
    name: &str,
    what: &str,
    expected: Option<&Digest>,
) -> Result<(Fetched, Digest), RegistryError> {
    match fetch_once(source, name, what, expected).await {
        Err(RegistryError::DigestMismatch { .. }) if source.client.give_up_mirrors() => {
            fetch_once(source, name, what, expected).await
        }
        fetched => fetched,
    }
}

async fn fetch_once(
    source: &Source<'_>,
    name: &str,
    what: &str,
    expected: Option<&Digest>,
) -> Result<(Fetched, Digest), RegistryError> {
    let fetched = retry(
        what,
        |retry| source.progress.event(ProgressEvent::Retrying(retry)),
        async || source.client.manifest(name, what, MANIFEST_LIMIT_BYTES).await,
    )
    .await?;
    // Without a known digest, the one in the registry's answer still shows damage on the way.
    let expected = expected.copied().or(fetched.claimed_digest);
    let algorithm = expected.map_or(Algorithm::Sha256, |digest| digest.algorithm());
    let actual = Hasher::of(algorithm, &fetched.bytes);
    match expected.filter(|expected| *expected != actual) {
        Some(expected) => Err(RegistryError::DigestMismatch {
            what: what.to_owned(),
            expected,
            actual,
        }),
        None => Ok((fetched, actual)),
    }
}

fn parse(
    source: &Source<'_>,
    bytes: &[u8],
    media_type: Option<&MediaType>,
    what: &str,
) -> Result<Document, RegistryError> {
    Document::parse(bytes, media_type).map_err(|error| RegistryError::Document {
        host: source.client.host(),
        what: what.to_owned(),
        source: error,
    })
}
