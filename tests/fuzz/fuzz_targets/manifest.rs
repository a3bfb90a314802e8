//! Parsing any bytes as manifests, indexes or configurations does not panic, and what is accepted is the same after it is written and read again.
#![no_main]

use std::convert::Infallible;

use container_oci::{Descriptor, Digest, Document, ImageConfig, Platform, Tree, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match Document::parse(bytes, None) {
        Ok(Document::Index(index)) => {
            // Every index that it lists is the same index again. The walk has to end nevertheless.
            let root = Descriptor::new(media_type::OCI_INDEX, Digest::Sha256([0; 32]), bytes.len() as u64);
            let Ok(tree) = Tree::read(root, Some(&index), |_| Ok::<_, Infallible>(Some(index.clone())));
            let _ = tree.select(&Platform::host());
            assert!(tree.bottom_up().len() <= tree.iter().count());
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
