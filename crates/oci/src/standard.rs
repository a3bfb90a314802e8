//! Conversions between our types and those of `oci-spec`, for callers that speak the latter.
//!
//! Only values are converted. The documents (manifest, index, configuration) are the same JSON for both, so that their bytes are what is
//! handed over.

use oci_spec::image::{self as standard, Arch, Os};

use crate::digest::{Digest, DigestError};
use crate::document::Descriptor;
use crate::platform::Platform;

impl From<&Digest> for standard::Digest {
    #[expect(
        clippy::expect_used,
        reason = "both algorithms and all their values are in its grammar"
    )]
    fn from(digest: &Digest) -> Self {
        Self::try_from(digest.to_string()).expect("a digest is a digest")
    }
}

impl TryFrom<&standard::Digest> for Digest {
    type Error = DigestError;

    /// Refuses the algorithms that cannot be verified.
    fn try_from(digest: &standard::Digest) -> Result<Self, DigestError> {
        digest.as_ref().parse()
    }
}

impl From<&Platform> for standard::Platform {
    fn from(platform: &Platform) -> Self {
        let architecture = match platform.architecture.as_str() {
            // `Arch::from` of 0.10 takes this name for `arm64be`.
            "armbe" => Arch::ARMbe,
            name => Arch::from(name),
        };
        let mut converted = Self::default();
        converted
            .set_os(Os::from(platform.os.as_str()))
            .set_architecture(architecture)
            .set_variant(platform.variant.clone());
        converted
    }
}

impl From<&standard::Platform> for Platform {
    /// The normal form. Version and features of the system are left out: they are Windows's.
    fn from(platform: &standard::Platform) -> Self {
        let (os, architecture) = (platform.os().to_string(), platform.architecture().to_string());
        Self::new(&os, &architecture, platform.variant().as_deref())
    }
}

impl From<&Descriptor> for standard::Descriptor {
    fn from(descriptor: &Descriptor) -> Self {
        let Descriptor {
            media_type,
            digest,
            size_bytes,
            urls,
            annotations,
            platform,
        } = descriptor;
        let mut converted = Self::new(media_type.clone(), *size_bytes, standard::Digest::from(digest));
        if !urls.is_empty() {
            converted.set_urls(Some(urls.clone()));
        }
        if !annotations.is_empty() {
            converted.set_annotations(Some(annotations.clone().into_iter().collect()));
        }
        converted.set_platform(platform.as_ref().map(standard::Platform::from));
        converted
    }
}

impl TryFrom<&standard::Descriptor> for Descriptor {
    type Error = DigestError;

    /// Leaves out the artifact type and the embedded content, which are not used here.
    fn try_from(descriptor: &standard::Descriptor) -> Result<Self, DigestError> {
        Ok(Self {
            media_type: descriptor.media_type().clone(),
            digest: descriptor.digest().try_into()?,
            size_bytes: descriptor.size(),
            urls: descriptor.urls().clone().unwrap_or_default(),
            annotations: descriptor.annotations().clone().into_iter().flatten().collect(),
            platform: descriptor.platform().as_ref().map(Platform::from),
        })
    }
}
