//! What is told of how an image was made.

/// `--provenance`: an image is told of as BuildKit does with `mode=min`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProvenanceRequest {
    /// Whoever builds, as an address; empty where nobody says it.
    pub builder_id: String,
    /// Whether the user says that a second build makes the same image, byte by byte.
    pub is_reproducible: bool,
}
