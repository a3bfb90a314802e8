//! What an archive that is a layer of an image takes away (OCI image specification, `layer.md`, "Whiteouts").

use std::collections::HashSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use super::directories::Directories;
use super::unwritable;
use crate::error::ExtractError;
use crate::remove::{names_in, remove_tree};

/// What the name of a whiteout starts with.
const WHITEOUT_PREFIX: &[u8] = b".wh.";
/// What hides all that lower layers have in its directory.
const OPAQUE_NAME: &[u8] = b".wh..wh..opq";
/// What tools keep for themselves starts like this.
const RESERVED_PREFIX: &[u8] = b".wh..wh.";

/// What the archive has made so far: it takes away only what was there before.
#[derive(Debug, Default)]
pub(super) struct Layer {
    made: HashSet<Vec<u8>>,
}

impl Layer {
    /// Does what an entry says that is a mark and no file; whether it is one.
    pub(super) fn mark(&self, directories: &mut Directories<'_>, names: &[&OsStr]) -> Result<bool, ExtractError> {
        let Some((name, parents)) = names.split_last() else {
            return Ok(false);
        };
        let Some(hidden) = name.as_bytes().strip_prefix(WHITEOUT_PREFIX) else {
            return Ok(false);
        };
        if name.as_bytes() == OPAQUE_NAME {
            self.clear(directories, parents)?;
        } else if !name.as_bytes().starts_with(RESERVED_PREFIX) {
            let hidden = OsStr::from_bytes(hidden);
            if matches!(hidden.as_bytes(), b"" | b"." | b"..") {
                return Err(ExtractError::Outside { path: path(names) });
            }
            self.hide(directories, parents, hidden)?;
        }
        Ok(true)
    }

    /// Notes that the archive has this file or directory.
    pub(super) fn note(&mut self, names: &[&OsStr]) {
        // And every directory that it is in, which is not there to be taken away any more either.
        for count in (1..=names.len()).rev() {
            if !self.made.insert(path(&names[..count])) {
                return;
            }
        }
    }

    fn hide(&self, directories: &mut Directories<'_>, parents: &[&OsStr], name: &OsStr) -> Result<(), ExtractError> {
        let full: Vec<&OsStr> = parents.iter().copied().chain([name]).collect();
        if self.made.contains(&path(&full)) || !directories.enter_existing(parents)? {
            return Ok(());
        }
        remove_tree(directories.current(), name).map_err(|error| unwritable(&path(&full), error))
    }

    /// Takes away what is in a directory and not of this archive. Its directories among those that stay are cleared by their own marks, if they have any.
    fn clear(&self, directories: &mut Directories<'_>, parents: &[&OsStr]) -> Result<(), ExtractError> {
        if !directories.enter_existing(parents)? {
            return Ok(());
        }
        let failed = |error| unwritable(&path(parents), error);
        for name in names_in(directories.current()).map_err(failed)? {
            let full: Vec<&OsStr> = parents.iter().copied().chain([name.as_os_str()]).collect();
            if !self.made.contains(&path(&full)) {
                remove_tree(directories.current(), &name).map_err(failed)?;
            }
        }
        Ok(())
    }
}

fn path(names: &[&OsStr]) -> Vec<u8> {
    names.iter().map(|name| name.as_bytes()).collect::<Vec<_>>().join(&b'/')
}
