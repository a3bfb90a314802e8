//! Images for several platforms, as a registry that we write ourselves serves them.

use container_oci::{Descriptor, Digest, Index, Manifest, annotation, media_type};

use super::images::{archive_for, members};
use super::liar::{Liar, ok};

/// The repository in which everything is served.
pub(crate) const REPOSITORY: &str = "demo";

pub(crate) fn sha256(bytes: &[u8]) -> Digest {
    let value = ring::digest::digest(&ring::digest::SHA256, bytes);
    Digest::Sha256(value.as_ref().try_into().unwrap())
}

/// Serves `bytes` as a blob.
pub(crate) fn serve_blob(liar: &Liar, media_type: &str, bytes: &[u8]) -> Descriptor {
    let digest = sha256(bytes);
    liar.answer(
        &format!("/v2/{REPOSITORY}/blobs/{digest}"),
        vec![ok("application/octet-stream", bytes)],
    );
    Descriptor::new(media_type, digest, bytes.len() as u64)
}

/// Serves `bytes` as a manifest under its digest, and as the tag `name` where one is given.
pub(crate) fn serve_manifest(liar: &Liar, media_type: &str, bytes: &[u8], name: Option<&str>) -> Descriptor {
    let digest = sha256(bytes);
    for name in [Some(digest.to_string().as_str()), name].into_iter().flatten() {
        liar.answer(
            &format!("/v2/{REPOSITORY}/manifests/{name}"),
            vec![ok(media_type, bytes)],
        );
    }
    Descriptor::new(media_type, digest, bytes.len() as u64)
}

/// Serves a small image for `platform`.
pub(crate) fn serve_image(liar: &Liar, platform: &str) -> Descriptor {
    let directory = tempfile::tempdir().unwrap();
    let platform = platform.parse().unwrap();
    let all = members(&archive_for(
        directory.path(),
        "demo:1",
        &format!("on {platform}"),
        &platform,
    ));
    for (_, bytes) in &all[3..] {
        serve_blob(liar, media_type::OCI_LAYER, bytes);
    }
    let mut descriptor = serve_manifest(liar, media_type::OCI_MANIFEST, &all[2].1, None);
    descriptor.platform = Some(platform);
    descriptor
}

/// Serves an attestation of `image`, as BuildKit makes them.
pub(crate) fn serve_attestation(liar: &Liar, image: &Descriptor) -> Descriptor {
    let config = serve_blob(
        liar,
        media_type::OCI_CONFIG,
        b"{\"architecture\":\"unknown\",\"os\":\"unknown\"}",
    );
    let statement = serve_blob(
        liar,
        "application/vnd.in-toto+json",
        format!("{{\"subject\":\"{}\"}}", image.digest).as_bytes(),
    );
    let manifest = serde_json::to_vec(&Manifest::new(config, vec![statement])).unwrap();
    let mut descriptor = serve_manifest(liar, media_type::OCI_MANIFEST, &manifest, None);
    descriptor.platform = Some("unknown/unknown".parse().unwrap());
    descriptor
        .annotations
        .insert(annotation::REFERENCE_TYPE.to_owned(), "attestation-manifest".to_owned());
    descriptor
}

/// Serves an index of the given manifests under the tag `1`.
pub(crate) fn serve_index(liar: &Liar, manifests: Vec<Descriptor>) -> Descriptor {
    let index = serde_json::to_vec(&Index::new(manifests)).unwrap();
    serve_manifest(liar, media_type::OCI_INDEX, &index, Some("1"))
}
