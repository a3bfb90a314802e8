//! `image history`: how an image was made.

use container_oci::{Descriptor, History, Platform, Reference};

use super::choose::choose;
use super::{ImageStore, ResolveError};
use crate::content::OpenGate;

/// One step of making an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// When, RFC 3339.
    pub created: Option<String>,
    /// By what command.
    pub created_by: Option<String>,
    /// Remark.
    pub comment: Option<String>,
    /// Size of the layer as it is stored and transferred, which for most is compressed. `None` when the step made no layer.
    pub size_bytes: Option<u64>,
    /// Whether the step changed no file.
    pub is_empty_layer: bool,
}

impl ImageStore {
    /// The steps in which the image was made that would run for `platform`, the latest first, as its configuration tells them.
    ///
    /// A configuration need not list all steps: a layer without a step has an entry with its size only.
    ///
    /// # Errors
    /// [`ResolveError`]; the layers themselves need not be here.
    pub fn history(&self, reference: &Reference, platform: &Platform) -> Result<Vec<HistoryEntry>, ResolveError> {
        let content = |source| ResolveError::Content {
            reference: reference.clone(),
            source: Box::new(source),
        };
        let gate = OpenGate::hold(&self.paths).map_err(content)?;
        let image = choose(&self.paths, reference, platform)?;
        drop(gate);
        let mut entries = entries(&image.config.history, &image.manifest.layers);
        entries.reverse();
        Ok(entries)
    }
}

/// The steps, the first one first, each with its layer.
fn entries(history: &[History], layers: &[Descriptor]) -> Vec<HistoryEntry> {
    let mut layers = layers.iter();
    let of_step = |step: &History| HistoryEntry {
        created: step.created().clone(),
        created_by: step.created_by().clone(),
        comment: step.comment().clone(),
        size_bytes: None,
        is_empty_layer: step.empty_layer().unwrap_or_default(),
    };
    let mut entries: Vec<HistoryEntry> = history.iter().map(of_step).collect();
    for entry in entries.iter_mut().filter(|entry| !entry.is_empty_layer) {
        entry.size_bytes = layers.next().map(|layer| layer.size_bytes);
    }
    entries.extend(layers.map(|layer| HistoryEntry {
        created: None,
        created_by: None,
        comment: None,
        size_bytes: Some(layer.size_bytes),
        is_empty_layer: false,
    }));
    entries
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Digest, media_type};

    fn layer(size_bytes: u64) -> Descriptor {
        Descriptor::new(media_type::OCI_LAYER_GZIP, Digest::Sha256([1; 32]), size_bytes)
    }

    fn step(text: &str, empty_layer: bool) -> History {
        let mut step = History::default();
        step.set_created_by(Some(text.to_owned()))
            .set_empty_layer(Some(empty_layer));
        step
    }

    #[test]
    fn each_step_that_made_a_layer_has_its_size() {
        let history = [step("ADD", false), step("ENV", true), step("RUN", false)];
        let sizes = |layers: &[Descriptor]| -> Vec<Option<u64>> {
            entries(&history, layers).iter().map(|entry| entry.size_bytes).collect()
        };
        assert_eq!(sizes(&[layer(1), layer(2)]), [Some(1), None, Some(2)]);
        assert_eq!(sizes(&[layer(1)]), [Some(1), None, None], "more steps than layers");
        let more = [layer(1), layer(2), layer(3)];
        assert_eq!(
            sizes(&more),
            [Some(1), None, Some(2), Some(3)],
            "more layers than steps"
        );
        assert_eq!(entries(&[], &more).len(), 3);
    }
}
