//! Checks the image store of a home without using the program's own code: every file must have the content that its name says, and must be
//! reachable from an image.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::archive::hex;

/// Documents are parsed, layers are not.
const DOCUMENT_LIMIT_BYTES: u64 = 1 << 20;

/// The store below an app root.
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// The store of this app root.
    #[must_use]
    pub fn below(app_root: &Path) -> Self {
        Self {
            root: app_root.to_owned(),
        }
    }

    /// Checks that every blob hashes to its name and that e2fsck finds no error on any layer disk.
    ///
    /// # Panics
    /// When one is not right.
    #[track_caller]
    pub fn assert_valid(&self) {
        for blob in files(&self.root.join("content/blobs")) {
            let mut hasher = Sha256::new();
            std::io::copy(&mut File::open(&blob).unwrap(), &mut HashWriter(&mut hasher)).unwrap();
            let name = blob.file_name().unwrap().to_str().unwrap();
            assert_eq!(hex(&hasher.finalize()), name, "{} is damaged", blob.display());
        }
        for disk in self.disks() {
            let output = Command::new("e2fsck")
                .arg("-fn")
                .arg(&disk)
                .env("PATH", search_path())
                .output()
                .expect("e2fsck is needed: apt-get install e2fsprogs");
            assert!(output.status.success(), "{}: {output:?}", disk.display());
        }
    }

    /// Checks that the store has what the images in the catalog need, and not a file more.
    ///
    /// # Panics
    /// When something is superfluous or missing.
    #[track_caller]
    pub fn assert_tidy(&self) {
        let (blobs, disks) = self.reachable();
        let superfluous: Vec<PathBuf> = files(&self.root.join("content"))
            .into_iter()
            .filter(|path| !self.is_standing_lock(path))
            .filter(|path| !is_named_in(path, &blobs) || !path.starts_with(self.root.join("content/blobs")))
            .chain(
                files(&self.root.join("layers"))
                    .into_iter()
                    .filter(|path| !is_named_in(path, &disks)),
            )
            .collect();
        assert!(superfluous.is_empty(), "nobody needs {superfluous:#?}");
        let names: BTreeSet<String> = self.disks().iter().map(|path| stem(path)).collect();
        let manifests_disks = self.disks_of_complete_images();
        assert!(
            manifests_disks.is_subset(&names),
            "disks are missing: {:?}",
            manifests_disks.difference(&names)
        );
    }

    /// Bytes of blobs, whole and unfinished.
    #[must_use]
    pub fn content_bytes(&self) -> u64 {
        let length = |path: PathBuf| path.metadata().map_or(0, |metadata| metadata.len());
        ["content/blobs", "content/ingest"]
            .iter()
            .flat_map(|name| files(&self.root.join(name)))
            // A session's directory has unfinished disks beside unfinished blobs.
            .filter(|path| !is_in_session(path, &self.root))
            .map(length)
            .sum()
    }

    /// Paths of the layer disks.
    #[must_use]
    pub fn disks(&self) -> Vec<PathBuf> {
        let mut disks = files(&self.root.join("layers"));
        disks.retain(|path| path.extension().is_some_and(|extension| extension == "ext4"));
        disks
    }

    /// Hexadecimal digests of the blobs, and names of the disks, that the catalog's images may have.
    fn reachable(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let mut blobs = BTreeSet::new();
        let mut disks = BTreeSet::new();
        let mut waiting = self.catalog_digests();
        while let Some(digest) = waiting.pop() {
            if !blobs.insert(digest.clone()) {
                continue;
            }
            let document = self.document(&digest);
            digests_in(&document, &mut waiting);
            disks.extend(disk_names(&document));
        }
        (blobs, disks)
    }

    /// The disks of those images whose layers are all here.
    fn disks_of_complete_images(&self) -> BTreeSet<String> {
        let (blobs, _) = self.reachable();
        let mut names = BTreeSet::new();
        for manifest in blobs.iter().map(|digest| self.document(digest)) {
            let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
            let is_here = |layer: &Value| self.blob_path(&digest_of(layer)).exists();
            let is_image = |layer: &Value| layer["mediaType"].as_str().is_some_and(|kind| kind.contains("tar"));
            if !layers.is_empty() && layers.iter().all(|layer| is_here(layer) && is_image(layer)) {
                let config = self.document(&digest_of(&manifest["config"]));
                let diff_ids = config["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
                names.extend(diff_ids.iter().filter_map(Value::as_str).map(bare));
            }
        }
        names
    }

    /// The store's own locks are not removed, so that processes that wait for one lock the same file.
    fn is_standing_lock(&self, path: &Path) -> bool {
        ["gate.lock", "trash.lock"]
            .iter()
            .any(|name| *path == self.root.join("content").join(name))
    }

    fn catalog_digests(&self) -> Vec<String> {
        let mut digests = Vec::new();
        if let Ok(bytes) = fs::read(self.root.join("images.json")) {
            digests_in(&serde_json::from_slice(&bytes).unwrap(), &mut digests);
        }
        digests
    }

    /// A blob as JSON; null when it is none or is not here.
    fn document(&self, digest: &str) -> Value {
        let path = self.blob_path(digest);
        match path.metadata() {
            Ok(metadata) if metadata.len() <= DOCUMENT_LIMIT_BYTES => {
                serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_default()
            }
            _ => Value::Null,
        }
    }

    fn blob_path(&self, digest: &str) -> PathBuf {
        self.root.join("content/blobs/sha256").join(digest)
    }
}

/// e2fsck is in a directory that an ordinary user's `PATH` lacks.
pub(crate) fn search_path() -> String {
    format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default())
}

/// Adds the values of all keys `digest` in a document.
fn digests_in(document: &Value, digests: &mut Vec<String>) {
    match document {
        Value::Object(members) => members.iter().for_each(|(key, value)| match value.as_str() {
            Some(text) if key == "digest" => digests.push(bare(text)),
            _ => digests_in(value, digests),
        }),
        Value::Array(elements) => elements.iter().for_each(|element| digests_in(element, digests)),
        _ => {}
    }
}

/// The names that disks of an image's configuration have: diff ids, and chain ids (image specification, "Layer ChainID") for merged ones.
fn disk_names(config: &Value) -> Vec<String> {
    let diff_ids = config["rootfs"]["diff_ids"].as_array().cloned().unwrap_or_default();
    let mut names = Vec::new();
    let mut chain = String::new();
    for diff_id in diff_ids.iter().filter_map(Value::as_str) {
        chain = if chain.is_empty() {
            diff_id.to_owned()
        } else {
            format!("sha256:{}", hex(&Sha256::digest(format!("{chain} {diff_id}"))))
        };
        names.extend([bare(diff_id), bare(&chain)]);
    }
    names
}

fn digest_of(descriptor: &Value) -> String {
    bare(descriptor["digest"].as_str().unwrap_or_default())
}

fn bare(digest: &str) -> String {
    digest.trim_start_matches("sha256:").to_owned()
}

fn is_named_in(path: &Path, names: &BTreeSet<String>) -> bool {
    names.iter().any(|name| stem(path).contains(name.as_str()))
}

fn is_in_session(path: &Path, root: &Path) -> bool {
    path.parent()
        .is_some_and(|parent| parent.starts_with(root.join("content/ingest")) && !parent.ends_with("ingest"))
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// All files below a directory; none when it is not there.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => directories.push(entry.path()),
                Ok(_) => found.push(entry.path()),
                // Removed since it was listed.
                Err(_) => {}
            }
        }
    }
    found
}

struct HashWriter<'a>(&'a mut Sha256);

impl std::io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
