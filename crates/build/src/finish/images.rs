//! The images of a build in the store: one for each form that an output asks for.

use std::collections::BTreeMap;

use container_image::{DraftImage, StoredLayer};
use container_oci::{Descriptor, Digest, Reference};

use super::documents::{Annotations, described, in_index};
use super::provenance::Provenance;
use super::{Made, package_url, rewrite};
use crate::exchange::inline;
use crate::execute::Execution;
use crate::{BuildError, BuiltImage, CachePlace, ImageForm, ImageOutput};

/// The repository of images that have no name.
const NAMELESS: &str = "localhost/build";

/// Images that were stored, each once.
pub(super) struct Images<'a> {
    execution: &'a Execution<'a>,
    made: &'a [Made],
    provenance: Option<Provenance<'a>>,
    /// By their forms, and by the names that their provenance has.
    stored: BTreeMap<(ImageForm, Vec<Reference>), Stored>,
}

/// An image without its names.
#[derive(Clone)]
struct Stored {
    descriptor: Descriptor,
    /// Of the only platform.
    config_digest: Option<Digest>,
}

impl<'a> Images<'a> {
    pub(super) fn new(execution: &'a Execution<'a>, made: &'a [Made]) -> Self {
        let provenance = execution.request.provenance.as_ref();
        Self {
            execution,
            made,
            provenance: provenance.map(|request| Provenance::new(execution, request)),
            stored: BTreeMap::new(),
        }
    }

    /// The image that an output asks for, with the names of the build and those of the output.
    pub(super) async fn named(&mut self, output: &ImageOutput) -> Result<BuiltImage, BuildError> {
        let vertex = self.execution.vertices.start("exporting to image");
        let mut names = self.execution.request.tags.clone();
        for name in &output.names {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let told = self.provenance.as_ref().map_or_else(Vec::new, |_| names.clone());
        let key = (output.form.clone(), told);
        let stored = match self.stored.get(&key) {
            Some(stored) => Ok(stored.clone()),
            None => self.store(&key.0, &names).await,
        };
        if let Ok(stored) = &stored {
            self.stored.insert(key, stored.clone());
        }
        vertex.end(stored.and_then(|stored| self.name(stored, names, output)))
    }

    fn name(&self, stored: Stored, names: Vec<Reference>, output: &ImageOutput) -> Result<BuiltImage, BuildError> {
        let digest = stored.descriptor.digest;
        let mut given = names.clone();
        if output.has_canonical_names {
            given.extend(names.iter().map(|name| name.with_digest(digest)));
        }
        self.execution
            .draft
            .name(&stored.descriptor, &given, &nameless_repository()?)?;
        Ok(BuiltImage {
            descriptor: stored.descriptor,
            config_digest: stored.config_digest,
            names,
        })
    }

    /// Stores an image: a manifest where there is one platform and nothing is told of it, else an index.
    async fn store(&self, form: &ImageForm, names: &[Reference]) -> Result<Stored, BuildError> {
        let annotations = Annotations::new(&self.execution.request.annotations, form);
        if let ([made], None) = (self.made, &self.provenance) {
            annotations.check_without_index()?;
            let (manifest, config) = self.store_one(made, form, &annotations).await?;
            let created = self.execution.epoch.text();
            return Ok(Stored {
                descriptor: described(manifest, &config, &made.platform, created, &annotations),
                config_digest: Some(config.digest),
            });
        }
        let (mut manifests, mut attestations) = (Vec::with_capacity(self.made.len()), Vec::new());
        for made in self.made {
            let (manifest, _) = self.store_one(made, form, &annotations).await?;
            if let Some(provenance) = &self.provenance {
                let names = names.iter().map(|name| package_url::of_reference(name, &made.platform));
                let statement = provenance.of(made);
                attestations.push(statement.store(self.execution.draft, &manifest, &names.collect::<Vec<_>>())?);
            }
            manifests.push(in_index(manifest, &made.platform, &annotations));
        }
        manifests.extend(attestations);
        let mut index = self.execution.draft.store_index(manifests, annotations.index())?;
        index.annotations = annotations.index_descriptor();
        Ok(Stored {
            descriptor: index,
            config_digest: None,
        })
    }

    async fn store_one(
        &self,
        made: &Made,
        form: &ImageForm,
        annotations: &Annotations<'_>,
    ) -> Result<(Descriptor, Descriptor), BuildError> {
        let layers = match (form.rewrites_times, self.execution.epoch.clamp()) {
            (true, Some(latest)) => {
                let base_layers = made.base_layers(self.execution).await?;
                rewrite::layers(self.execution, &made.root.layers, base_layers, latest).await?
            }
            _ => made.root.layers.clone(),
        };
        let diff_ids = layers.iter().map(|layer: &StoredLayer| layer.diff_id).collect();
        let mut config = made.config(self.execution, diff_ids);
        let targets = &self.execution.request.cache_to;
        if targets.iter().any(|target| target.place == CachePlace::Inline) {
            config.build_cache = Some(inline(&self.execution.made.all(), &layers)?);
        }
        let image = DraftImage {
            config,
            layers,
            annotations: annotations.manifest(&made.platform),
        };
        Ok(self.execution.draft.store(image)?)
    }
}

/// The name by which the store knows an image without one.
pub(super) fn nameless(descriptor: &Descriptor) -> Result<Reference, BuildError> {
    Ok(nameless_repository()?.with_digest(descriptor.digest))
}

fn nameless_repository() -> Result<Reference, BuildError> {
    NAMELESS.parse().map_err(|_| BuildError::Interrupted)
}
