//! What is kept of a command that failed.

use container_build_cache::CacheMountClaim;
use container_engine::StepRequest;

/// A command that failed, and what it had.
pub(super) struct FailedCommand {
    pub(super) request: StepRequest,
    /// Nobody else gets its caches before the user has looked at them.
    pub(super) _claims: Vec<CacheMountClaim>,
}
