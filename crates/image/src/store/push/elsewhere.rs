//! Which repository of a registry should have which blob already: those that an image here came from or went to.

use container_oci::Reference;

use super::Elsewhere;
use crate::content::StorePaths;
use crate::store::catalog;
use crate::store::variant::read_variants;

/// Repositories that are tried for one blob: each costs a request.
const REPOSITORIES_PER_BLOB: usize = 2;

/// Looks at the other images of the registry. What cannot be read is left out: this only saves time.
pub(super) fn find(paths: &StorePaths, reference: &Reference) -> Elsewhere {
    let mut elsewhere = Elsewhere::new();
    let Ok(catalog) = catalog::read(paths) else {
        return elsewhere;
    };
    let others = catalog
        .images
        .iter()
        .filter(|(other, _)| other.registry() == reference.registry() && other.repository() != reference.repository());
    for (other, entry) in others {
        for variant in read_variants(paths, &entry.descriptor).unwrap_or_default() {
            let manifest = variant.manifest;
            for blob in manifest.layers.iter().chain([&manifest.config]) {
                let repositories = elsewhere.entry(blob.digest).or_default();
                let is_new = !repositories.iter().any(|known| known == other.repository());
                if is_new && repositories.len() < REPOSITORIES_PER_BLOB {
                    repositories.push(other.repository().to_owned());
                }
            }
        }
    }
    elsewhere
}
