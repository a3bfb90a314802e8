//! Finds block devices by serial number.
//!
//! The host names every disk by a serial of its choice; device names depend on the order of probing. virtio-blk shows
//! the serial in one attribute, SCSI disks in the page of vital product data that holds the unit's serial number.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// Bytes before the serial in the "unit serial number" page, SPC-4 section 7.8.16.
const VPD_HEADER_BYTES: usize = 4;

/// All block devices of the machine that have a serial: serial to device node.
pub fn by_serial() -> HashMap<String, PathBuf> {
    scan(Path::new("/sys/block"), Path::new("/dev"))
}

fn scan(block: &Path, dev: &Path) -> HashMap<String, PathBuf> {
    let Ok(entries) = std::fs::read_dir(block) else {
        return HashMap::new();
    };
    entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let serial = serial_of(&block.join(&name), name.as_encoded_bytes())?;
            Some((serial, dev.join(&name)))
        })
        .collect()
}

fn serial_of(device: &Path, name: &[u8]) -> Option<String> {
    if name.starts_with(b"vd") {
        let serial = std::fs::read(device.join("serial")).ok()?;
        return text(&serial);
    }
    if name.starts_with(b"sd") {
        return unit_serial(&std::fs::read(device.join("device/vpd_pg80")).ok()?);
    }
    None
}

/// The serial in a "unit serial number" page.
fn unit_serial(page: &[u8]) -> Option<String> {
    let (header, rest) = page.split_at_checked(VPD_HEADER_BYTES)?;
    let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    text(rest.get(..length.min(rest.len()))?)
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes)
        .ok()?
        .trim_matches(|c: char| c == '\0' || c.is_ascii_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_kinds_of_disks_are_found() {
        let sys = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(sys.path().join("sda/device")).unwrap();
        std::fs::write(sys.path().join("sda/device/vpd_pg80"), b"\0\x80\0\x06layer0").unwrap();
        std::fs::create_dir_all(sys.path().join("vda")).unwrap();
        std::fs::write(sys.path().join("vda/serial"), b"writable\n").unwrap();
        std::fs::create_dir_all(sys.path().join("loop0")).unwrap();
        let disks = scan(sys.path(), Path::new("/dev"));
        assert_eq!(disks.len(), 2);
        assert_eq!(disks["layer0"], Path::new("/dev/sda"));
        assert_eq!(disks["writable"], Path::new("/dev/vda"));
    }

    #[test]
    fn page_with_padding_or_a_wrong_length_is_read() {
        assert_eq!(unit_serial(b"\0\x80\0\x08layer0  "), Some("layer0".into()));
        assert_eq!(unit_serial(b"\0\x80\0\xfflayer0"), Some("layer0".into()));
        assert_eq!(unit_serial(b"\0\x80\0\x00"), None);
        assert_eq!(unit_serial(b"\0\x80"), None);
    }

    proptest! {
        #[test]
        fn any_page_is_read_without_a_panic(page in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(serial) = unit_serial(&page) {
                prop_assert!(!serial.is_empty());
            }
        }
    }
}
