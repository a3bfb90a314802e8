//! Names as the table has them, and as the wire has them.

use hickory_proto::rr::Name;

/// Characters of the short form of an identifier, as Docker has it.
const SHORT_ID_LENGTH: usize = 12;

/// Characters of an identifier that is a SHA-256 sum.
const LONG_ID_LENGTH: usize = 64;

/// Characters of the blocks of a UUID. RFC 9562, section 4.
const UUID_BLOCKS: [usize; 5] = [8, 4, 4, 4, 12];

/// A name as the table has it: in lower case, without a dot at its end.
pub(super) fn key_of_text(text: &str) -> String {
    text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase()
}

/// A name of the wire as the table has it; `None` for one that no container can have, such as one with a dot within a label.
pub(super) fn key_of_name(name: &Name) -> Option<String> {
    let mut key = String::with_capacity(name.len());
    for label in name.iter() {
        if !label.is_ascii() || label.contains(&b'.') {
            return None;
        }
        if !key.is_empty() {
            key.push('.');
        }
        key.extend(label.iter().map(|&byte| char::from(byte.to_ascii_lowercase())));
    }
    (!key.is_empty()).then_some(key)
}

/// The name for the wire; `None` if a label or the whole is too long or empty, or has something other than ASCII.
pub(super) fn name_of_key(key: &str) -> Option<Name> {
    if !key.is_ascii() || key.split('.').any(str::is_empty) {
        return None;
    }
    Name::from_labels(key.split('.').map(str::as_bytes)).ok()
}

/// The short form of a name that is an identifier.
pub(super) fn short_id(name: &str) -> Option<&str> {
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.len() == LONG_ID_LENGTH && is_hex(name) {
        return name.get(..SHORT_ID_LENGTH);
    }
    let blocks: Vec<&str> = name.split('-').collect();
    let is_uuid = blocks.len() == UUID_BLOCKS.len()
        && blocks
            .iter()
            .zip(UUID_BLOCKS)
            .all(|(block, length)| block.len() == length && is_hex(block));
    if is_uuid { blocks.first().copied() } else { None }
}
