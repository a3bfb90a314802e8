//! The install trees that are measured: the one in `target/dist`, and with `--against` another one in the same run.

use crate::architecture::Architecture;
use crate::install_tree;
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// An install tree with a program in it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The install tree that `cargo xtask setup` or `dist` has made.
    ///
    /// # Errors
    /// When it has not been made.
    pub(crate) fn built() -> Result<Self> {
        Self::at(&install_tree::directory())
    }

    /// The install tree at `root`.
    ///
    /// # Errors
    /// When there is no program in it.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let tree = Self {
            root: std::path::absolute(root)?,
        };
        if !tree.program().exists() {
            bail!(
                "{} is missing; `cargo xtask dist` makes it in target/dist of its checkout",
                tree.program().display()
            );
        }
        Ok(tree)
    }

    /// The program.
    pub(crate) fn program(&self) -> PathBuf {
        self.root.join("bin/container")
    }

    /// Where its kernels and initial file systems are.
    pub(crate) fn share_directory(&self) -> PathBuf {
        self.root.join("share/container")
    }

    /// The initramfs that its guests load.
    pub(crate) fn initramfs(&self) -> PathBuf {
        self.share_directory()
            .join(format!("initramfs-{}.cpio", Architecture::host().name()))
    }
}

/// The trees that are measured: the one that was built, and perhaps another one, in turn.
#[derive(Clone, Debug)]
pub(crate) struct Trees {
    /// The tree in `target/dist`.
    pub(crate) built: Tree,
    /// The one named by `--against`.
    pub(crate) other: Option<Tree>,
}

/// The label of the other tree's figures, from that of ours.
pub(crate) fn other_label(label: &str) -> String {
    format!("{label}, other tree")
}

/// The label of a figure that compares the two.
pub(crate) const RATIO_TO_OTHER: &str = "this tree / other tree, median of pairs";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_without_a_program_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let error = Tree::at(directory.path()).unwrap_err().to_string();
        assert!(error.contains("bin/container is missing"), "{error}");
    }
}
