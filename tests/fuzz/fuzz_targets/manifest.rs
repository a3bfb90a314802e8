//! Manifests, indexes and configurations from outside never panic, and what is accepted survives a rewrite.
#![no_main]

use container_oci::{Document, ImageConfig, Platform};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Document::parse(bytes, None) {
        Ok(Document::Index(index)) => {
            let _ = index.select(&Platform::host());
            let rewritten = serde_json::to_vec(&index).expect("an index is JSON");
            assert_eq!(Document::parse(&rewritten, None).ok(), Some(Document::Index(index)));
        }
        Ok(Document::Manifest(manifest)) => {
            let _ = manifest.content_bytes();
            let rewritten = serde_json::to_vec(&manifest).expect("a manifest is JSON");
            assert_eq!(Document::parse(&rewritten, None).ok(), Some(Document::Manifest(manifest)));
        }
        Err(_) => {}
    }
    if let Ok(config) = ImageConfig::parse(bytes) {
        let rewritten = serde_json::to_vec(&config).expect("a configuration is JSON");
        assert_eq!(ImageConfig::parse(&rewritten).ok(), Some(config));
    }
});
