//! What each image costs on the disk, and what of that no other needs.

use std::collections::{BTreeMap, BTreeSet};

use container_oci::{Digest, Reference};

use super::super::in_use::ImagesInUse;
use super::super::mark::Marks;
use super::sizes::{FileSizes, Sizes};

/// What one image costs on the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneImageUsage {
    /// What its names point at: an index or a manifest.
    pub digest: Digest,
    /// Its names.
    pub references: Vec<Reference>,
    /// The containers that were made from it.
    pub containers: BTreeSet<String>,
    /// Bytes that its content and its layer disks take.
    pub size_bytes: u64,
    /// Those of them that no other image needs.
    pub own_bytes: u64,
}

/// Of images, with their names and what they need.
pub(super) fn of(
    images: BTreeMap<Digest, (Vec<Reference>, Marks)>,
    files: &FileSizes,
    in_use: &ImagesInUse,
) -> Vec<OneImageUsage> {
    let blob_users = users(images.values().flat_map(|(_, marks)| &marks.blobs));
    let disk_users = users(images.values().flat_map(|(_, marks)| &marks.disks));
    let usage = images.into_iter().map(|(digest, (references, marks))| {
        let blobs = sum(&files.blobs, &marks.blobs, &blob_users);
        let disks = sum(&files.disks, &marks.disks, &disk_users);
        OneImageUsage {
            digest,
            references,
            containers: in_use.containers(marks.documents()),
            size_bytes: blobs.0 + disks.0,
            own_bytes: blobs.1 + disks.1,
        }
    });
    usage.collect()
}

/// How many images need each.
fn users<'a>(digests: impl Iterator<Item = &'a Digest>) -> BTreeMap<Digest, usize> {
    let mut users = BTreeMap::new();
    for digest in digests {
        *users.entry(*digest).or_default() += 1;
    }
    users
}

/// Bytes of all of them, and of those that have one user.
fn sum(sizes: &Sizes, digests: &BTreeSet<Digest>, users: &BTreeMap<Digest, usize>) -> (u64, u64) {
    let bytes = digests.iter().map(|digest| {
        let size_bytes = sizes.get(digest).copied().unwrap_or_default();
        (size_bytes, if users.get(digest) == Some(&1) { size_bytes } else { 0 })
    });
    bytes.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_images_need_is_nobody_s_own() {
        let [a, b, c] = [1, 2, 3].map(|byte| Digest::Sha256([byte; 32]));
        let sizes = Sizes::from([(a, 10), (b, 200)]);
        let (one, two) = (BTreeSet::from([a, b, c]), BTreeSet::from([b]));
        let users = users(one.iter().chain(&two));
        assert_eq!(sum(&sizes, &one, &users), (210, 10));
        assert_eq!(sum(&sizes, &two, &users), (200, 0));
    }
}
