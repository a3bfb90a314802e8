//! `image delete` and `image prune`: taking names away. The content goes with the next collection of garbage.

use std::collections::BTreeSet;

use container_oci::{Descriptor, Digest, Reference};

use super::catalog::{Catalog, CatalogEntry, names};
use super::collect::CollectError;
use super::find::{Meaning, meaning, not_found};
use super::in_use::ImagesInUse;
use super::mark::Marker;
use super::{CatalogError, ImageQuery, ImageStore, catalog};
use crate::content::{ContentError, ShutGate, live_pins};

/// Which names are to go.
#[derive(Debug, Clone, Copy)]
pub enum DeleteScope<'a> {
    /// These. A digest stands for all names of its image.
    Queries(&'a [ImageQuery]),
    /// All of them.
    All,
}

/// Which images are to be pruned. Those that containers use are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PruneScope {
    /// Those that have lost their last name to another image.
    Dangling,
    /// Those as well that have a name.
    Unused,
}

/// A name that has been taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untagged {
    /// The name.
    pub reference: Reference,
    /// What it pointed at.
    pub descriptor: Descriptor,
}

/// What has become of names that were to go.
#[derive(Debug, Default)]
pub struct Deletion {
    /// Names that are gone.
    pub untagged: Vec<Untagged>,
    /// What was asked for and not done, as it was written, and why.
    pub refused: Vec<(String, DeleteError)>,
}

/// Why a name stays.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// There is no such image, or several.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A container needs the image, and it has no other name.
    #[error(
        "image {:?} is used by container {} and has no other name; delete the container first, or take away the name with --force",
        reference.familiar(), containers.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
    )]
    InUse {
        /// The name.
        reference: Reference,
        /// The containers' names.
        containers: BTreeSet<String>,
    },
    /// The image that the digest stands for has several names.
    #[error(
        "image {text} has several names: {}; delete them by name, or all of them with --force",
        names(references)
    )]
    SeveralNames {
        /// What was asked for.
        text: String,
        /// The names.
        references: Vec<Reference>,
    },
}

impl ImageStore {
    /// Takes names away, in one change.
    ///
    /// The last name of an image that a container uses stays, unless `force` is set; the container keeps its disks either
    /// way. With `force`, what is not here is no failure, and a digest stands for all names of its image.
    ///
    /// # Errors
    /// [`CatalogError`] when the names cannot be read or changed; nothing is changed then.
    pub fn delete(&self, scope: DeleteScope<'_>, force: bool, in_use: &ImagesInUse) -> Result<Deletion, CatalogError> {
        catalog::update(&self.paths, |catalog| {
            let mut deletion = Deletion::default();
            let mut marker = Marker::new(&self.paths);
            let mut wanted = Vec::new();
            match scope {
                DeleteScope::All => {
                    let all = catalog.images.keys().cloned();
                    wanted.extend(all.map(|reference| (reference.familiar(), reference)));
                }
                DeleteScope::Queries(queries) => {
                    for query in queries {
                        match self.meant(catalog, query, force) {
                            Ok(meant) => wanted.extend(meant.into_iter().map(|name| (query.text.clone(), name))),
                            Err(DeleteError::Catalog(
                                CatalogError::NotFound { .. } | CatalogError::NoDigest { .. },
                            )) if force => {}
                            Err(error) => deletion.refused.push((query.text.clone(), error)),
                        }
                    }
                }
            }
            for (text, reference) in wanted {
                // It may have been asked for twice.
                let Some(entry) = catalog.images.get(&reference) else {
                    continue;
                };
                let needed = if force {
                    BTreeSet::new()
                } else {
                    needed_by_this_name_alone(&mut marker, catalog, &reference, in_use)?
                };
                if !needed.is_empty() {
                    let containers = in_use.containers(&needed);
                    deletion
                        .refused
                        .push((text, DeleteError::InUse { reference, containers }));
                    continue;
                }
                let descriptor = entry.descriptor.clone();
                catalog.images.remove(&reference);
                deletion.untagged.push(Untagged { reference, descriptor });
            }
            Ok(deletion)
        })
    }

    /// Takes the names of unused images away, in one change. An image that an operation is at counts as used.
    ///
    /// `in_use` tells what containers use; it is called while the gate is shut, so it must be quick.
    ///
    /// # Errors
    /// [`CollectError`]; nothing is changed then.
    pub fn prune<E: std::error::Error + 'static>(
        &self,
        scope: PruneScope,
        in_use: impl Fn() -> Result<ImagesInUse, E>,
    ) -> Result<Vec<Untagged>, CollectError<E>> {
        let candidate = |entry: &CatalogEntry| entry.dangling || scope == PruneScope::Unused;
        // Mostly no image is to be pruned, and then the gate need not be shut.
        if !catalog::read(&self.paths)?.images.values().any(candidate) {
            return Ok(Vec::new());
        }
        let _gate = ShutGate::hold(&self.paths)?;
        let pins = live_pins(&self.paths)?;
        let in_use = in_use().map_err(CollectError::InUse)?;
        let mut marker = Marker::new(&self.paths);
        let mut is_used = |entry: &CatalogEntry| {
            let used = in_use.of(&mut marker, &entry.descriptor)?;
            Ok::<_, ContentError>(!used.is_empty() || pins.contains(&entry.descriptor.digest))
        };
        let untagged = catalog::update(&self.paths, |catalog| {
            let mut untagged = Vec::new();
            for (reference, entry) in &catalog.images {
                if candidate(entry) && !is_used(entry)? {
                    let (reference, descriptor) = (reference.clone(), entry.descriptor.clone());
                    untagged.push(Untagged { reference, descriptor });
                }
            }
            for name in &untagged {
                catalog.images.remove(&name.reference);
            }
            Ok(untagged)
        })?;
        Ok(untagged)
    }

    /// The names that a query means.
    fn meant(&self, catalog: &Catalog, query: &ImageQuery, force: bool) -> Result<Vec<Reference>, DeleteError> {
        match meaning(&self.paths, catalog, query)? {
            Meaning::Name(name) => Ok(vec![name]),
            Meaning::Image(names) if names.is_empty() => Err(not_found(query).into()),
            Meaning::Image(names) if names.len() == 1 || force => Ok(names),
            Meaning::Image(references) => Err(DeleteError::SeveralNames {
                text: query.text.clone(),
                references,
            }),
        }
    }
}

/// The images that containers use and only this name leads to.
fn needed_by_this_name_alone(
    marker: &mut Marker<'_>,
    catalog: &Catalog,
    reference: &Reference,
    in_use: &ImagesInUse,
) -> Result<BTreeSet<Digest>, ContentError> {
    let Some(entry) = catalog.images.get(reference) else {
        return Ok(BTreeSet::new());
    };
    let mut alone: BTreeSet<Digest> = in_use.of(marker, &entry.descriptor)?;
    for (name, other) in &catalog.images {
        if alone.is_empty() {
            break;
        }
        if name != reference {
            let elsewhere = in_use.of(marker, &other.descriptor)?;
            alone.retain(|digest| !elsewhere.contains(digest));
        }
    }
    Ok(alone)
}
