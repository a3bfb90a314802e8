//! Initial RAM file systems whose first program misbehaves.

use std::fs;

use crate::archive::busybox_program;

/// An initramfs with busybox and a shell script as its first program.
pub struct Initramfs;

impl Initramfs {
    /// The bytes of an archive in the format `newc` (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). The script
    /// runs as process 1, under every name that a kernel may be told to start.
    ///
    /// # Panics
    /// When busybox cannot be read.
    #[must_use]
    pub fn with_script(script: &str) -> Vec<u8> {
        let script = format!(
            "#!/bin/sh\n/bin/busybox mount -t devtmpfs dev /dev\n/bin/busybox mount -t sysfs sys /sys\n{script}\n"
        );
        let busybox = fs::read(busybox_program()).unwrap();
        let mut bytes = Vec::new();
        for directory in ["bin", "sbin", "dev", "sys"] {
            entry(&mut bytes, directory, 0o040_755, &[]);
        }
        entry(&mut bytes, "bin/busybox", 0o100_755, &busybox);
        entry(&mut bytes, "bin/sh", 0o120_777, b"busybox");
        for name in ["init", "vminitd", "sbin/vminitd", "sbin/init"] {
            entry(&mut bytes, name, 0o100_755, script.as_bytes());
        }
        entry(&mut bytes, "TRAILER!!!", 0, &[]);
        bytes
    }
}

fn entry(bytes: &mut Vec<u8>, name: &str, mode: u32, content: &[u8]) {
    let inode = bytes.len();
    let fields = [
        inode,
        mode as usize,
        0,
        0,
        1,
        0,
        content.len(),
        0,
        0,
        0,
        0,
        name.len() + 1,
        0,
    ];
    bytes.extend_from_slice(b"070701");
    for field in fields {
        bytes.extend_from_slice(format!("{field:08x}").as_bytes());
    }
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    pad(bytes);
    bytes.extend_from_slice(content);
    pad(bytes);
}

fn pad(bytes: &mut Vec<u8>) {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}
