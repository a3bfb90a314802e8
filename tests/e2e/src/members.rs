//! Layers written header by header, with all that pax can say and the `tar` crate would refuse or tidy up.

use std::fmt::Write as _;

/// Headers and contents start at multiples of this.
const RECORD_BYTES: usize = 512;

/// A tar while it is being made.
#[derive(Debug, Default)]
pub struct Members {
    tar: Vec<u8>,
}

/// What a member has besides path and kind.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Permission bits.
    pub mode: u32,
    /// Owner and group; those over 2,097,151 go to a pax header.
    pub owner: (u32, u32),
    /// Modification time as pax writes it, such as `-1.25`.
    pub time: &'a str,
    /// Target of a link.
    pub link: &'a [u8],
    /// Number of a device.
    pub device: (u32, u32),
    /// Content of a file.
    pub content: &'a [u8],
    /// Further pax records.
    pub records: &'a [(&'a str, &'a [u8])],
}

impl Default for Member<'_> {
    fn default() -> Self {
        Self {
            mode: 0o644,
            owner: (0, 0),
            time: "1700000000",
            link: b"",
            device: (0, 0),
            content: b"",
            records: &[],
        }
    }
}

impl Members {
    /// Adds a member whose type flag is `kind`. Everything about it goes to a pax header as well, except a path of at most 100 bytes.
    pub fn add(&mut self, path: &[u8], kind: u8, member: &Member<'_>) -> &mut Self {
        let mut pax = Vec::new();
        let mut record = |key: &str, value: &[u8]| {
            // The length counts its own digits.
            let rest = key.len() + value.len() + 3;
            let length = (rest..)
                .find(|length| rest + length.to_string().len() == *length)
                .unwrap_or(rest);
            pax.extend(format!("{length} {key}=").into_bytes());
            pax.extend_from_slice(value);
            pax.push(b'\n');
        };
        if path.len() > 100 {
            record("path", path);
        }
        if member.link.len() > 100 {
            record("linkpath", member.link);
        }
        record("uid", member.owner.0.to_string().as_bytes());
        record("gid", member.owner.1.to_string().as_bytes());
        record("mtime", member.time.as_bytes());
        member.records.iter().for_each(|(key, value)| record(key, value));
        let none = Member::default();
        self.plain(b"pax", b'x', &none, &pax);
        self.plain(path, kind, member, member.content)
    }

    /// Adds a member with nothing but its header.
    pub fn plain(&mut self, path: &[u8], kind: u8, member: &Member<'_>, content: &[u8]) -> &mut Self {
        let mut header = [0; RECORD_BYTES];
        put(&mut header, 0, &path[..path.len().min(100)]);
        put(&mut header, 100, &octal(member.mode, 7));
        put(&mut header, 108, &octal(member.owner.0.min(0o7_777_777), 7));
        put(&mut header, 116, &octal(member.owner.1.min(0o7_777_777), 7));
        put(&mut header, 124, &octal(content.len() as u32, 11));
        put(&mut header, 136, &octal(1_700_000_000, 11));
        header[156] = kind;
        put(&mut header, 157, &member.link[..member.link.len().min(100)]);
        put(&mut header, 257, b"ustar\x0000");
        put(&mut header, 329, &octal(member.device.0, 7));
        put(&mut header, 337, &octal(member.device.1, 7));
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        put(&mut header, 148, &octal(sum, 6));
        header[154] = 0;
        self.tar.extend_from_slice(&header);
        self.tar.extend_from_slice(content);
        self.tar.resize(self.tar.len().next_multiple_of(RECORD_BYTES), 0);
        self
    }

    /// A directory with mode 0755.
    pub fn directory(&mut self, path: &str) -> &mut Self {
        let member = Member {
            mode: 0o755,
            ..Member::default()
        };
        self.plain(path.as_bytes(), b'5', &member, b"")
    }

    /// A file with mode 0644.
    pub fn file(&mut self, path: &str, content: &str) -> &mut Self {
        self.plain(path.as_bytes(), b'0', &Member::default(), content.as_bytes())
    }

    /// The whole tar.
    #[must_use]
    pub fn end(&self) -> Vec<u8> {
        let mut tar = self.tar.clone();
        tar.resize(tar.len() + 2 * RECORD_BYTES, 0);
        tar
    }
}

fn put(header: &mut [u8], at: usize, bytes: &[u8]) {
    header[at..at + bytes.len()].copy_from_slice(bytes);
}

fn octal(number: u32, digits: usize) -> Vec<u8> {
    let mut text = String::new();
    let _ = write!(text, "{number:0digits$o}");
    text.into_bytes()
}
