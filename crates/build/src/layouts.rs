//! The OCI layouts among the named contexts of a build. Their images come into the store when they are asked for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use container_image::ImageStore;
use container_oci::Reference;
use tokio::sync::Mutex;

use crate::layout::import;
use crate::{BuildError, BuildRequest, NamedContextSource};

/// Layouts by the names of their contexts, in small letters.
pub(crate) struct Layouts<'a> {
    store: &'a ImageStore,
    layouts: BTreeMap<String, (PathBuf, Option<String>)>,
    imported: Mutex<BTreeMap<String, Reference>>,
}

impl<'a> Layouts<'a> {
    /// Those that a build was given.
    pub(crate) fn of(request: &BuildRequest, store: &'a ImageStore) -> Self {
        let named = request.named_contexts.iter();
        let layouts = named.filter_map(|(name, source)| match source {
            NamedContextSource::Layout { directory, version } => {
                Some((name.to_ascii_lowercase(), (directory.clone(), version.clone())))
            }
            _ => None,
        });
        Self {
            store,
            layouts: layouts.collect(),
            imported: Mutex::default(),
        }
    }

    /// The name in the store of the image that a context is. It is imported once.
    ///
    /// # Errors
    /// What is wrong with the layout.
    pub(crate) async fn image(&self, context: &str) -> Result<Reference, BuildError> {
        let mut imported = self.imported.lock().await;
        if let Some(known) = imported.get(context) {
            return Ok(known.clone());
        }
        // A plan has no names but those of the request.
        let (directory, version) = self.layouts.get(context).ok_or(BuildError::Interrupted)?;
        let image = import(self.store, directory, version.as_deref()).await?;
        imported.insert(context.to_owned(), image.clone());
        Ok(image)
    }
}
