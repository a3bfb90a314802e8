//! Statements about an image, beside it in its index, as BuildKit keeps them.

use std::collections::BTreeMap;

use container_image::{DraftImage, ImageDraft, StoredLayer};
use container_oci::{Descriptor, ImageConfig, Platform, ProcessDefaults, annotation};
use serde_json::{Value, json};

use crate::BuildError;

/// A statement as a blob.
const IN_TOTO: &str = "application/vnd.in-toto+json";
/// The form of a statement.
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
/// What a statement is about, as the manifest says it of the blob.
const PREDICATE_TYPE: &str = "in-toto.io/predicate-type";
/// The kind of a manifest that is no image.
const KIND: &str = "attestation-manifest";
/// Nothing runs on it.
const NOWHERE: &str = "unknown";
/// What an image without a name is called.
const NAMELESS: &str = "_";

/// A statement about an image.
pub(super) struct Statement {
    /// What kind of predicate it is.
    pub(super) predicate_type: &'static str,
    /// What is said.
    pub(super) predicate: Value,
}

impl Statement {
    /// The whole of it, about the image with this manifest under these names.
    fn about(&self, image: &Descriptor, names: &[String]) -> Value {
        let digest = json!({ image.digest.algorithm().name(): image.digest.hex() });
        let nameless = [NAMELESS.to_owned()];
        let names = if names.is_empty() { &nameless[..] } else { names };
        let subjects = names.iter().map(|name| json!({ "name": name, "digest": digest }));
        json!({
            "_type": STATEMENT,
            "predicateType": self.predicate_type,
            "subject": subjects.collect::<Vec<_>>(),
            "predicate": self.predicate,
        })
    }

    /// Stores it; the manifest that stands for it in the index of the image.
    pub(super) fn store(
        &self,
        draft: &ImageDraft,
        image: &Descriptor,
        names: &[String],
    ) -> Result<Descriptor, BuildError> {
        let mut blob = draft.store_document(IN_TOTO, &self.about(image, names))?;
        let diff_id = blob.digest;
        blob.annotations
            .insert(PREDICATE_TYPE.to_owned(), self.predicate_type.to_owned());
        let platform = Platform::new(NOWHERE, NOWHERE, None);
        let document = DraftImage {
            config: ImageConfig::new(platform.clone(), ProcessDefaults::default(), vec![diff_id]),
            layers: vec![StoredLayer {
                descriptor: blob,
                diff_id,
            }],
            annotations: BTreeMap::new(),
        };
        let (mut manifest, _) = draft.store(document)?;
        manifest.platform = Some(platform);
        let of_image = [
            (annotation::REFERENCE_TYPE, KIND.to_owned()),
            (annotation::REFERENCE_DIGEST, image.digest.to_string()),
        ];
        manifest
            .annotations
            .extend(of_image.map(|(key, value)| (key.to_owned(), value)));
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use container_oci::{Digest, media_type};

    #[test]
    fn a_statement_is_about_every_name_of_the_image() {
        let image = Descriptor::new(media_type::OCI_MANIFEST, Digest::Sha256([1; 32]), 1);
        let statement = Statement {
            predicate_type: "https://example.com/p",
            predicate: json!({ "a": 1 }),
        };
        let names = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            statement.about(&image, &names)
        };
        let hex = "01".repeat(32);
        assert_eq!(
            names(&["x", "y"]),
            json!({
                "_type": "https://in-toto.io/Statement/v1",
                "predicateType": "https://example.com/p",
                "subject": [
                    { "name": "x", "digest": { "sha256": hex } },
                    { "name": "y", "digest": { "sha256": hex } },
                ],
                "predicate": { "a": 1 },
            })
        );
        assert_eq!(names(&[])["subject"][0]["name"], "_");
    }
}
