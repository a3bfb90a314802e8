//! Dates in the configurations of images.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Reads a date; a text that is none, which anybody may have written into an image, has none.
pub(super) fn date(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}
