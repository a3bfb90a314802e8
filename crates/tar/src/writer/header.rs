//! The ustar header of an entry (POSIX `pax`, "ustar Interchange Format").

use std::ops::Range;

use crate::entry::{Entry, EntryKind};
use crate::header::RECORD_BYTES;
use crate::metadata::{DeviceNumber, Timestamp};

/// Places of the fields.
const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MODIFIED: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const KIND: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const MAJOR: Range<usize> = 329..337;
const MINOR: Range<usize> = 337..345;

/// A header in the making. What says `false` did not fit, and is left at zero or cut off for an extended header to say.
pub(super) struct Fields([u8; RECORD_BYTES]);

impl Fields {
    /// The header of an entry with kind and mode.
    pub(super) fn new(entry: &Entry) -> Self {
        let kind = match entry.kind {
            EntryKind::File { .. } => b'0',
            EntryKind::HardLink { .. } => b'1',
            EntryKind::Symlink { .. } => b'2',
            EntryKind::CharacterDevice(_) => b'3',
            EntryKind::BlockDevice(_) => b'4',
            EntryKind::Directory => b'5',
            EntryKind::Fifo => b'6',
        };
        let mut fields = Self::of_kind(kind);
        fields.octal(MODE, u64::from(entry.mode & 0o7777));
        fields
    }

    /// The header of an extended header of `size_bytes` for the entry `path`.
    pub(super) fn extended(path: &[u8], size_bytes: u64) -> Self {
        let mut fields = Self::of_kind(b'x');
        fields.octal(MODE, 0o644);
        fields.octal(UID, 0);
        fields.octal(GID, 0);
        fields.octal(MODIFIED, 0);
        fields.size(size_bytes);
        fields.path(&below(b"PaxHeaders", path));
        fields
    }

    fn of_kind(kind: u8) -> Self {
        let mut bytes = [0; RECORD_BYTES];
        bytes[KIND] = kind;
        bytes[MAGIC].copy_from_slice(b"ustar\x0000");
        let mut fields = Self(bytes);
        fields.octal(MAJOR, 0);
        fields.octal(MINOR, 0);
        fields
    }

    pub(super) fn path(&mut self, path: &[u8]) -> bool {
        self.text(NAME, path)
    }

    pub(super) fn link(&mut self, target: &[u8]) -> bool {
        self.text(LINK, target)
    }

    pub(super) fn size(&mut self, bytes: u64) -> bool {
        self.octal(SIZE, bytes)
    }

    pub(super) fn uid(&mut self, uid: u32) -> bool {
        self.octal(UID, uid.into())
    }

    pub(super) fn gid(&mut self, gid: u32) -> bool {
        self.octal(GID, gid.into())
    }

    /// The whole seconds, also of a time that needs an extended header.
    pub(super) fn modified(&mut self, time: Timestamp) -> bool {
        let Ok(seconds) = u64::try_from(time.seconds) else {
            self.octal(MODIFIED, 0);
            return false;
        };
        self.octal(MODIFIED, seconds) && time.nanoseconds == 0
    }

    /// Numbers that do not fit are binary, as GNU tar has them: POSIX knows no record for them.
    pub(super) fn device(&mut self, device: DeviceNumber) {
        for (place, number) in [(MAJOR, device.major), (MINOR, device.minor)] {
            if !self.octal(place.clone(), number.into()) {
                let field = &mut self.0[place];
                field.fill(0);
                field[0] = 0x80;
                field[4..].copy_from_slice(&number.to_be_bytes());
            }
        }
    }

    /// The header with its checksum.
    pub(super) fn into_bytes(mut self) -> [u8; RECORD_BYTES] {
        self.0[CHECKSUM].fill(b' ');
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.0[CHECKSUM].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        self.0
    }

    /// Octal digits and a NUL.
    fn octal(&mut self, place: Range<usize>, number: u64) -> bool {
        let width = place.len() - 1;
        let text = format!("{number:0width$o}\0");
        let fits = text.len() == place.len();
        let zeros = format!("{:0width$o}\0", 0);
        self.0[place].copy_from_slice(if fits { text.as_bytes() } else { zeros.as_bytes() });
        fits
    }

    /// Text, which is in the portable character set where it fits.
    fn text(&mut self, place: Range<usize>, text: &[u8]) -> bool {
        let length = text.len().min(place.len());
        self.0[place][..length].copy_from_slice(&text[..length]);
        length == text.len() && text.is_ascii()
    }
}

/// The name by which programs that know nothing of sparse files extract what is stored of one.
pub(super) fn sparse_placeholder(path: &[u8]) -> Vec<u8> {
    below(b"GNUSparseFile.0", path)
}

/// `directory` put before the last part of `path`, in the portable character set, so that it needs no extended header itself.
fn below(directory: &[u8], path: &[u8]) -> Vec<u8> {
    let path = path.strip_suffix(b"/").unwrap_or(path);
    let name = path.rsplit(|byte| *byte == b'/').next().unwrap_or(path);
    let name = name.iter().map(|byte| if byte.is_ascii() { *byte } else { b'_' });
    directory
        .iter()
        .copied()
        .chain([b'/'])
        .chain(name)
        .take(NAME.len())
        .collect()
}
