//! What is below the first step of a stage.

use super::{ImageRequest, StageId};

/// What a stage starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StageBase {
    /// Nothing.
    Scratch,
    /// A stage before it.
    Stage(StageId),
    /// An image.
    Image(ImageRequest),
    /// A named context with files. No stage of a plan has it.
    Files(String),
}
