//! Debian's packages without Debian's tools: an ar archive (deb(5), ar(5)) with a tar archive of the files in it.

use crate::process;
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Begins every ar archive.
const MAGIC: &[u8] = b"!<arch>\n";
/// Bytes of the head of a member: name in 16, size in decimal in 10 at 48.
const HEAD_BYTES: usize = 60;

/// Unpacks the files of the package `deb` below `scratch`, and returns the directory.
///
/// # Errors
/// When `deb` is no package, or tar cannot unpack it.
pub(super) fn unpack(deb: &[u8], scratch: &Path) -> Result<PathBuf> {
    let (name, data) = data(deb)?;
    let archive = scratch.join(name);
    fs::write(&archive, data).with_context(|| format!("cannot write {}", archive.display()))?;
    let tree = scratch.join("tree");
    fs::create_dir(&tree)?;
    process::run(Command::new("tar").arg("-xf").arg(&archive).arg("-C").arg(&tree))?;
    Ok(tree)
}

/// Name and content of the member with the package's files.
fn data(deb: &[u8]) -> Result<(String, &[u8])> {
    let mut rest = deb.strip_prefix(MAGIC).context("not a Debian package")?;
    while let Some((head, behind)) = rest.split_at_checked(HEAD_BYTES) {
        let text = |range| head.get(range).map(String::from_utf8_lossy).unwrap_or_default();
        let size: usize = text(48..58).trim().parse().context("a member without a size")?;
        let Some((content, next)) = behind.split_at_checked(size) else {
            bail!("the package ends early");
        };
        let name = text(0..16).trim().trim_end_matches('/').to_owned();
        if name.starts_with("data.tar") && !name.contains('/') {
            return Ok((name, content));
        }
        // Members begin at even offsets.
        rest = next.get(size % 2..).unwrap_or_default();
    }
    bail!("the package has no files")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, content: &[u8]) -> Vec<u8> {
        let mut bytes = format!(
            "{name:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n",
            0,
            0,
            0,
            100_644,
            content.len()
        )
        .into_bytes();
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(2), b'\n');
        bytes
    }

    #[test]
    fn the_files_of_a_package_are_found_behind_the_others() {
        let deb = [
            MAGIC,
            &member("debian-binary", b"2.0"),
            &member("data.tar.xz", b"files"),
        ]
        .concat();
        assert_eq!(data(&deb).unwrap(), ("data.tar.xz".to_owned(), &b"files"[..]));
    }

    #[test]
    fn what_is_no_whole_package_is_refused() {
        let cut = [MAGIC, &member("data.tar.xz", b"0123456789")].concat();
        for wrong in [&b"text"[..], MAGIC, &cut[..70], &cut[..30]] {
            assert!(data(wrong).is_err());
        }
    }

    #[test]
    fn a_package_is_unpacked() {
        let source = tempfile::tempdir().unwrap();
        fs::create_dir(source.path().join("bin")).unwrap();
        fs::write(source.path().join("bin/busybox"), "program").unwrap();
        let tar = source.path().join("data.tar");
        process::run(
            Command::new("tar")
                .arg("-cf")
                .arg(&tar)
                .arg("-C")
                .arg(source.path())
                .arg("bin"),
        )
        .unwrap();
        let deb = [MAGIC, &member("data.tar", &fs::read(&tar).unwrap())].concat();
        let scratch = tempfile::tempdir().unwrap();
        let tree = unpack(&deb, scratch.path()).unwrap();
        assert_eq!(fs::read_to_string(tree.join("bin/busybox")).unwrap(), "program");
    }
}
