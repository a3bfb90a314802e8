//! Content of the layers: generated, similar to real images, and the same in every run.

use crate::bench::noise::{Noise, Vocabulary};
use crate::oci_archive::tar::Tar;
use std::collections::BTreeSet;
use std::io::{Result, Write};

/// Files of the crowded image, as in a published one of an OCaml tool chain.
const CROWDED_FILES: usize = 112_000;
/// Mean size of its files.
const CROWDED_MEAN_BYTES: usize = 3000;
/// Files of the large image.
const LARGE_FILES: usize = 50;
/// Half the size of each of them.
const LARGE_HALF_BYTES: usize = 5 << 20;
/// Packages that each layer over Debian brings.
const PACKAGES: usize = 6;

/// 112,000 small files, about 28 in a directory.
pub(super) fn crowded(to: &mut dyn Write) -> Result<()> {
    let mut noise = Noise::new(1);
    let vocabulary = Vocabulary::new(&mut noise);
    let mut tree = Tree::new(to);
    for number in 0..CROWDED_FILES {
        let (package, library, module) = (number / 2000, number / 250 % 8, number / 28 % 9);
        let extension = ["ml", "mli", "cmx", "cmi", "cmt"]
            .get(number % 5)
            .copied()
            .unwrap_or("ml");
        let path = format!("opt/switch/sources/pkg{package:03}/lib{library}/mod{module}/file_{number:06}.{extension}");
        let length = noise.length(CROWDED_MEAN_BYTES);
        tree.file(&path, 0o644, &vocabulary.text(&mut noise, length))?;
    }
    tree.finish()
}

/// 500 MiB in one layer, half of them random and half of them text.
pub(super) fn large(to: &mut dyn Write) -> Result<()> {
    let mut noise = Noise::new(2);
    let mut tree = Tree::new(to);
    for number in 0..LARGE_FILES {
        let mut bytes = noise.random(LARGE_HALF_BYTES);
        let line = format!("the quick brown fox {number}\n");
        bytes.extend(line.bytes().cycle().take(LARGE_HALF_BYTES));
        tree.file(&format!("var/blob{number:03}.bin"), 0o644, &bytes)?;
    }
    tree.finish()
}

/// A layer like that of `apt-get install` with six packages: programs, libraries, documentation, the rewritten package database, and whiteouts of
/// some documentation in the layer before. Equal numbers give equal layers.
pub(super) fn installed_packages(number: u64, to: &mut dyn Write) -> Result<()> {
    let mut noise = Noise::new(1000 + number);
    let vocabulary = Vocabulary::new(&mut noise);
    let mut tree = Tree::new(to);
    for index in 0..PACKAGES {
        let name = format!("pkg{number}-{index}");
        let length = noise.length(300_000);
        tree.file(&format!("usr/bin/{name}"), 0o755, &noise.program(length))?;
        let library = format!("usr/lib/lib{name}.so");
        let length = noise.length(900_000);
        tree.file(&format!("{library}.1.{number}"), 0o644, &noise.program(length))?;
        tree.link(&format!("{library}.1"), &format!("lib{name}.so.1.{number}"))?;
        for file in ["copyright", "changelog.Debian", "NEWS.Debian"] {
            let length = noise.length(6000);
            tree.file(
                &format!("usr/share/doc/{name}/{file}"),
                0o644,
                &vocabulary.text(&mut noise, length),
            )?;
        }
        for part in 0..40 {
            let length = noise.length(4000);
            let path = format!("usr/share/{name}/{}/{part:02}.txt", part / 8);
            tree.file(&path, 0o644, &vocabulary.text(&mut noise, length))?;
        }
        for file in ["list", "md5sums", "postinst"] {
            let length = noise.length(2000);
            let path = format!("var/lib/dpkg/info/{name}.{file}");
            tree.file(&path, 0o644, &vocabulary.text(&mut noise, length))?;
        }
    }
    tree.file("var/lib/dpkg/status", 0o644, &vocabulary.text(&mut noise, 200_000))?;
    tree.file("var/log/dpkg.log", 0o644, &vocabulary.text(&mut noise, 30_000))?;
    tree.file("etc/ld.so.cache", 0o644, &noise.program(12_000))?;
    if let Some(before) = number.checked_sub(1).filter(|before| *before > 0) {
        // The OCI image specification, "Whiteouts".
        tree.file(&format!("usr/share/doc/pkg{before}-0/.wh.NEWS.Debian"), 0o644, b"")?;
    }
    tree.finish()
}

/// An archive to which the directories of its files are added automatically.
struct Tree<W> {
    tar: Tar<W>,
    directories: BTreeSet<String>,
}

impl<W: Write> Tree<W> {
    fn new(to: W) -> Self {
        Self {
            tar: Tar::new(to),
            directories: BTreeSet::new(),
        }
    }

    fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.parents_of(path)?;
        self.tar.file(path, mode, content)
    }

    fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.parents_of(path)?;
        self.tar.symlink(path, target)
    }

    fn parents_of(&mut self, path: &str) -> Result<()> {
        for (slash, _) in path.match_indices('/') {
            let directory = path.get(..=slash).unwrap_or_default();
            if self.directories.insert(directory.to_owned()) {
                self.tar.directory(directory, 0o755)?;
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.tar.finish().map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process;
    use std::process::Command;

    #[test]
    fn a_layer_of_packages_is_a_tar_archive_with_parents_before_children() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("layer.tar");
        let mut bytes = Vec::new();
        installed_packages(2, &mut bytes).unwrap();
        std::fs::write(&path, &bytes).unwrap();
        let listing = process::output(Command::new("tar").arg("-tf").arg(path)).unwrap();
        let position = |name: &str| listing.lines().position(|line| line == name).unwrap();
        assert!(position("usr/") < position("usr/bin/"));
        assert!(position("usr/bin/") < position("usr/bin/pkg2-0"));
        position("usr/share/doc/pkg1-0/.wh.NEWS.Debian");
        let mut again = Vec::new();
        installed_packages(2, &mut again).unwrap();
        assert!(bytes == again);
    }
}
