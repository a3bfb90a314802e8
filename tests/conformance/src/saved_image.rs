//! An image as `container image save` writes it: an OCI layout (image specification 1.1) in a tar.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, Result};
use container_tar::{EntryKind, Piece, ReadError, Reader};
use serde_json::{Map, Value};

use crate::tree::{Tree, apply};

/// Configuration and layers of the first image of an archive.
pub(crate) struct SavedImage {
    config: Value,
    layers: Vec<Vec<u8>>,
}

impl SavedImage {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let files = files(path)?;
        let blob = |descriptor: &Value| -> Result<&Vec<u8>> {
            let digest = descriptor["digest"].as_str().context("a descriptor without a digest")?;
            let name = format!("blobs/{}", digest.replace(':', "/"));
            files.get(&name).with_context(|| format!("the archive has no {name}"))
        };
        let index = files.get("index.json").context("the archive has no index.json")?;
        let mut manifest: Value = serde_json::from_slice(index)?;
        while let Some(first) = manifest["manifests"].as_array().and_then(|all| all.first()) {
            manifest = serde_json::from_slice(blob(first)?)?;
        }
        let layers = manifest["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(Self {
            config: serde_json::from_slice(blob(&manifest["config"])?)?,
            layers: layers.iter().map(|layer| blob(layer).cloned()).collect::<Result<_>>()?,
        })
    }

    /// The `config` of the configuration.
    pub(crate) fn config(&self) -> Map<String, Value> {
        self.config["config"].as_object().cloned().unwrap_or_default()
    }

    /// The files of the root.
    pub(crate) fn tree(&self) -> Result<Tree> {
        let mut tree = Tree::new();
        self.layers.iter().try_for_each(|layer| apply(&mut tree, layer))?;
        Ok(tree)
    }
}

/// The regular files of a tar.
fn files(path: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut tar = Reader::new(BufReader::new(file));
    let mut files = BTreeMap::new();
    while let Some(entry) = tar.next_entry()? {
        let EntryKind::File { size_bytes, regions } = entry.kind else {
            continue;
        };
        let mut bytes = Vec::new();
        tar.each_piece(size_bytes, regions.as_deref(), |piece| {
            match piece {
                Piece::Bytes(part) => bytes.extend_from_slice(part),
                Piece::Hole(length) => drop(std::io::repeat(0).take(length).read_to_end(&mut bytes)),
            }
            Ok::<_, ReadError>(())
        })?;
        let name = String::from_utf8_lossy(&entry.path);
        files.insert(name.trim_start_matches("./").to_owned(), bytes);
    }
    Ok(files)
}
