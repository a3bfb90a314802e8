//! What the scratch file has about an entry: a record, its name, the target of a symbolic link, its attributes.

use super::{Kind, NodeId};
use crate::disk::block_range::BlockRange;
use crate::metadata::{DeviceNumber, Metadata, Timestamp, Xattr};

/// Size of a record without what follows it.
pub(crate) const RECORD_BYTES: usize = 128;

/// One entry.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Without attributes.
    pub(crate) metadata: Metadata,
    /// Names of the node; those of a directory are not counted.
    pub(crate) names: u32,
    pub(crate) name_bytes: u8,
    pub(crate) xattrs_at: u64,
    pub(crate) xattrs_bytes: u32,
    pub(crate) content: Content,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
    Directory,
    File(FileData),
    Symlink(Vec<u8>),
    CharacterDevice(DeviceNumber),
    BlockDevice(DeviceNumber),
    Fifo,
    Socket,
    HardLink(NodeId),
    Removed,
}

/// Content of a regular file. Its blocks and those of its extent tree are one run.
#[derive(Debug, Clone)]
pub(crate) struct FileData {
    pub(crate) size_bytes: u64,
    pub(crate) range: BlockRange,
    /// The "i_block", where the file is not simply the run without holes.
    pub(crate) map: Option<[u8; 60]>,
}

impl Content {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Directory => Kind::Directory,
            Self::File(_) => Kind::File,
            Self::Symlink(_) => Kind::Symlink,
            Self::CharacterDevice(_) => Kind::CharacterDevice,
            Self::BlockDevice(_) => Kind::BlockDevice,
            Self::Fifo => Kind::Fifo,
            Self::Socket => Kind::Socket,
            Self::HardLink(_) => Kind::HardLink,
            Self::Removed => Kind::Removed,
        }
    }

    /// What follows the name.
    pub(super) fn tail(&self) -> &[u8] {
        match self {
            Self::Symlink(target) => target,
            _ => &[],
        }
    }

    pub(super) fn tail_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Symlink(target) => target,
            _ => &mut [],
        }
    }
}

impl Record {
    pub(super) fn new(metadata: &Metadata, content: Content) -> Self {
        Self {
            metadata: Metadata {
                xattrs: Vec::new(),
                ..*metadata
            },
            names: 1,
            name_bytes: 0,
            xattrs_at: 0,
            xattrs_bytes: 0,
            content,
        }
    }

    pub(super) fn encode(&self) -> [u8; RECORD_BYTES] {
        let mut out = Fields::new([0; RECORD_BYTES]);
        let metadata = &self.metadata;
        out.put(&metadata.mode.to_le_bytes());
        out.put(&[self.name_bytes, 0]);
        out.put(&metadata.uid.to_le_bytes());
        out.put(&metadata.gid.to_le_bytes());
        out.put(&metadata.modified.seconds.to_le_bytes());
        out.put(&metadata.modified.nanoseconds.to_le_bytes());
        out.put(&self.names.to_le_bytes());
        out.put(&self.xattrs_at.to_le_bytes());
        out.put(&self.xattrs_bytes.to_le_bytes());
        match &self.content {
            Content::File(file) => {
                out.put(&file.size_bytes.to_le_bytes());
                out.put(&file.range.start.to_le_bytes());
                out.put(&file.range.count.to_le_bytes());
                if let Some(map) = &file.map {
                    out.put(&[1]);
                    out.put(map);
                }
            }
            Content::Symlink(target) => out.put(&(target.len() as u32).to_le_bytes()),
            Content::CharacterDevice(device) | Content::BlockDevice(device) => {
                out.put(&device.major.to_le_bytes());
                out.put(&device.minor.to_le_bytes());
            }
            Content::HardLink(target) => out.put(&target.0.to_le_bytes()),
            Content::Directory | Content::Fifo | Content::Socket | Content::Removed => {}
        }
        out.bytes
    }

