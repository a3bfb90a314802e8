//! Where files come from: what `--from` and `from=` name.

use super::{ImageRequest, StageId};

/// A tree of files that a step copies from or mounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FileOrigin {
    /// The context of the build.
    Context,
    /// A named context that has files.
    NamedContext(String),
    /// What a stage has made.
    Stage(StageId),
    /// An image.
    Image(ImageRequest),
    /// Nothing.
    Scratch,
}

impl FileOrigin {
    /// The stage that has to be done before, if it is one.
    #[must_use]
    pub(crate) fn stage(&self) -> Option<StageId> {
        match self {
            Self::Stage(id) => Some(*id),
            _ => None,
        }
    }
}
