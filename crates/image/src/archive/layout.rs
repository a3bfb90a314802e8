//! Names in an OCI layout (image-spec `image-layout.md`).

use container_oci::Digest;

/// The list of the layout's images.
pub(crate) const INDEX_FILE: &str = "index.json";
/// What tells that a directory is a layout.
pub(crate) const LAYOUT_FILE: &str = "oci-layout";
/// Its content.
pub(crate) const LAYOUT_MARK: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;

/// The name of a blob ("Blobs").
pub(crate) fn blob_name(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
