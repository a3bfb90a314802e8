//! Steps as a document that travels: `BuildKit`'s cache configuration, version 0.
//!
//! It lists layers, and records that name them by their places. A record has the key of a step as its digest. `BuildKit` and this program describe steps in their own
//! ways, so that neither finds a step of the other by its key; what is not understood is passed over.

use std::collections::{BTreeMap, BTreeSet};

use container_oci::{Descriptor, Digest, media_type};
use serde::{Deserialize, Deserializer, Serialize};

use crate::{CacheKey, CachedLayer, CachedStep};

/// The media type of the document.
pub const CACHE_CONFIG: &str = "application/vnd.buildkit.cacheconfig.v0";

/// The largest document that is read: room for tens of thousands of steps.
pub const CACHE_CONFIG_LIMIT_BYTES: u64 = 8 << 20;

/// The longest description that is kept.
const DESCRIPTION_CHARACTERS: usize = 4096;

/// Steps, and the layers that they have made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheConfig {
    #[serde(default, deserialize_with = "null_default")]
    layers: Vec<ListedLayer>,
    #[serde(default, deserialize_with = "null_default")]
    records: Vec<ListedStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListedLayer {
    blob: Digest,
    /// The place of the layer that it lies on; −1 for none. Ours are told by the keys of their steps.
    #[serde(default)]
    parent: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    annotations: Option<LayerFacts>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LayerFacts {
    #[serde(default)]
    media_type: String,
    #[serde(rename = "diffID", default, skip_serializing_if = "Option::is_none")]
    diff_id: Option<Digest>,
    #[serde(rename = "size", default)]
    size_bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListedStep {
    digest: String,
    #[serde(rename = "layers", default, deserialize_with = "null_default")]
    results: Vec<ListedResult>,
    /// What the step did, for people. `BuildKit` has no such word.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ListedResult {
    #[serde(default)]
    layer: usize,
}

/// `BuildKit` writes `null` for an empty list.
fn null_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

impl ListedLayer {
    fn new(layer: &CachedLayer) -> Self {
        Self {
            blob: layer.descriptor.digest,
            parent: -1,
            annotations: Some(LayerFacts {
                media_type: layer.descriptor.media_type.to_string(),
                diff_id: Some(layer.diff_id),
                size_bytes: layer.descriptor.size_bytes,
            }),
        }
    }
}

impl ListedStep {
    fn new(key: &CacheKey, place: usize, step: &CachedStep) -> Self {
        Self {
            digest: format!("sha256:{key}"),
            results: vec![ListedResult { layer: place }],
            description: step.description.clone(),
        }
    }
}

impl CacheConfig {
    /// The document of these steps. Equal steps give equal documents, whenever they were done.
    #[must_use]
    pub fn new(steps: &BTreeMap<CacheKey, CachedStep>) -> Self {
        let digests: BTreeSet<Digest> = steps.values().map(|step| step.layer.descriptor.digest).collect();
        let places: BTreeMap<Digest, usize> = digests.into_iter().zip(0..).collect();
        let mut layers: Vec<Option<ListedLayer>> = vec![None; places.len()];
        let mut records = Vec::with_capacity(steps.len());
        for (key, step) in steps {
            let place = places.get(&step.layer.descriptor.digest).copied().unwrap_or_default();
            if let Some(layer) = layers.get_mut(place) {
                *layer = Some(ListedLayer::new(&step.layer));
            }
            records.push(ListedStep::new(key, place, step));
        }
        Self {
            layers: layers.into_iter().flatten().collect(),
            records,
        }
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When it is none. How large it may be is the caller's to check ([`CACHE_CONFIG_LIMIT_BYTES`]).
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// The records of the steps that made an image's layers, which has these blobs: what an image carries along in its configuration, without the layers.
    #[must_use]
    pub fn inline(steps: &BTreeMap<CacheKey, CachedStep>, layers: &[Digest]) -> impl Serialize {
        let records = steps.iter().filter_map(|(key, step)| {
            let digest = step.layer.descriptor.digest;
            let place = layers.iter().position(|layer| *layer == digest)?;
            Some(ListedStep::new(key, place, step))
        });
        records.collect::<Vec<_>>()
    }

    /// Reads what an image carries along; `layers` are the image's.
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn parse_inline(bytes: &[u8], layers: &[CachedLayer]) -> Result<Self, serde_json::Error> {
        Ok(Self {
            layers: layers.iter().map(ListedLayer::new).collect(),
            records: serde_json::from_slice::<Option<_>>(bytes)?.unwrap_or_default(),
        })
    }

    /// The steps whose layers can be used: those with a digest of their tar, packed as layers of this program are.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<CacheKey, CachedStep> {
        let steps = self.records.iter().filter_map(|record| {
            let key = CacheKey::from_hex(record.digest.strip_prefix("sha256:")?)?;
            let layer = self.layers.get(record.results.first()?.layer)?;
            let facts = layer.annotations.as_ref()?;
            if facts.media_type != media_type::OCI_LAYER_GZIP {
                return None;
            }
            let step = CachedStep {
                layer: CachedLayer {
                    descriptor: Descriptor::new(&facts.media_type, layer.blob, facts.size_bytes),
                    diff_id: facts.diff_id?,
                },
                description: record.description.chars().take(DESCRIPTION_CHARACTERS).collect(),
                created_unix_seconds: 0,
            };
            Some((key, step))
        });
        steps.collect()
    }

    /// The layers of the document, each once.
    #[must_use]
    pub fn layers(&self) -> Vec<Descriptor> {
        let described = self.layers.iter().filter_map(|layer| {
            let facts = layer.annotations.as_ref()?;
            Some(Descriptor::new(&facts.media_type, layer.blob, facts.size_bytes))
        });
        described.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn steps(layers: &[(u8, &str)]) -> BTreeMap<CacheKey, CachedStep> {
        let steps = layers.iter().map(|(layer, name)| {
            let step = CachedStep {
                layer: CachedLayer {
                    descriptor: Descriptor::new(media_type::OCI_LAYER_GZIP, Digest::Sha256([*layer; 32]), 7),
                    diff_id: Digest::Sha256([layer.wrapping_add(100); 32]),
                },
                description: (*name).to_owned(),
                created_unix_seconds: 0,
            };
            (CacheKey::of(name).unwrap(), step)
        });
        steps.collect()
    }

    #[test]
    fn steps_come_back_as_they_were_and_a_layer_is_listed_once() {
        let steps = steps(&[(2, "RUN a"), (1, "COPY b"), (2, "RUN c")]);
        let config = CacheConfig::new(&steps);
        let read = CacheConfig::parse(&serde_json::to_vec(&config).unwrap()).unwrap();
        assert_eq!((read.steps(), read.layers().len()), (steps.clone(), 2));
        // An image carries along only what has made its layers.
        let layers: Vec<CachedLayer> = steps
            .values()
            .map(|step| step.layer.clone())
            .filter(|layer| layer.descriptor.digest == Digest::Sha256([1; 32]))
            .collect();
        let inline = serde_json::to_vec(&CacheConfig::inline(&steps, &[Digest::Sha256([1; 32])])).unwrap();
        let carried = CacheConfig::parse_inline(&inline, &layers).unwrap().steps();
        let expected: BTreeMap<_, _> = steps
            .into_iter()
            .filter(|(_, step)| step.description == "COPY b")
            .collect();
        assert_eq!(carried, expected);
    }

    #[test]
    fn what_buildkit_writes_is_read_and_what_is_not_ours_passed_over() {
        let text = format!(
            r#"{{"layers":[{{"blob":"sha256:{0}","parent":-1,"annotations":{{"mediaType":"{1}","diffID":"sha256:{0}","size":3,"createdAt":"2026-01-01T00:00:00Z"}}}},
            {{"blob":"sha256:{0}","annotations":{{"mediaType":"application/x","size":3}}}}],
            "records":[{{"digest":"random:x","inputs":[[{{"selector":"s","link":1}}]]}},{{"digest":"sha256:{0}","layers":[{{"layer":9,"createdAt":"x"}}]}},
            {{"digest":"sha256:{0}","layers":[{{"layer":1}}]}},{{"digest":"sha256:{0}","layers":null,"chains":[{{"layers":[0]}}]}},{{"digest":"sha256:{2}","layers":[{{"createdAt":"x"}}]}}]}}"#,
            "ab".repeat(32),
            media_type::OCI_LAYER_GZIP,
            "cd".repeat(32)
        );
        let found = CacheConfig::parse(text.as_bytes()).unwrap().steps();
        let keys: Vec<String> = found.keys().map(ToString::to_string).collect();
        assert_eq!(keys, ["cd".repeat(32)]);
        assert_eq!(
            CacheConfig::parse(br#"{"layers":null}"#).unwrap(),
            CacheConfig::default()
        );
    }

    proptest! {
        #[test]
        fn no_text_does_harm(text in "\\PC{0,200}") {
            if let Ok(config) = CacheConfig::parse(text.as_bytes()) {
                prop_assert!(config.steps().len() <= text.len());
            }
        }
    }
}
