//! What is mounted in a container besides its root file system.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::socket::SocketMount;
use crate::{UnknownFields, VolumeName};

/// The kinds that have a variant of their own.
const KNOWN_KINDS: [&str; 4] = ["tmpfs", "disk", "share", "socket"];

/// One mount of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Mount {
    /// A file system in the machine's memory.
    Tmpfs(TmpfsMount),
    /// The disk of a volume.
    Disk(DiskMount),
    /// A directory of the host.
    Share(ShareMount),
    /// A Unix socket of the host.
    Socket(SocketMount),
    /// A kind that only another version of the program knows.
    #[serde(untagged)]
    Unknown(UnknownMount),
}

/// A file system in the machine's memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TmpfsMount {
    /// Where it appears, absolute.
    pub target: String,
    /// Options as in mount(8) and tmpfs(5), in the order in which they were given: `size=65536`, `noexec`.
    #[serde(default)]
    pub options: Vec<String>,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// The disk of a volume: a file system of its own, which the machine has as a block device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DiskMount {
    /// Name of the volume.
    pub volume: VolumeName,
    /// Where it appears, absolute.
    pub target: String,
    /// Whether it is read-only there.
    #[serde(default)]
    pub read_only: bool,
    /// The directory of the volume that appears, relative to its root; `None` is the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subpath: Option<String>,
    /// Whether an empty volume stays empty instead of getting what the image has at the target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_copy: bool,
    /// Whether the volume was made for this container and goes with it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A directory of the host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ShareMount {
    /// The directory on the host, absolute.
    pub source: PathBuf,
    /// Where it appears, absolute.
    pub target: String,
    /// Whether the host refuses changes.
    #[serde(default)]
    pub read_only: bool,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

/// A mount of a kind that this program does not know: kept and shown, never mounted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "KindAndFields")]
pub struct UnknownMount {
    kind: String,
    /// Everything else that is written of it.
    #[serde(flatten)]
    pub fields: UnknownFields,
}

#[derive(Deserialize)]
struct KindAndFields {
    kind: String,
    #[serde(flatten)]
    fields: UnknownFields,
}

impl TryFrom<KindAndFields> for UnknownMount {
    type Error = String;

    /// A mount of a known kind that lacks fields is damaged, and not unknown.
    fn try_from(written: KindAndFields) -> Result<Self, String> {
        let KindAndFields { kind, fields } = written;
        if KNOWN_KINDS.contains(&kind.as_str()) {
            return Err(format!("a mount of kind {kind:?} has other fields"));
        }
        Ok(Self { kind, fields })
    }
}

impl UnknownMount {
    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }
}

impl Mount {
    /// A file system in memory at `target`.
    #[must_use]
    pub fn tmpfs(target: impl Into<String>, options: Vec<String>) -> Self {
        Self::Tmpfs(TmpfsMount {
            target: target.into(),
            options,
            unknown: UnknownFields::new(),
        })
    }

    /// Where it appears; `None` for a kind that this program does not know.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Tmpfs(tmpfs) => Some(&tmpfs.target),
            Self::Disk(disk) => Some(&disk.target),
            Self::Share(share) => Some(&share.target),
            Self::Socket(socket) => Some(&socket.target),
            Self::Unknown(_) => None,
        }
    }

    /// A mount of a kind for which there is no variant.
    ///
    /// # Errors
    /// When there is one.
    pub fn unknown(kind: impl Into<String>, fields: UnknownFields) -> Result<Self, String> {
        let kind = kind.into();
        UnknownMount::try_from(KindAndFields { kind, fields }).map(Self::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_kind_keeps_what_is_written_of_it() {
        for written in [
            json!({ "kind": "tmpfs", "target": "/run", "options": ["mode=755"], "label": "x" }),
            json!({ "kind": "disk", "volume": "data", "target": "/data", "readOnly": true, "label": "x" }),
            json!({
                "kind": "disk", "volume": "data", "target": "/data", "readOnly": false, "subpath": "a/b", "noCopy": true,
                "anonymous": true,
            }),
            json!({ "kind": "share", "source": "/home", "target": "/data", "readOnly": false, "label": "x" }),
            json!({ "kind": "socket", "source": "/run/s", "target": "/s", "label": "x" }),
            json!({ "kind": "image", "from": { "reference": "a" }, "target": "/tools" }),
        ] {
            let mount: Mount = serde_json::from_value(written.clone()).unwrap();
            assert_eq!(serde_json::to_value(&mount).unwrap(), written);
            let is_unknown = matches!(&mount, Mount::Unknown(unknown) if unknown.kind() == "image");
            assert_eq!(is_unknown, written["kind"] == "image", "{mount:?}");
        }
    }

    #[test]
    fn a_known_kind_without_its_fields_is_damage() {
        for damaged in [
            json!({ "kind": "tmpfs" }),
            json!({ "kind": "disk", "target": "/" }),
            json!({ "target": "/" }),
            json!("tmpfs"),
        ] {
            assert!(serde_json::from_value::<Mount>(damaged.clone()).is_err(), "{damaged}");
        }
    }
}
