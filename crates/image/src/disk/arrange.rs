//! Which disks an image's layers are on.

use container_model::Layer;
use container_oci::{Algorithm, Digest};

use super::chain::{chain_id, merged_layers};
use super::{DiskError, LayerDisk, find_disk};
use crate::content::{Hasher, StorePaths};

/// The disks of an image, or what has to be made before they can be told.
#[derive(Debug)]
pub(crate) enum Arrangement {
    /// Lowest first.
    Ready(Vec<LayerDisk>),
    /// Not yet.
    Missing(Missing),
}

/// What is not there yet.
#[derive(Debug)]
pub(crate) enum Missing {
    /// Disks of the layers from this one on.
    Layers(usize),
    /// The disk of that many of the lowest layers.
    Merged(usize),
    /// The cover of these disks.
    Cover {
        id: Digest,
        merged: usize,
        disks: Vec<LayerDisk>,
    },
    /// Something below the base, to which it has hard links.
    Below(LayerDisk),
}

/// Finds the disks, `max_disks` at most, of an image with these layers. The ids that were looked for are added to `ids`.
///
/// Reads one small file for each disk, and one more where a layer does not describe all its directories.
pub(crate) fn arrange(
    paths: &StorePaths,
    diff_ids: &[Digest],
    max_disks: usize,
    ids: &mut Vec<Digest>,
) -> Result<Arrangement, DiskError> {
    let mut merged = merged_layers(diff_ids.len(), max_disks);
    loop {
        let (lowest, upper) = diff_ids.split_at(merged);
        let base = chain_id(lowest);
        ids.extend(base.iter().chain(upper));
        let mut disks = Vec::with_capacity(upper.len() + 2);
        if let Some(chain_id) = base {
            let Some(disk) = find_disk(paths, Layer::Merged { chain_id })? else {
                return Ok(Arrangement::Missing(Missing::Merged(merged)));
            };
            disks.push(disk);
        }
        for &diff_id in upper {
            let Some(disk) = find_disk(paths, Layer::Single { diff_id })? else {
                return Ok(Arrangement::Missing(Missing::Layers(merged)));
            };
            disks.push(disk);
        }
        if let Some(base) = disks.first()
            && base.stacking.links_elsewhere > 0
        {
            return Ok(Arrangement::Missing(Missing::Below(base.clone())));
        }
        if is_plain(&disks) {
            return Ok(Arrangement::Ready(disks));
        }
        let id = cover_id(diff_ids, merged);
        ids.push(id);
        let Some(cover) = find_disk(paths, Layer::Cover { cover_id: id })? else {
            return Ok(Arrangement::Missing(Missing::Cover { id, merged, disks }));
        };
        merged = match cover.merge {
            Some(more) => more.clamp((merged + 1).max(2), diff_ids.len()),
            None if cover.entries == 0 => return Ok(Arrangement::Ready(disks)),
            None if disks.len() < max_disks => {
                disks.push(cover);
                return Ok(Arrangement::Ready(disks));
            }
            // One disk less, so that there is room for the cover.
            None => merged_layers(diff_ids.len(), max_disks.saturating_sub(1)),
        };
    }
}

/// Whether the records alone show that the stacked disks show what the layers mean.
fn is_plain(disks: &[LayerDisk]) -> bool {
    let Some((top, below)) = disks.split_last() else {
        return true;
    };
    let root = disks
        .iter()
        .rev()
        .find_map(|disk| disk.stacking.root)
        .unwrap_or_default();
    below.is_empty()
        || (disks[1..].iter().all(|disk| disk.stacking.stands_alone()) && top.stacking.root.unwrap_or_default() == root)
}

/// The name of the cover of a stack whose lowest `merged` layers are on one disk. It is neither a diff id nor a chain id.
fn cover_id(diff_ids: &[Digest], merged: usize) -> Digest {
    let chain = chain_id(diff_ids).map(|chain| chain.to_string()).unwrap_or_default();
    Hasher::of(Algorithm::Sha256, format!("cover {merged} {chain}").as_bytes())
}

/// The names of all covers that an image of these layers may have.
pub(crate) fn cover_ids(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> {
    (0..diff_ids.len()).map(|merged| cover_id(diff_ids, merged))
}
