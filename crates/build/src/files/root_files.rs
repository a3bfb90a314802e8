//! What is copied from the root of a stage or an image.

use std::io::{self, Write};

use container_oci::Digest;
use container_rootfs::{RootView, TarEntries};
use container_tar::{Timestamp, Writer};
use sha2::{Digest as _, Sha256};

use super::root_selection::SelectedRootKind;
use super::target::joined;
use super::{FilesError, LayerWriter, RootSelection};

/// Copies what was selected in `source` to `destination`.
pub(crate) fn copy_root<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    source: &RootView,
    selection: &RootSelection,
    destination: &str,
) -> Result<(), FilesError> {
    for of in &selection.selected {
        let base = match &of.kind {
            SelectedRootKind::File => layer.file_target(destination, &of.name)?,
            SelectedRootKind::DirectoryContent => layer.directory(destination.as_bytes())?,
            SelectedRootKind::Parents(names) => {
                let base = layer.directory(destination.as_bytes())?;
                parents(layer, source, &of.located.path(), names, base)?
            }
        };
        let Some(mut walk) = source.walk(&of.located) else {
            continue;
        };
        while let Some(visit) = walk.next()? {
            let is_top = visit.path.is_empty();
            if selection.excludes(&visit.path) || (is_top && of.kind == SelectedRootKind::DirectoryContent) {
                continue;
            }
            let path = match is_top {
                true => base.clone(),
                false => joined(&base, &visit.path),
            };
            if path.is_empty() {
                continue;
            }
            match visit.entry.is_directory() {
                true => layer.takes_directory(&path)?,
                false => layer.takes_file(&path)?,
            }
            let dress = layer.dress.clone();
            TarEntries::new(source, &mut layer.tar).add_changed(&path, &visit.entry, |entry| dress.put_on(entry))?;
        }
    }
    Ok(())
}

/// Copies the directories that lead to something, without what else is in them; the path of the copy.
fn parents<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    source: &RootView,
    path: &[u8],
    names: &[Vec<u8>],
    base: Vec<u8>,
) -> Result<Vec<u8>, FilesError> {
    let all: Vec<&[u8]> = path
        .split(|byte| *byte == b'/')
        .filter(|name| !name.is_empty())
        .collect();
    let above = all.len().saturating_sub(names.len());
    let mut at = base;
    for (place, name) in names.iter().enumerate() {
        at = joined(&at, name);
        if place + 1 == names.len() {
            break;
        }
        let from = all.get(..=above + place).unwrap_or_default().join(&b'/');
        let found = source.stat(&[b"/", from.as_slice()].concat(), true)?;
        layer.takes_directory(&at)?;
        let dress = layer.dress.clone();
        TarEntries::new(source, &mut layer.tar).add_changed(&at, &found, |entry| dress.put_on(entry))?;
    }
    Ok(at)
}

/// A digest of all that a copy can see of what was selected: as the tar of it, without times.
pub(crate) fn digest_root(source: &RootView, selection: &RootSelection) -> Result<Digest, FilesError> {
    let mut tar = Writer::new(Hashing(Sha256::new()));
    for (number, of) in selection.selected.iter().enumerate() {
        let base = [number.to_string().as_bytes(), b"/", of.name.as_slice()].concat();
        let base = match &of.kind {
            SelectedRootKind::Parents(names) => names.iter().fold(base, |path, name| joined(&path, name)),
            _ => base,
        };
        let Some(mut walk) = source.walk(&of.located) else {
            continue;
        };
        let mut entries = TarEntries::new(source, &mut tar);
        while let Some(visit) = walk.next()? {
            if !selection.excludes(&visit.path) {
                let path = match visit.path.is_empty() {
                    true => base.clone(),
                    false => joined(&base, &visit.path),
                };
                entries.add_changed(&path, &visit.entry, |entry| entry.modified = Timestamp::default())?;
            }
        }
    }
    Ok(Digest::Sha256(tar.finish()?.0.finalize().into()))
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
