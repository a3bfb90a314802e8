//! What is made with a template.

/// What the result is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// An entry of a list, or anything else.
    Row,
    /// The names of columns.
    Header,
}
