//! The tree behind a reference: what an index lists, directly or through further indexes.
//!
//! Real images have indexes within indexes; hostile ones may nest them without end. Choosing, listing, fetching, pushing and garbage
//! collection all use this walk, so that they see the same tree. It reads nothing itself: it names the next index and continues when
//! the caller has given it. What is nearer to the root comes first.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::digest::Digest;
use crate::document::{Descriptor, Index};
use crate::media_type::MediaTypeKind as _;
use crate::platform::Platform;

/// The deepest nesting of indexes below the root that is followed. Builders nest one or two.
const DEPTH_LIMIT: usize = 3;
/// The most indexes that are read for one image. Each may have [`crate::MANIFEST_LIMIT_BYTES`].
const INDEX_LIMIT: usize = 64;
/// The most entries in all indexes of one image together.
const LISTED_LIMIT: usize = 10_000;

/// The documents behind a reference, the root first. Images and other leaves are named and not read.
#[derive(Debug, Clone)]
pub struct Tree {
    listed: Vec<Listed>,
    /// The entries of each index that was asked for, as a range of `listed`; `None` for an index that is not available.
    indexes: BTreeMap<Digest, Option<Range<usize>>>,
    /// The first entry of `listed` that has not been checked for being an index.
    next: usize,
    beyond: Option<Digest>,
}

/// One entry of the tree. The same content may have several, for several platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The descriptor in its parent.
    pub descriptor: Descriptor,
    /// Its platform: its own, else that of the index which lists it.
    pub platform: Option<Platform>,
    is_attestation: bool,
    depth: usize,
}

impl Listed {
    /// Whether this is an image: a manifest that is not part of an attestation.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.descriptor.media_type.is_manifest() && !self.is_attestation
    }

    /// Whether this is an attestation, or belongs to one.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.is_attestation
    }
}

impl Tree {
    /// The tree below `root`, whose content is `index` if it is an index.
    #[must_use]
    pub fn new(root: Descriptor, index: Option<&Index>) -> Self {
        let digest = root.digest;
        let mut tree = Self {
            listed: vec![Listed {
                platform: root.platform.clone(),
                is_attestation: root.is_attestation(),
                descriptor: root,
                depth: 0,
            }],
            indexes: BTreeMap::new(),
            next: 1,
            beyond: None,
        };
        if let Some(index) = index {
            tree.list(0, digest, index);
        }
        tree
    }

