//! What is asked of a container's log.

/// How its output is kept, in Docker's words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// `json-file`, `local` or `none`; `None` is the first.
    pub driver: Option<String>,
    /// Options of the driver by key; later ones win.
    pub options: Vec<(String, String)>,
}
