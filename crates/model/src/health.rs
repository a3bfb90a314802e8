//! What the checks of a container have found.

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::UnknownFields;

/// Whether a container works, as far as its checks have found out since it was last started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// What they say together.
    pub status: HealthStatus,
    /// How many have failed in a row, those of the start period not counted.
    #[serde(default)]
    pub failing_streak: u32,
    /// The last results, the oldest first; at most [`Health::LOG_RESULTS`].
    #[serde(default)]
    pub log: Vec<HealthResult>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl Health {
    /// So many results are kept, as in Docker.
    pub const LOG_RESULTS: usize = 5;
}

/// What checks say of a container, in Docker's words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthStatus {
    /// None has succeeded yet, and not enough have failed.
    #[default]
    Starting,
    /// It works.
    Healthy,
    /// It does not work.
    Unhealthy,
}

impl HealthStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }
}

/// How one check went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthResult {
    /// When it began.
    #[serde(with = "time::serde::rfc3339")]
    pub start: OffsetDateTime,
    /// When it ended.
    #[serde(with = "time::serde::rfc3339")]
    pub end: OffsetDateTime,
    /// The exit code of its command, or [`HealthResult::NO_EXIT_CODE`].
    pub exit_code: i32,
    /// The beginning of what its command has written, or why it has no exit code.
    pub output: String,
}

impl HealthResult {
    /// The exit code of a check that could not be started or took too long, as Docker has it.
    pub const NO_EXIT_CODE: i32 = -1;

    /// So many bytes of the output are kept, as in Docker.
    pub const OUTPUT_MAX_BYTES: usize = 4096;
}