    /// Reads the whole tree below `root`, whose content is `index` if it is an index. `read` returns an index within it, or `None` when it
    /// is not available.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read<E>(
        root: Descriptor,
        index: Option<&Index>,
        mut read: impl FnMut(&Descriptor) -> Result<Option<Index>, E>,
    ) -> Result<Self, E> {
        let mut tree = Self::new(root, index);
        while let Some(descriptor) = tree.unread() {
            let index = read(&descriptor)?;
            tree.put(index.as_ref());
        }
        Ok(tree)
    }

    /// The next index that has to be given to [`Tree::put`]; `None` when the tree is complete.
    pub fn unread(&mut self) -> Option<Descriptor> {
        while let Some(listed) = self.listed.get(self.next) {
            let descriptor = &listed.descriptor;
            if descriptor.media_type.is_index() && !self.indexes.contains_key(&descriptor.digest) {
                if listed.depth <= DEPTH_LIMIT && self.indexes.len() < INDEX_LIMIT {
                    return Some(descriptor.clone());
                }
                self.beyond.get_or_insert(descriptor.digest);
            }
            self.next += 1;
        }
        None
    }

    /// Adds the index that [`Tree::unread`] named; `None` when it is not available.
    pub fn put(&mut self, index: Option<&Index>) {
        let Some(digest) = self.listed.get(self.next).map(|listed| listed.descriptor.digest) else {
            return;
        };
        match index {
            Some(index) => self.list(self.next, digest, index),
            None => {
                self.indexes.insert(digest, None);
            }
        }
        self.next += 1;
    }

    fn list(&mut self, parent: usize, digest: Digest, index: &Index) {
        let start = self.listed.len();
        let (platform, is_attestation, depth) = {
            let parent = &self.listed[parent];
            (parent.platform.clone(), parent.is_attestation, parent.depth + 1)
        };
        for descriptor in &index.manifests {
            if self.listed.len() > LISTED_LIMIT {
                self.beyond.get_or_insert(descriptor.digest);
                break;
            }
            self.listed.push(Listed {
                platform: descriptor.platform.clone().or_else(|| platform.clone()),
                is_attestation: is_attestation || descriptor.is_attestation(),
                descriptor: descriptor.clone(),
                depth,
            });
        }
        self.indexes.insert(digest, Some(start..self.listed.len()));
    }

    /// All entries, those nearer to the root first.
    pub fn iter(&self) -> impl Iterator<Item = &Listed> {
        self.listed.iter()
    }

    /// The images, in the same order. Attestations are left out.
    pub fn images(&self) -> impl Iterator<Item = &Listed> {
        self.iter().filter(|listed| listed.is_image())
    }

    /// All content once, children before their parents, so that the root is last.
    #[must_use]
    pub fn bottom_up(&self) -> Vec<&Listed> {
        let (mut entered, mut ordered) = (BTreeSet::new(), Vec::new());
        let mut open = vec![(0, false)];
        while let Some((place, is_left)) = open.pop() {
            let listed = &self.listed[place];
            if is_left {
                ordered.push(listed);
            } else if entered.insert(listed.descriptor.digest) {
                open.push((place, true));
                let below = self.indexes.get(&listed.descriptor.digest).cloned().flatten();
                open.extend(below.unwrap_or_default().rev().map(|child| (child, false)));
            }
        }
        ordered
    }

    /// Whether the index was given to [`Tree::put`].
    #[must_use]
    pub fn has_index(&self, digest: &Digest) -> bool {
        self.indexes.get(digest).is_some_and(Option::is_some)
    }

    /// Whether all indexes of the tree were available.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.beyond.is_none() && self.indexes.values().all(Option::is_some)
    }

    /// The first content that the walk left out because of its limits of depth and breadth.
    #[must_use]
    pub fn beyond(&self) -> Option<&Digest> {
        self.beyond.as_ref()
    }

    /// The image that serves `platform` best, and how well ([`Platform::distance`]); the first of equals, as the specification
    /// asks.
    ///
    /// A single image without a platform serves any platform; the caller has to look into its configuration.
    #[must_use]
    pub fn select(&self, platform: &Platform) -> Option<(&Listed, u32)> {
        let suitable = self
            .images()
            .filter_map(|image| Some((image, platform.distance(image.platform.as_ref()?)?)));
        suitable.min_by_key(|(_, distance)| *distance).or_else(|| {
            let mut images = self.images();
            match (images.next(), images.next()) {
                (Some(only), None) if only.platform.is_none() => Some((only, 0)),
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::annotation;
    use crate::media_type;
    use proptest::prelude::*;
    use std::convert::Infallible;

    /// Indexes by their digests, which are made-up numbers here.
    #[derive(Default)]
    struct Shelf(BTreeMap<Digest, Index>);

    fn digest(number: u32) -> Digest {
        let mut value = [0; 32];
        value[..4].copy_from_slice(&number.to_be_bytes());
        Digest::Sha256(value)
    }

    fn image(number: u32, platform: &str) -> Descriptor {
        Descriptor {
            platform: platform.parse().ok(),
            ..Descriptor::new(media_type::OCI_MANIFEST, digest(number), 1)
        }
    }

    fn index(number: u32) -> Descriptor {
        Descriptor::new(media_type::OCI_INDEX, digest(number), 1)
    }

    impl Shelf {
        fn with(mut self, number: u32, listed: Vec<Descriptor>) -> Self {
            self.0.insert(digest(number), Index::new(listed));
            self
        }

        fn tree(&self, root: u32) -> Tree {
            let read = |descriptor: &Descriptor| Ok::<_, Infallible>(self.0.get(&descriptor.digest).cloned());
            Tree::read(index(root), self.0.get(&digest(root)), read).unwrap()
        }
    }

    fn numbers<'a>(listed: impl IntoIterator<Item = &'a Listed>) -> Vec<u32> {
        let number = |listed: &Listed| {
            let bytes = listed.descriptor.digest.as_bytes();
            u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        };
        listed.into_iter().map(number).collect()
    }

    fn chosen(tree: &Tree, platform: &str) -> Option<u32> {
        let (image, _) = tree.select(&platform.parse().unwrap())?;
        numbers([image]).pop()
    }

    #[test]
    fn images_of_inner_indexes_are_found_and_those_listed_directly_come_first() {
        let shelf = Shelf::default()
            .with(1, vec![index(2), image(10, "linux/arm64"), index(9)])
            .with(2, vec![image(11, "linux/amd64"), image(12, "linux/arm64"), index(3)])
            .with(3, vec![image(13, "linux/s390x")]);
        let tree = shelf.tree(1);
        assert_eq!(numbers(tree.images()), [10, 11, 12, 13]);
        assert_eq!(numbers(tree.bottom_up()), [11, 12, 13, 3, 2, 10, 9, 1]);
        for (platform, number) in [
            ("linux/amd64", Some(11)),
            ("linux/arm64", Some(10)),
            ("linux/s390x", Some(13)),
            ("linux/riscv64", None),
        ] {
            assert_eq!(chosen(&tree, platform), number, "{platform}");
        }
        assert!(tree.has_index(&digest(3)) && !tree.has_index(&digest(9)));
        assert_eq!(tree.beyond(), None);
    }

    #[test]
    fn images_inherit_platform_and_attestation_of_their_inner_index() {
        let mut of_arm = index(2);
        of_arm.platform = Some("linux/arm64".parse().unwrap());
        let mut attesting = index(3);
        let mark = "attestation-manifest".to_owned();
        attesting
            .annotations
            .insert(annotation::REFERENCE_TYPE.to_owned(), mark);
        let shelf = Shelf::default()
            .with(1, vec![of_arm, attesting])
            .with(2, vec![image(10, "")])
            .with(3, vec![image(11, "linux/amd64")]);
        let tree = shelf.tree(1);
        assert_eq!(numbers(tree.images()), [10]);
        assert_eq!(chosen(&tree, "linux/arm64"), Some(10));
        assert_eq!(chosen(&tree, "linux/amd64"), None);
    }

    #[test]
    fn the_best_variant_is_selected_and_attestations_never() {
        let mut attestation = image(9, "linux/amd64");
        let mark = "attestation-manifest".to_owned();
        attestation
            .annotations
            .insert(annotation::REFERENCE_TYPE.to_owned(), mark);
        let listed = vec![
            attestation,
            image(8, "unknown/unknown"),
            image(5, "linux/arm/v5"),
            image(6, "linux/arm/v6"),
            image(1, "linux/amd64"),
        ];
        let tree = Shelf::default().with(100, listed).tree(100);
        assert_eq!(chosen(&tree, "linux/arm/v7"), Some(6));
        assert_eq!(chosen(&tree, "linux/arm/v5"), Some(5));
        assert_eq!(chosen(&tree, "linux/amd64"), Some(1));
        assert_eq!(chosen(&tree, "linux/arm64"), None);
    }

    #[test]
    fn a_single_image_without_platform_serves_any() {
        let one = Shelf::default().with(1, vec![image(10, "")]).tree(1);
        assert_eq!(chosen(&one, "linux/arm64"), Some(10));
        let two = Shelf::default().with(1, vec![image(10, ""), image(11, "")]).tree(1);
        assert_eq!(chosen(&two, "linux/arm64"), None);
    }

    #[test]
    fn depth_and_breadth_are_limited() {
        let chain = (1..20).fold(Shelf::default(), |shelf, number| {
            shelf.with(number, vec![index(number + 1), image(100 + number, "linux/amd64")])
        });
        let tree = chain.tree(1);
        assert_eq!(numbers(tree.images()), [101, 102, 103, 104]);
        assert_eq!(tree.beyond(), Some(&digest(5)));

        let broad = Shelf::default().with(1, (2..200).map(index).collect());
        let tree = broad.tree(1);
        assert_eq!(tree.indexes.len(), INDEX_LIMIT);
        assert!(tree.beyond().is_some());

        let many = (2..30).fold(
            Shelf::default().with(1, (2..30).map(index).collect()),
            |shelf, number| {
                shelf.with(
                    number,
                    (0..1000).map(|nth| image(number * 1000 + nth, "linux/amd64")).collect(),
                )
            },
        );
        let tree = many.tree(1);
        assert_eq!(tree.iter().count(), LISTED_LIMIT + 1);
        assert!(tree.beyond().is_some());
    }

    #[test]
    fn a_child_that_is_listed_at_two_depths_comes_before_both_parents() {
        let shelf = Shelf::default()
            .with(1, vec![image(10, "linux/amd64"), index(3), index(2)])
            .with(2, vec![index(3)])
            .with(3, vec![image(10, "linux/amd64")]);
        assert_eq!(numbers(shelf.tree(1).bottom_up()), [10, 3, 2, 1]);
    }

    proptest! {
        /// Any index may list any other one. Real digests rule out rings, made-up ones do not.
        #[test]
        fn every_walk_ends_with_each_content_once(
            edges in proptest::collection::vec((1u32..12, 1u32..24), 0..80),
        ) {
            let mut shelf = Shelf::default();
            for number in 1..12 {
                shelf = shelf.with(number, Vec::new());
            }
            for (from, to) in edges {
                let child = if to < 12 { index(to) } else { image(to, "linux/amd64") };
                shelf.0.get_mut(&digest(from)).unwrap().manifests.push(child);
            }
            let tree = shelf.tree(1);
            let all: BTreeSet<Digest> = tree.iter().map(|listed| listed.descriptor.digest).collect();
            let ordered = tree.bottom_up();
            prop_assert_eq!(ordered.len(), all.len());
            prop_assert_eq!(ordered.last().map(|listed| listed.descriptor.digest), Some(digest(1)));
            prop_assert!(tree.iter().all(|listed| listed.depth <= DEPTH_LIMIT + 1));
        }
    }
}
