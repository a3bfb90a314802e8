//! Texts that are repeated in messages.

/// How much of a text is repeated.
const SHOWN_CHARS: usize = 100;

/// A text that could not be read, shortened for a message.
pub(crate) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
