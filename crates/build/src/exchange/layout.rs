//! A cache in a directory: an OCI layout, as `BuildKit` has it.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use container_oci::{Descriptor, Digest, Document, Index, MANIFEST_LIMIT_BYTES, MediaType, annotation, media_type};
use sha2::{Digest as _, Sha256};

/// What a layout says of itself.
const LAYOUT_MARK: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
const LAYOUT_FILE: &str = "oci-layout";
const INDEX_FILE: &str = "index.json";

/// An OCI layout.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    directory: PathBuf,
}

impl Layout {
    pub(super) fn at(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// What it lists; nothing where there is no list yet.
    pub(super) fn index(&self) -> io::Result<Index> {
        let path = self.directory.join(INDEX_FILE);
        let bytes = match read(&path, MANIFEST_LIMIT_BYTES) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Index::new(Vec::new())),
            bytes => bytes?,
        };
        match Document::parse(&bytes, Some(&MediaType::from(media_type::OCI_INDEX))) {
            Ok(Document::Index(index)) => Ok(index),
            Ok(_) => Err(io::Error::other("its index.json is no index")),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// The manifest of a cache, by its digest, else by its tag.
    pub(super) fn find(&self, tag: &str, digest: Option<&Digest>) -> io::Result<Option<Descriptor>> {
        let index = self.index()?;
        let found = index.manifests.into_iter().find(|manifest| match digest {
            Some(digest) => manifest.digest == *digest,
            None => is_tagged(manifest, tag),
        });
        Ok(found)
    }

    /// A small blob, which has the digest that it should have.
    pub(super) fn small_blob(&self, digest: &Digest, limit_bytes: u64) -> io::Result<Vec<u8>> {
        let bytes = read(&self.blob(digest), limit_bytes)?;
        match Digest::Sha256(Sha256::digest(&bytes).into()) == *digest {
            true => Ok(bytes),
            false => Err(io::Error::other(format!("{digest} is damaged"))),
        }
    }

    /// The bytes of a blob, which nobody has checked.
    pub(super) fn open_blob(&self, digest: &Digest) -> io::Result<File> {
        let path = self.blob(digest);
        match fs::metadata(&path)?.is_file() {
            true => File::open(path),
            false => Err(io::Error::other(format!("{} is no file", path.display()))),
        }
    }

    /// Adds a blob, unless it is there. It appears whole.
    pub(super) fn add_blob(&self, descriptor: &Descriptor, mut content: File) -> io::Result<()> {
        let path = self.blob(&descriptor.digest);
        if fs::metadata(&path).is_ok_and(|found| found.len() == descriptor.size_bytes) {
            return Ok(());
        }
        place(&path, |file| io::copy(&mut content, file).map(drop))
    }

    /// Lists a manifest under a tag, which no other has from then on.
    pub(super) fn tag(&self, mut manifest: Descriptor, tag: &str) -> io::Result<()> {
        let mut index = self.index()?;
        index.media_type = Some(MediaType::from(media_type::OCI_INDEX));
        index.manifests.retain(|known| !is_tagged(known, tag));
        manifest
            .annotations
            .insert(annotation::REF_NAME.to_owned(), tag.to_owned());
        index.manifests.push(manifest);
        place(&self.directory.join(LAYOUT_FILE), |file| {
            io::Write::write_all(file, LAYOUT_MARK)
        })?;
        let bytes = serde_json::to_vec(&index)?;
        place(&self.directory.join(INDEX_FILE), |file| {
            io::Write::write_all(file, &bytes)
        })
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        let blobs = self.directory.join("blobs").join(digest.algorithm().name());
        blobs.join(digest.hex())
    }
}

fn is_tagged(manifest: &Descriptor, tag: &str) -> bool {
    manifest
        .annotations
        .get(annotation::REF_NAME)
        .is_some_and(|name| name == tag)
}

/// A file of at most `limit_bytes`.
fn read(path: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    let found = fs::metadata(path)?;
    if !found.is_file() || found.len() > limit_bytes {
        return Err(io::Error::other(format!(
            "{} is no file of at most {limit_bytes} bytes",
            path.display()
        )));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(limit_bytes).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Writes a file that appears whole, with the directories that it is in.
fn place(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let unfinished = directory.join(format!(".{}.partial", uuid::Uuid::new_v4().simple()));
    let written = File::create_new(&unfinished).and_then(|mut file| {
        write(&mut file)?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    });
    if written.is_err() {
        // What went wrong first is what the user has to know.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        io::Seek::rewind(&mut file).unwrap();
        file
    }

    fn descriptor(bytes: &[u8]) -> Descriptor {
        let digest = Digest::Sha256(Sha256::digest(bytes).into());
        Descriptor::new(media_type::OCI_MANIFEST, digest, bytes.len() as u64)
    }

    #[test]
    fn caches_are_found_by_tag_or_digest_and_a_tag_moves() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::at(&root.path().join("cache"));
        assert_eq!(layout.find("latest", None).unwrap(), None);
        for (content, tag) in [(&b"one"[..], "latest"), (b"other", "x"), (b"two", "latest")] {
            let manifest = descriptor(content);
            layout.add_blob(&manifest, file(content)).unwrap();
            layout.tag(manifest, tag).unwrap();
        }
        let found = |tag, digest: Option<&Digest>| layout.find(tag, digest).unwrap().map(|found| found.digest);
        assert_eq!(found("latest", None), Some(descriptor(b"two").digest));
        assert_eq!(found("x", None), Some(descriptor(b"other").digest));
        assert_eq!(found("latest", Some(&descriptor(b"one").digest)), None);
        assert_eq!(layout.small_blob(&descriptor(b"two").digest, 3).unwrap(), b"two");
    }

    #[test]
    fn what_is_damaged_or_too_large_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::at(root.path());
        let blob = descriptor(b"content");
        layout.add_blob(&blob, file(b"content")).unwrap();
        assert!(layout.small_blob(&blob.digest, 6).is_err());
        let path = layout.blob(&blob.digest);
        fs::write(&path, "Content").unwrap();
        assert!(layout.small_blob(&blob.digest, 7).is_err());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(layout.open_blob(&blob.digest).is_err());
        fs::write(root.path().join(INDEX_FILE), "[]").unwrap();
        assert!(layout.index().is_err());
    }
}
