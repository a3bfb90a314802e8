//! Changes of a container that there is.

use container_model::{ByteSize, RestartPolicy};

use super::LimitRequest;

/// What of a container is to be another, unchecked. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UpdateRequest {
    /// Its processors.
    pub cpus: Option<u32>,
    /// Its memory.
    pub memory: Option<ByteSize>,
    /// Limits of its control group, but for the score of [`LimitRequest::oom_score_adj`].
    pub limits: LimitRequest,
    /// What follows the end of its program.
    pub restart: Option<RestartPolicy>,
}