    /// The target of a symbolic link is as long as it was, and zeros.
    pub(super) fn decode(bytes: &[u8; RECORD_BYTES], kind: Kind) -> Self {
        let mut fields = Fields::new(*bytes);
        let mode = u16::from_le_bytes(fields.take());
        let [name_bytes, _] = fields.take();
        let metadata = Metadata {
            mode,
            uid: u32::from_le_bytes(fields.take()),
            gid: u32::from_le_bytes(fields.take()),
            modified: Timestamp {
                seconds: i64::from_le_bytes(fields.take()),
                nanoseconds: u32::from_le_bytes(fields.take()),
            },
            xattrs: Vec::new(),
        };
        let names = u32::from_le_bytes(fields.take());
        let xattrs_at = u64::from_le_bytes(fields.take());
        let xattrs_bytes = u32::from_le_bytes(fields.take());
        let mut device = || DeviceNumber {
            major: u32::from_le_bytes(fields.take()),
            minor: u32::from_le_bytes(fields.take()),
        };
        let content = match kind {
            Kind::Directory => Content::Directory,
            Kind::File => Content::File(FileData {
                size_bytes: u64::from_le_bytes(fields.take()),
                range: BlockRange {
                    start: u32::from_le_bytes(fields.take()),
                    count: u32::from_le_bytes(fields.take()),
                },
                map: (fields.take() == [1]).then(|| fields.take()),
            }),
            Kind::Symlink => Content::Symlink(vec![0; u32::from_le_bytes(fields.take()) as usize]),
            Kind::CharacterDevice => Content::CharacterDevice(device()),
            Kind::BlockDevice => Content::BlockDevice(device()),
            Kind::Fifo => Content::Fifo,
            Kind::Socket => Content::Socket,
            Kind::HardLink => Content::HardLink(NodeId(u32::from_le_bytes(fields.take()))),
            Kind::Removed => Content::Removed,
        };
        Self {
            metadata,
            names,
            name_bytes,
            xattrs_at,
            xattrs_bytes,
            content,
        }
    }
}

/// Fields one after the other.
struct Fields {
    bytes: [u8; RECORD_BYTES],
    at: usize,
}

impl Fields {
    fn new(bytes: [u8; RECORD_BYTES]) -> Self {
        Self { bytes, at: 0 }
    }

    fn put(&mut self, field: &[u8]) {
        self.bytes[self.at..self.at + field.len()].copy_from_slice(field);
        self.at += field.len();
    }

    fn take<const N: usize>(&mut self) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        field
    }
}

/// Attributes one after the other: length of the name, length of the value, name, value.
pub(super) fn encode_xattrs(xattrs: &[Xattr]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for xattr in xattrs {
        bytes.extend_from_slice(&(xattr.name.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(xattr.value.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&xattr.name);
        bytes.extend_from_slice(&xattr.value);
    }
    bytes
}

pub(super) fn decode_xattrs(mut bytes: &[u8]) -> Vec<Xattr> {
    let mut xattrs = Vec::new();
    while let Some((lengths, rest)) = bytes.split_first_chunk::<8>() {
        let [a, b, c, d, e, f, g, h] = *lengths;
        let name_bytes = u32::from_le_bytes([a, b, c, d]) as usize;
        let (name, rest) = rest.split_at(name_bytes.min(rest.len()));
        let (value, rest) = rest.split_at((u32::from_le_bytes([e, f, g, h]) as usize).min(rest.len()));
        xattrs.push(Xattr {
            name: name.to_vec(),
            value: value.to_vec(),
        });
        bytes = rest;
    }
    xattrs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_its_encoding() {
        let metadata = Metadata {
            mode: 0o6755,
            uid: u32::MAX,
            gid: 70_000,
            modified: Timestamp {
                seconds: -5,
                nanoseconds: 999_999_999,
            },
            xattrs: Vec::new(),
        };
        for map in [None, Some([7; 60])] {
            let range = BlockRange { start: 5, count: 6 };
            let file = FileData {
                size_bytes: 1 << 40,
                range,
                map,
            };
            let mut record = Record::new(&metadata, Content::File(file));
            (record.names, record.name_bytes, record.xattrs_at) = (3, 255, 1 << 33);
            let found = Record::decode(&record.encode(), Kind::File);
            assert_eq!(format!("{found:?}"), format!("{record:?}"));
        }
        let device = DeviceNumber {
            major: 4095,
            minor: 1 << 19,
        };
        let record = Record::new(&metadata, Content::BlockDevice(device));
        let found = Record::decode(&record.encode(), Kind::BlockDevice);
        assert_eq!(format!("{found:?}"), format!("{record:?}"));
    }

    #[test]
    fn attributes_survive_their_encoding() {
        let xattrs: Vec<Xattr> = [(&b"user.a"[..], &b""[..]), (b"user.b", &[0; 70_000])]
            .map(|(name, value)| Xattr {
                name: name.to_vec(),
                value: value.to_vec(),
            })
            .to_vec();
        assert_eq!(decode_xattrs(&encode_xattrs(&xattrs)), xattrs);
    }
}
