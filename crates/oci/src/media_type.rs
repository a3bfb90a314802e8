//! Media types of images, OCI's and Docker's (image-spec `media-types.md`; distribution `manifest-v2-2.md`).

pub use oci_spec::image::MediaType;

/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image configuration.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// OCI layer, uncompressed.
pub const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar";
/// OCI layer, gzip.
pub const OCI_LAYER_GZIP: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
/// OCI layer, zstd.
pub const OCI_LAYER_ZSTD: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// Docker manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// Docker image manifest, schema 2.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker image configuration.
pub const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
/// Docker layer, gzip.
pub const DOCKER_LAYER_GZIP: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// How a layer is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LayerCompression {
    /// A plain tar stream.
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// zstd (RFC 8878).
    Zstd,
}

/// What a media type stands for, in either dialect.
///
/// [`MediaType`] itself is `oci-spec`'s: it keeps any text as it was given, so that a document that is written again does not change. It
/// has cases for OCI's types only; Docker's are [`MediaType::Other`].
pub trait MediaTypeKind {
    /// Whether this is an index or a manifest list.
    #[must_use]
    fn is_index(&self) -> bool;

    /// Whether this is a manifest of one image.
    #[must_use]
    fn is_manifest(&self) -> bool;

    /// Whether this is an image configuration.
    #[must_use]
    fn is_config(&self) -> bool;

    /// The compression of a file system layer; `None` for a layer that cannot be unpacked (an encrypted one, a wasm module).
    ///
    /// Non-distributable ("foreign") layers count: they are ordinary tar streams.
    #[must_use]
    fn layer_compression(&self) -> Option<LayerCompression>;

    /// Whether this is a layer that registries other than its maker's may not distribute (image-spec `layer.md`,
    /// "Non-Distributable Layers"; Docker's "foreign" layers).
    #[must_use]
    fn is_nondistributable(&self) -> bool;

    /// Whether this is an empty text, which some programs write for a missing media type.
    #[must_use]
    fn is_empty(&self) -> bool;
}

impl MediaTypeKind for MediaType {
    fn is_index(&self) -> bool {
        matches!(self.as_ref(), OCI_INDEX | DOCKER_INDEX)
    }

    fn is_manifest(&self) -> bool {
        matches!(self.as_ref(), OCI_MANIFEST | DOCKER_MANIFEST)
    }

    fn is_config(&self) -> bool {
        matches!(self.as_ref(), OCI_CONFIG | DOCKER_CONFIG)
    }

    fn layer_compression(&self) -> Option<LayerCompression> {
        const TAR: [&str; 4] = [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ];
        let suffix = TAR.iter().find_map(|prefix| self.as_ref().strip_prefix(prefix))?;
        match suffix {
            "" => Some(LayerCompression::None),
            // OCI writes a plus sign, Docker a dot.
            "+gzip" | ".gzip" => Some(LayerCompression::Gzip),
            "+zstd" | ".zstd" => Some(LayerCompression::Zstd),
            _ => None,
        }
    }

    fn is_nondistributable(&self) -> bool {
        const PREFIXES: [&str; 2] = [
            "application/vnd.oci.image.layer.nondistributable.v1.tar",
            "application/vnd.docker.image.rootfs.foreign.diff.tar",
        ];
        PREFIXES.iter().any(|prefix| self.as_ref().starts_with(prefix))
    }

    fn is_empty(&self) -> bool {
        self.as_ref().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NAMED: [&str; 10] = [
        OCI_INDEX,
        OCI_MANIFEST,
        OCI_CONFIG,
        OCI_LAYER,
        OCI_LAYER_GZIP,
        OCI_LAYER_ZSTD,
        DOCKER_INDEX,
        DOCKER_MANIFEST,
        DOCKER_CONFIG,
        DOCKER_LAYER_GZIP,
    ];

    proptest! {
        #[test]
        fn any_text_is_kept_as_it_was_given(
            text in prop_oneof![proptest::sample::select(&NAMED[..]).prop_map(str::to_owned), "\\PC*", "application/[a-z.+]{0,60}"],
        ) {
            let written = serde_json::to_string(&text).unwrap();
            let media_type: MediaType = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(media_type.as_ref(), &text);
            prop_assert_eq!(media_type.to_string(), text.clone());
            prop_assert_eq!(&media_type, &MediaType::from(text.as_str()));
            prop_assert_eq!(serde_json::to_string(&media_type).unwrap(), written);
        }
    }

    #[test]
    fn layers_of_both_dialects_are_known() {
        for (text, compression) in [
            (OCI_LAYER, Some(LayerCompression::None)),
            (OCI_LAYER_GZIP, Some(LayerCompression::Gzip)),
            (OCI_LAYER_ZSTD, Some(LayerCompression::Zstd)),
            (DOCKER_LAYER_GZIP, Some(LayerCompression::Gzip)),
            (
                "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                Some(LayerCompression::Gzip),
            ),
            (
                "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
                Some(LayerCompression::Zstd),
            ),
            ("application/vnd.oci.image.layer.v1.tar+encrypted", None),
            ("application/wasm", None),
        ] {
            assert_eq!(MediaType::from(text).layer_compression(), compression, "{text}");
        }
    }

    #[test]
    fn nondistributable_layers_of_both_dialects_are_known() {
        for (text, is_nondistributable) in [
            ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", true),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar", true),
            ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", true),
            (OCI_LAYER_GZIP, false),
            (DOCKER_LAYER_GZIP, false),
        ] {
            assert_eq!(
                MediaType::from(text).is_nondistributable(),
                is_nondistributable,
                "{text}"
            );
        }
    }
}
