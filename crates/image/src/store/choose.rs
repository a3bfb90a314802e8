//! Which image of a name serves a platform: one rule for all operations.

use container_oci::{Descriptor, Document, ImageConfig, Manifest, Platform, Reference};

use super::variant::{read_config, read_document, read_manifest, read_tree};
use super::{ResolveError, catalog};
use crate::content::{StorePaths, has_blob};
use crate::platform::platform_of;

/// The image for a platform.
pub(super) struct Chosen {
    /// What the name points at: an index or a manifest.
    pub(super) descriptor: Descriptor,
    pub(super) manifest_descriptor: Descriptor,
    pub(super) manifest: Manifest,
    /// The configuration, with a platform that is complete.
    pub(super) config: ImageConfig,
    /// Whether the configuration itself names the platform.
    pub(super) tells_platform: bool,
}

/// Chooses among the images behind `reference`: the one that serves `platform` best of all that are listed, nearer to the
/// root before others. It has to be in the store, and its configuration must not name another platform.
///
/// The caller holds the gate if the image must not be collected meanwhile.
pub(super) fn choose(paths: &StorePaths, reference: &Reference, platform: &Platform) -> Result<Chosen, ResolveError> {
    let content = |source| ResolveError::Content {
        reference: reference.clone(),
        source: Box::new(source),
    };
    let descriptor = catalog::lookup(paths, reference)?.descriptor;
    let document = read_document(paths, &descriptor.digest, Some(&descriptor.media_type)).map_err(content)?;
    let tree = read_tree(paths, &descriptor, &document).map_err(content)?;
    let (image, manifest) = match (document, tree.select(platform)) {
        (Document::Manifest(manifest), _) => (tree.iter().next(), Some(*manifest)),
        (Document::Index(_), selected) => (selected.map(|(image, _)| image), None),
    };
    let Some(image) = image.filter(|image| has_blob(paths, &image.descriptor.digest)) else {
        let is_made = image.is_some() || !tree.is_complete();
        let named = tree
            .images()
            .filter(|listed| !is_made || has_blob(paths, &listed.descriptor.digest));
        let platforms = named.filter_map(|listed| listed.platform.as_ref());
        return Err(not_for(reference, platform, platforms, is_made));
    };
    let manifest = match manifest {
        Some(manifest) => manifest,
        None => read_manifest(paths, &image.descriptor).map_err(content)?,
    };
    let mut config = read_config(paths, &manifest.config.digest).map_err(content)?;
    let told = platform_of(&config, image, platform);
    if !platform.is_same_machine(&told) {
        return Err(not_for(reference, platform, [&told], false));
    }
    Ok(Chosen {
        tells_platform: !config.platform.is_untold(),
        config: {
            config.platform = told;
            config
        },
        manifest_descriptor: image.descriptor.clone(),
        manifest,
        descriptor,
    })
}

/// Why there is no image for the platform: it may exist (`is_made`) but is not in the store, or it is not made.
fn not_for<'a>(
    reference: &Reference,
    platform: &Platform,
    others: impl IntoIterator<Item = &'a Platform>,
    is_made: bool,
) -> ResolveError {
    let mut names: Vec<String> = others.into_iter().map(ToString::to_string).collect();
    names.dedup();
    let available = match names.is_empty() {
        true => "no platform".to_owned(),
        false => names.join(", "),
    };
    let (reference, platform) = (reference.clone(), platform.clone());
    match is_made {
        true => ResolveError::PlatformNotHere {
            reference,
            platform,
            available,
        },
        false => ResolveError::Platform {
            reference,
            platform,
            available,
        },
    }
}
