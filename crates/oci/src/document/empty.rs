//! An object without fields.

use serde::{Deserialize, Serialize};

/// The `{}` of Go's `map[string]struct{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}
