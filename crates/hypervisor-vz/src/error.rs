//! The framework's errors as plain values.

use objc2_foundation::NSError;
use objc2_virtualization::VZErrorCode;

use crate::failure::{VZ_DOMAIN, VzFailure};

/// Errors that led to others are told so deep and no deeper.
const DEPTH_MAX: usize = 3;

impl VzFailure {
    /// All that `error` tells.
    pub(crate) fn of(error: &NSError) -> Self {
        Self::read(error, DEPTH_MAX)
    }

    /// Whether the host runs as many machines as it will.
    pub(crate) fn is_machine_limit(&self) -> bool {
        self.domain == VZ_DOMAIN && code(VZErrorCode::VirtualMachineLimitExceeded.0) == self.code
    }

    fn read(error: &NSError, depth: usize) -> Self {
        let causes = error.underlyingErrors();
        let cause_count = if depth == 0 { 0 } else { causes.len() };
        let underlying = (0..cause_count)
            .map(|index| Self::read(&causes.objectAtIndex(index), depth - 1))
            .collect();
        Self {
            domain: error.domain().to_string(),
            code: code(error.code()),
            text: error.localizedDescription().to_string(),
            reason: error.localizedFailureReason().map(|reason| reason.to_string()),
            underlying,
        }
    }
}

fn code(number: isize) -> i64 {
    // As wide on every 64-bit host.
    i64::try_from(number).unwrap_or_default()
}
