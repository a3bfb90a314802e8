//! The exchange of a container's own disk for a copy of a template's.

use std::io;
use std::path::{Path, PathBuf};

use container_durable::copy_nameless;
use container_state::Bundle;

/// A container's own disk that waits beside a copy of a template's. It gets its place back unless it is given up.
#[derive(Debug)]
pub(crate) struct SpareDisk {
    place: PathBuf,
    spare: Option<PathBuf>,
}

impl SpareDisk {
    /// Puts a copy of the disk at `from` in the place of the container's own. The copy is not synced.
    pub(crate) fn exchange(bundle: &Bundle, from: &Path) -> io::Result<Self> {
        let (place, spare) = (bundle.root_disk(), bundle.spare_root_disk());
        let copy = copy_nameless(from, bundle.directory()).map_err(|error| error.source)?;
        std::fs::rename(&place, &spare)?;
        let exchanged = Self {
            place: place.clone(),
            spare: Some(spare),
        };
        container_durable::give_name(&copy, &place)?;
        Ok(exchanged)
    }

    /// Gives the container's own disk up: what happens from here on is on the copy.
    pub(crate) fn give_up(mut self) {
        if let Some(spare) = self.spare.take() {
            // What stays is put back at the next start only if the container never came to run.
            let _ = std::fs::remove_file(spare);
        }
    }

    /// Puts back what a launcher that was killed has left aside: its container never came to run.
    pub(crate) fn put_back(bundle: &Bundle) -> io::Result<()> {
        match std::fs::rename(bundle.spare_root_disk(), bundle.root_disk()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }
}

impl Drop for SpareDisk {
    fn drop(&mut self) {
        if let Some(spare) = self.spare.take() {
            let _ = std::fs::rename(spare, &self.place);
        }
    }
}
