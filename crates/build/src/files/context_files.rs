//! What is copied from the context.

use std::io::Write;

use container_build_context::{Item, Selected, SelectedKind, Selection};
use container_tar::EntryKind;

use super::target::joined;
use super::{FilesError, LayerWriter, unpack};

/// Copies a selection to `destination`. Archives that are named as files are unpacked if `unpacks`.
pub(crate) fn copy_context<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    selection: &Selection<'_>,
    destination: &str,
    unpacks: bool,
) -> Result<(), FilesError> {
    let selected: Vec<&Selected> = selection.selected().collect();
    // The directory is made also where it stays empty.
    let base = match selected.iter().any(|of| of.kind != SelectedKind::File) {
        true => layer.directory(destination.as_bytes())?,
        false => Vec::new(),
    };
    let mut walk = selection.walk();
    while let Some(mut item) = walk.next_item()? {
        let Some(of) = selected.get(item.selected) else {
            continue;
        };
        if unpacks && of.kind == SelectedKind::File && matches!(item.entry.kind, EntryKind::File { .. }) {
            let name = of.name.clone();
            if unpack(layer, &name, destination, &mut item)? {
                continue;
            }
        }
        copy_item(layer, &mut item, of, &base, destination)?;
    }
    Ok(())
}

fn copy_item<W: Write>(
    layer: &mut LayerWriter<'_, W>,
    item: &mut Item<'_>,
    of: &Selected,
    base: &[u8],
    destination: &str,
) -> Result<(), FilesError> {
    let path = match of.kind {
        SelectedKind::File => layer.file_target(destination, &of.name)?,
        SelectedKind::DirectoryContent | SelectedKind::Parents => joined(base, &item.entry.path),
    };
    if let EntryKind::HardLink { target } = &mut item.entry.kind {
        *target = joined(base, target);
    }
    match item.entry.kind {
        EntryKind::Directory => layer.takes_directory(&path)?,
        _ => layer.takes_file(&path)?,
    }
    item.entry.path = path;
    layer.dress.put_on(&mut item.entry);
    item.write_to(&mut layer.tar)?;
    Ok(())
}
