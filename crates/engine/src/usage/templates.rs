//! What each template costs on the disk.

use container_oci::{Digest, Reference};
use time::OffsetDateTime;

use super::Usage;
use crate::{Engine, EngineError};

/// What a template costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateDiskUsage {
    /// The name of its directory.
    pub key: String,
    /// Digest of the manifest of the image that it is of; `None` when it is damaged.
    pub image: Option<Digest>,
    /// The image's names.
    pub references: Vec<Reference>,
    /// When it was made; `None` when it is damaged.
    pub made: Option<OffsetDateTime>,
    /// When a container was last started from it; when it was made, if none was.
    pub last_used: OffsetDateTime,
    /// Bytes of its files.
    pub size_bytes: u64,
    /// Bytes that deleting it would give back; 0 while a container is being started from it.
    pub reclaimable_bytes: u64,
}

impl Engine {
    /// What each template costs, added to `all`. One from which a container is being started is in use.
    pub(crate) fn usage_of_templates(&self, all: &mut Usage) -> Result<Vec<TemplateDiskUsage>, EngineError> {
        let templates = self.templates.list()?;
        // Mostly there are none on a machine that cannot have any, and then no image need be looked at.
        let images = match templates.as_slice() {
            [] => Vec::new(),
            _ => self.list_images()?,
        };
        let names = |manifest: Option<Digest>| {
            let is_of = |image: &&crate::ImageSummary| image.variants.iter().any(|one| Some(one.digest) == manifest);
            let named = images.iter().filter(is_of);
            named.map(|image| image.reference.clone()).collect()
        };
        let each = templates.into_iter().map(|template| TemplateDiskUsage {
            key: template.key.to_string(),
            image: template.image,
            references: names(template.image),
            made: template.made,
            last_used: template.last_used,
            size_bytes: template.size_bytes,
            reclaimable_bytes: all.count(template.size_bytes, template.is_in_use),
        });
        Ok(each.collect())
    }
}
