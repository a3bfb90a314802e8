//! Names of members: those of OCI layouts (image-spec `image-layout.md`) and Docker's.

use container_oci::Digest;

/// The list of the layout's images.
pub(crate) const INDEX_FILE: &str = "index.json";
/// What tells that a directory is a layout.
pub(crate) const LAYOUT_FILE: &str = "oci-layout";
/// Its content.
pub(crate) const LAYOUT_MARK: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// Docker's list of images, which is in what `docker save` writes, layout or not.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";
/// The list of images before Docker 1.10.
pub(crate) const REPOSITORIES_FILE: &str = "repositories";

/// The name of a blob ("Blobs").
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
