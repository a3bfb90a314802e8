//! Which layers of an image share a disk, and the name of that disk.

use container_oci::{Algorithm, Digest};

use crate::content::Hasher;

/// The chain id of layers, lowest first (image-spec `config.md`, "Layer ChainID"). That of one layer is its diff id.
pub(crate) fn chain_id(diff_ids: &[Digest]) -> Option<Digest> {
    chain_ids(diff_ids).last()
}

/// The chain ids of the lowest layer, of the two lowest, and so on.
pub(crate) fn chain_ids(diff_ids: &[Digest]) -> impl Iterator<Item = Digest> {
    diff_ids.iter().scan(None, |chain: &mut Option<Digest>, diff_id| {
        let next = match chain {
            None => *diff_id,
            Some(lower) => {
                let mut hasher = Hasher::new(Algorithm::Sha256);
                hasher.update(format!("{lower} {diff_id}").as_bytes());
                hasher.finish()
            }
        };
        *chain = Some(next);
        Some(next)
    })
}

/// How many of the lowest layers go to one disk, so that an image of `layers` layers has at most `max_disks` disks; 0 when each has its own.
///
/// It is a multiple of half the limit where that is possible: images that differ by a few layers at their tops then share the merged disk.
pub(crate) fn merged_layers(layers: usize, max_disks: usize) -> usize {
    let max_disks = max_disks.max(1);
    if layers <= max_disks {
        return 0;
    }
    let needed = layers - max_disks + 1;
    needed.next_multiple_of((max_disks / 2).max(1)).min(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(byte: char) -> Digest {
        format!("sha256:{}", byte.to_string().repeat(64)).parse().unwrap()
    }

    #[test]
    fn chain_ids_are_those_of_the_specification() {
        assert_eq!(chain_id(&[]), None);
        assert_eq!(chain_id(&[digest('a')]), Some(digest('a')));
        // printf 'sha256:aa… sha256:bb…' | sha256sum
        let two = chain_id(&[digest('a'), digest('b')]).unwrap();
        assert_eq!(
            two.hex(),
            "ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"
        );
        assert_eq!(chain_ids(&[digest('a'), digest('b'), digest('c')]).nth(1), Some(two));
    }

    #[test]
    fn merging_leaves_no_more_disks_than_allowed() {
        for max_disks in 1..40 {
            for layers in 0..300 {
                let merged = merged_layers(layers, max_disks);
                let disks = layers - merged + usize::from(merged > 0);
                assert!(
                    disks <= max_disks && merged <= layers && merged != 1,
                    "{layers} {max_disks}"
                );
                assert_eq!(merged == 0, layers <= max_disks);
            }
        }
    }

    #[test]
    fn images_with_a_few_more_layers_merge_as_many() {
        assert_eq!([130, 131, 133, 135].map(|layers| merged_layers(layers, 16)), [120; 4]);
        assert_eq!(merged_layers(17, 16), 8);
    }
}
