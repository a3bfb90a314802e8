//! A layer that is made here: its tar becomes a blob while it is written. `commit` and builds make theirs alike.

use std::io::{self, Write};

use container_oci::{Algorithm, Descriptor, Digest, media_type};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::content::{ContentError, Hasher, Ingest, Session, StorePaths};

/// Whose media types an image has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The OCI image specification's.
    #[default]
    Oci,
    /// Docker's, schema 2.
    Docker,
}

impl Dialect {
    pub(super) fn layer(self) -> &'static str {
        match self {
            Self::Oci => media_type::OCI_LAYER_GZIP,
            Self::Docker => media_type::DOCKER_LAYER_GZIP,
        }
    }
}

/// Why a layer was not made.
#[derive(Debug, thiserror::Error)]
pub enum NewLayerError {
    /// Its tar could not be written.
    #[error("cannot write the layer: {0}")]
    Write(#[source] io::Error),
    /// A file of the store.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// Compresses the layer into a blob while `write` writes its tar; its descriptor and the digest of its tar. The session keeps it.
pub(super) fn write_layer(
    paths: &StorePaths,
    session: &Session,
    dialect: Dialect,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(Descriptor, Digest), NewLayerError> {
    let ingest = Ingest::start(session, Algorithm::Sha256)?;
    let mut tar = Hashed {
        hasher: Hasher::new(Algorithm::Sha256),
        // As quick as can be: a layer is read more often on this machine than it is sent anywhere.
        gzip: GzEncoder::new(IntoBlob(ingest), Compression::fast()),
    };
    write(&mut tar).map_err(NewLayerError::Write)?;
    let diff_id = tar.hasher.finish();
    let staged = tar.gzip.finish().map_err(NewLayerError::Write)?.0.finish();
    let layer = Descriptor::new(dialect.layer(), *staged.digest(), staged.size_bytes());
    session.pin([layer.digest])?;
    staged.commit(paths)?;
    Ok((layer, diff_id))
}

/// The tar on its way to its digest and through compression.
struct Hashed {
    hasher: Hasher,
    gzip: GzEncoder<IntoBlob>,
}

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.gzip.write_all(bytes)?;
        self.hasher.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct IntoBlob(Ingest);

impl Write for IntoBlob {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
