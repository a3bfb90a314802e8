//! One JSON value a line.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest line, bytes: many ports and names.
pub(crate) const LINE_MAX_BYTES: usize = 1 << 20;

/// The value as a line, with its end.
///
/// # Errors
/// When it has no JSON form, which no value of the protocol lacks.
pub(crate) fn to_line(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

/// The value of a line.
///
/// # Errors
/// When it is none.
pub(crate) fn from_line<T: DeserializeOwned>(line: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(line)
}
