//! What a stack has to know of a layer besides its disk: what the layer means depends on the layers below.

use container_ext4::{Metadata, RootMetadata, Summary};
use serde::{Deserialize, Serialize};

/// Where a layer means more than its disk alone can say, because that depends on the layers below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Stacking {
    /// Directories, except for the root, that the layer does not describe. Their metadata is that of the layers below.
    #[serde(default)]
    pub undescribed_directories: u32,
    /// Hard links to files that only the layers below can have.
    #[serde(default)]
    pub links_elsewhere: u32,
    /// Whether the layer hides everything below it, which overlayfs does not do for the root.
    #[serde(default)]
    pub is_root_opaque: bool,
    /// Owner and mode of the root, if the layer describes it.
    #[serde(default)]
    pub root: Option<Root>,
}

/// Owner and mode of a root directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Root {
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u16,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
}

impl Stacking {
    pub(super) fn of(written: &Summary, is_root_opaque: bool) -> Self {
        Self {
            undescribed_directories: written.undescribed_directories,
            links_elsewhere: written.links_elsewhere,
            is_root_opaque,
            root: written
                .root
                .map(|RootMetadata { mode, uid, gid }| Root { mode, uid, gid }),
        }
    }

    /// Whether the layer's disk says all that the layer means, whatever is below it; the root aside.
    pub(crate) fn stands_alone(&self) -> bool {
        self.undescribed_directories == 0 && self.links_elsewhere == 0 && !self.is_root_opaque
    }
}

impl Default for Root {
    /// That of a root that no layer describes.
    fn default() -> Self {
        let Metadata { mode, uid, gid, .. } = Metadata::implied_directory();
        Self { mode, uid, gid }
    }
}
