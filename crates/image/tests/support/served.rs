//! A liar that serves one small image truthfully; the tests then change an answer.

use container_image::{NoProgress, PullError, PullOptions, PulledImage};
use container_oci::{Digest, ImageConfig, Manifest, Platform, ProcessDefaults, media_type};

use super::TestStore;
use super::images::{archive, members};
use super::liar::{Answer, Liar, ok};
use super::platforms::{serve_blob, serve_manifest, sha256};

/// `demo:1` with one layer.
pub(crate) struct Served {
    pub(crate) liar: Liar,
    pub(crate) manifest: Vec<u8>,
    pub(crate) layer: Vec<u8>,
    pub(crate) layer_digest: Digest,
    pub(crate) layer_path: String,
}

impl Served {
    pub(crate) fn new(text: &str) -> Self {
        let liar = Liar::start();
        let directory = tempfile::tempdir().unwrap();
        let all = members(&archive(directory.path(), "demo:1", text));
        for (name, bytes) in &all[2..] {
            let hex = name.strip_prefix("blobs/sha256/").unwrap();
            let answer = ok("application/octet-stream", bytes.clone());
            liar.answer(&format!("/v2/demo/blobs/sha256:{hex}"), vec![answer]);
        }
        let (manifest, (layer_name, layer)) = (all[2].1.clone(), all[4].clone());
        let answer = ok(media_type::OCI_MANIFEST, manifest.clone());
        liar.answer("/v2/demo/manifests/1", vec![answer]);
        let digest = format!("sha256:{}", layer_name.rsplit('/').next().unwrap());
        Self {
            liar,
            manifest,
            layer,
            layer_path: format!("/v2/demo/blobs/{digest}"),
            layer_digest: digest.parse().unwrap(),
        }
    }

    /// `demo:1` with this layer, which need not be one.
    pub(crate) fn with_layer(layer: Vec<u8>) -> Self {
        let liar = Liar::start();
        let config = ImageConfig::new(Platform::host(), ProcessDefaults::default(), vec![sha256(b"")]);
        let config = serve_blob(&liar, media_type::OCI_CONFIG, &serde_json::to_vec(&config).unwrap());
        let described = serve_blob(&liar, media_type::OCI_LAYER_GZIP, &layer);
        let manifest = serde_json::to_vec(&Manifest::new(config, vec![described.clone()])).unwrap();
        serve_manifest(&liar, media_type::OCI_MANIFEST, &manifest, Some("1"));
        Self {
            liar,
            manifest,
            layer,
            layer_path: format!("/v2/demo/blobs/{}", described.digest),
            layer_digest: described.digest,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("{}/demo:1", self.liar.address)
    }

    /// Answers requests for the layer in turn.
    pub(crate) fn layer_answers(&self, answers: Vec<Answer>) {
        self.liar.answer(&self.layer_path, answers);
    }

    /// The requests for the layer so far.
    pub(crate) fn layer_requests(&self) -> Vec<String> {
        let requests = self.liar.requests();
        let start = format!("GET {} ", self.layer_path);
        let of_layer = requests.iter().filter(|request| request.starts_with(&start));
        of_layer.map(|request| request.to_ascii_lowercase()).collect()
    }

    pub(crate) async fn pull(&self, test: &TestStore) -> Result<PulledImage, PullError> {
        pull(test, &self.name()).await
    }
}

/// Pulls for the host's platform.
pub(crate) async fn pull(test: &TestStore, name: &str) -> Result<PulledImage, PullError> {
    let options = PullOptions::default();
    test.store.pull(&name.parse().unwrap(), &options, &NoProgress).await
}
