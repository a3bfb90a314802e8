//! Where the container's file systems are mounted in the machine's own mount namespace.

use std::path::{Path, PathBuf};

/// Directory names below one base directory that belongs to the container alone.
#[derive(Debug, Clone)]
pub struct Layout {
    base: PathBuf,
}

impl Layout {
    /// Everything of the container lives below `base`, which is made when the container is created.
    pub fn new(base: impl Into<PathBuf>) -> Self {
        Self { base: base.into() }
    }

    pub(crate) fn base(&self) -> &Path {
        &self.base
    }

    /// Mount point of layer `index`, counted from the lowest. Short, because overlayfs limits the length of a path
    /// option.
    pub(crate) fn layer(&self, index: usize) -> PathBuf {
        self.base.join(index.to_string())
    }

    /// The only lower directory of an image without layers.
    pub(crate) fn empty(&self) -> PathBuf {
        self.base.join("empty")
    }

    /// Mount point of the writable disk.
    pub(crate) fn writable(&self) -> PathBuf {
        self.base.join("writable")
    }

    pub(crate) fn upper(&self) -> PathBuf {
        self.writable().join("upper")
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.writable().join("work")
    }

    /// Where a step writes, or has written: its number counts from 1.
    pub(crate) fn step_upper(&self, number: u32) -> PathBuf {
        self.writable().join(format!("upper.{number}"))
    }

    /// What overlayfs needs besides, for as long as a step is written to.
    pub(crate) fn step_work(&self) -> PathBuf {
        self.writable().join("work")
    }

    /// The trees that were brought in for a step.
    pub(crate) fn trees(&self) -> PathBuf {
        self.writable().join("trees")
    }

    /// A tree by the caller's number.
    pub(crate) fn tree(&self, number: u32) -> PathBuf {
        self.trees().join(number.to_string())
    }

    /// Mount point of the files of a step that are only in memory.
    pub(crate) fn secrets(&self) -> PathBuf {
        self.base.join("secrets")
    }

    /// Mount point of the disk of volume `index`.
    pub(crate) fn volume(&self, index: usize) -> PathBuf {
        self.base.join(format!("volume-{index}"))
    }

    /// Mount point of the device of shares.
    pub(crate) fn shares(&self) -> PathBuf {
        self.base.join("shares")
    }

    /// The sockets in the container on which the machine listens.
    pub(crate) fn sockets(&self) -> PathBuf {
        self.base.join("sockets")
    }

    /// Mount point of the container's root.
    pub(crate) fn root(&self) -> PathBuf {
        self.base.join("root")
    }

    /// Mount point of the directory with the translator that the host lends.
    pub(crate) fn translator(&self) -> PathBuf {
        self.base.join("translator")
    }

    /// Mount point of the kernel's list of program formats, while it is written to.
    pub(crate) fn formats(&self) -> PathBuf {
        self.base.join("formats")
    }

    /// The files that are bind-mounted over those in the image's `/etc`.
    pub(crate) fn files(&self) -> PathBuf {
        self.base.join("files")
    }
}
