//! The images that the Dockerfiles of cases start from.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::program::Program;
use crate::tree::{Tree, apply};

/// The images, and the names by which Dockerfiles know them.
const IMAGES: [(&str, &[&str]); 3] = [
    (
        "busybox",
        &[
            "docker.io/library/busybox:latest",
            "mirror.gcr.io/busybox:latest",
            "quay.io/libpod/busybox:latest",
        ],
    ),
    (
        "alpine",
        &["docker.io/library/alpine:latest", "mirror.gcr.io/alpine:latest"],
    ),
    (
        "debian",
        &["docker.io/library/debian:latest", "quay.io/libpod/centos:7"],
    ),
];

/// How much of a base has to be in a root for the root to be one of an image on that base.
const PART: f64 = 0.5;

/// The images with their trees.
pub(crate) struct Bases {
    directory: PathBuf,
    trees: Vec<Tree>,
}

impl Bases {
    pub(crate) fn read(directory: &Path) -> Result<Self> {
        let tree = |(name, _): &(&str, _)| {
            let path = directory.join(format!("{name}.tar"));
            let layer = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut tree = Tree::new();
            apply(&mut tree, &layer).with_context(|| format!("in {}", path.display()))?;
            Ok(tree)
        };
        Ok(Self {
            directory: directory.to_owned(),
            trees: IMAGES.iter().map(tree).collect::<Result<_>>()?,
        })
    }

    /// Puts the images into the program's store, under all their names.
    pub(crate) fn load(&self, program: &Program) -> Result<()> {
        for (image, names) in IMAGES {
            let archive = self.directory.join(format!("{image}.oci.tar"));
            program.load(&archive, names)?;
        }
        Ok(())
    }

    /// A root without what is just as in the image that it was made from.
    pub(crate) fn without_base(&self, mut root: Tree) -> Tree {
        let shared = |base: &Tree| {
            base.iter()
                .filter(|(path, node)| root.get(*path) == Some(*node))
                .count()
        };
        let part = |base: &Tree| shared(base) as f64 / base.len().max(1) as f64;
        // Of several that are as near, the first.
        let nearest = self.trees.iter().rev().max_by(|a, b| part(a).total_cmp(&part(b)));
        if let Some(base) = nearest.filter(|base| part(base) > PART) {
            root.retain(|path, node| base.get(path) != Some(node));
        }
        root
    }
}
