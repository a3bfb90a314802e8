//! The part of a record that this program does not know.

/// Fields that another version of the program wrote, by key. They are written back as they were read.
pub type UnknownFields = serde_json::Map<String, serde_json::Value>;
