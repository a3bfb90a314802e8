//! A small writer of tars, and disks read back with `debugfs`.

use std::path::Path;
use std::process::Command;

use container_fixtures::{Member, Members};
use container_image::layer::{
    DiskOptions, LayerDiskSummary, LayerError, LayerLimits, MergedDiskSummary, write_layer_disk, write_merged_disk,
};
use container_oci::{Algorithm, Digest, LayerCompression};
use ring::digest::{SHA256, digest};

pub(crate) fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes)
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A tar header whose checksum is right, whatever else is wrong.
pub(crate) fn header(mut bytes: Vec<u8>, kind: u8, size: usize) -> Vec<u8> {
    bytes.resize(512, 0);
    bytes[100..136].copy_from_slice(b"0000644\x000000000\x000000000\x0000000000000\0");
    bytes[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    bytes[136..148].copy_from_slice(b"00000000000\0");
    bytes[156] = kind;
    bytes[329..345].copy_from_slice(b"0000001\x000000003\0");
    bytes[148..156].fill(b' ');
    let sum: u32 = bytes.iter().map(|byte| u32::from(*byte)).sum();
    bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    bytes
}

/// A tar under construction, written header by header, so that it shares nothing with the parser.
pub(crate) struct Tar {
    members: Members,
    mode: u16,
    owner: u32,
    modified: u32,
}

impl Tar {
    pub(crate) fn new() -> Self {
        Self {
            members: Members::default(),
            mode: 0o644,
            owner: 0,
            modified: 0o14_524_770_400,
        }
    }

    /// Mode, owner and time of the members from here on.
    pub(crate) fn with(self, mode: u16, owner: u32, modified: u32) -> Self {
        Self {
            mode,
            owner,
            modified,
            ..self
        }
    }

    pub(crate) fn directory(self, path: &str) -> Self {
        self.member(path, b'5', "", &[])
    }

    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.member(path, b'0', "", content)
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        self.member(path, b'2', target, &[])
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        self.member(path, b'1', target, &[])
    }

    /// An extended header for the next member.
    pub(crate) fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let body = key.len() + value.len() + 3;
            let mut length = body + 1;
            while length != body + length.to_string().len() {
                length += 1;
            }
            content.extend(format!("{length} {key}=").as_bytes());
            content.extend(*value);
            content.push(b'\n');
        }
        self.member("pax", b'x', "", &content)
    }

    pub(crate) fn end(self) -> Vec<u8> {
        self.members.end()
    }

    pub(crate) fn fifo(self, path: &str) -> Self {
        self.member(path, b'6', "", &[])
    }

    fn member(mut self, path: &str, kind: u8, link: &str, content: &[u8]) -> Self {
        let member = Member {
            mode: self.mode.into(),
            owner: (self.owner, self.owner),
            modified: self.modified,
            link: link.as_bytes(),
            ..Member::default()
        };
        self.members.plain(path.as_bytes(), kind, &member, content);
        self
    }
}

pub(crate) struct Disk<S> {
    pub(crate) file: tempfile::NamedTempFile,
    pub(crate) summary: S,
}

pub(crate) fn disk_of(tar: &[u8]) -> Disk<LayerDiskSummary> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let directory = std::env::temp_dir();
    let options = DiskOptions::new(&directory);
    let summary = write_layer_disk(tar, LayerCompression::None, Algorithm::Sha256, file.as_file(), &options).unwrap();
    assert_clean(file.path());
    Disk { file, summary }
}

/// What comes of bytes that may be no layer.
pub(crate) fn try_disk_of(
    bytes: &[u8],
    declared: LayerCompression,
    limits: LayerLimits,
) -> Result<LayerDiskSummary, LayerError> {
    let disk = tempfile::tempfile().unwrap();
    let directory = std::env::temp_dir();
    let options = DiskOptions {
        limits,
        ..DiskOptions::new(&directory)
    };
    write_layer_disk(bytes, declared, Algorithm::Sha256, &disk, &options)
}

pub(crate) fn merged_disk_of(tars: &[Vec<u8>]) -> Disk<MergedDiskSummary> {
    let disks: Vec<_> = tars.iter().map(|tar| disk_of(tar).file).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    let directory = std::env::temp_dir();
    let options = DiskOptions::new(&directory);
    let id = Digest::Sha256([7; 32]);
    let layers = disks.iter().map(|disk| disk.reopen());
    let summary = write_merged_disk(layers, &id, file.as_file(), &options).unwrap();
    assert_clean(file.path());
    Disk { file, summary }
}

pub(crate) fn assert_clean(path: &Path) {
    let output = Command::new("e2fsck")
        .args(["-f", "-n"])
        .arg(path)
        .output()
        .expect("e2fsck of e2fsprogs is needed");
    let text = String::from_utf8_lossy(&output.stdout);
    let remarks = text
        .lines()
        .filter(|line| !line.starts_with("Pass ") && !line.contains(" blocks"))
        .count();
    assert!(output.status.success() && remarks == 0, "{text}");
}

impl<S> Disk<S> {
    pub(crate) fn debugfs(&self, request: &str) -> Vec<u8> {
        let command = Command::new("debugfs")
            .args(["-R", request])
            .arg(self.file.path())
            .output();
        command.expect("debugfs of e2fsprogs is needed").stdout
    }

    pub(crate) fn stat(&self, path: &str) -> String {
        let attributes = self.debugfs(&format!("ea_list {path}"));
        String::from_utf8_lossy(&[self.debugfs(&format!("stat {path}")), attributes].concat()).into_owned()
    }

    pub(crate) fn content(&self, path: &str) -> Vec<u8> {
        self.debugfs(&format!("cat {path}"))
    }

    pub(crate) fn xattr(&self, path: &str, name: &str) -> String {
        let shown = String::from_utf8_lossy(&self.debugfs(&format!("ea_get {path} {name}"))).into_owned();
        shown
            .split('"')
            .nth(1)
            .unwrap_or_else(|| panic!("{path} has no {name}: {shown}"))
            .to_owned()
    }

    /// Names in a directory, sorted, without `.` and `..`.
    pub(crate) fn names(&self, path: &str) -> Vec<String> {
        let listing = String::from_utf8_lossy(&self.debugfs(&format!("ls -p {path}"))).into_owned();
        let names = listing
            .lines()
            .filter_map(|line| line.split('/').nth(5))
            .map(str::to_owned);
        let mut names: Vec<String> = names.filter(|name| !matches!(name.as_str(), "" | "." | "..")).collect();
        names.sort();
        names
    }
}
