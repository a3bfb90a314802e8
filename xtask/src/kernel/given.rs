//! Kernels made elsewhere, for hosts on which none can be built.
//!
//! macOS has no tool chain that builds Linux reliably. A kernel comes from a Debian machine or from a release archive, as one file or as the
//! directory of an archive that has several.

use crate::architecture::{Architecture, Image, Variant};
use crate::install_tree;
use crate::progress::say;
use anyhow::{Context, Result, bail};
use std::env;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Names the file or the directory.
const VARIABLE: &str = "CONTAINER_KERNEL";

/// What the head of a kernel's file has to have of it.
const HEAD_BYTES: u64 = 0x206;

/// Puts the kernels that the environment names into the install tree, and makes sure that it has one for `architecture`.
///
/// # Errors
/// When what is named is no kernel for a guest, or there is none for `architecture`; the message says where to get one.
pub(crate) fn place(architecture: Architecture) -> Result<()> {
    let share = install_tree::share_directory();
    if let Some(given) = env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
        place_from(Path::new(&given), &share)?;
    }
    let forms = [
        (Image::Vmlinux, Variant::Standard),
        (Image::Vmlinux, Variant::Emulated),
        (Image::BzImage, Variant::Standard),
    ];
    let found = forms
        .iter()
        .any(|(image, variant)| share.join(image.file_name(architecture, *variant)).exists());
    if !found {
        bail!("{}", advice(architecture));
    }
    Ok(())
}

/// How to get a kernel for `architecture` without building it here.
pub(crate) fn advice(architecture: Architecture) -> String {
    let name = architecture.name();
    let (options, file) = match architecture {
        Architecture::Aarch64 => ("", Image::Vmlinux.file_name(architecture, Variant::Standard)),
        Architecture::X86_64 => (
            " --image bzimage",
            Image::BzImage.file_name(architecture, Variant::Standard),
        ),
    };
    format!(
        "no kernel for {name} guests, and this system cannot build one. Get it in one of two ways:\n  \
         on a Debian machine: cargo xtask kernel --arch {name} --variant standard{options}\n    \
         which prints the path of the file\n  \
         out of a release archive: tar -xzf ARCHIVE share/container\n\
         then run here, with the file or the directory: {VARIABLE}=share/container/{file} cargo xtask setup"
    )
}

fn place_from(given: &Path, share: &Path) -> Result<()> {
    let files = if given.is_dir() {
        let entries = fs::read_dir(given).with_context(|| format!("cannot read {}", given.display()))?;
        entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<std::io::Result<Vec<PathBuf>>>()?
    } else {
        vec![given.to_owned()]
    };
    let mut placed = 0;
    for file in files {
        let Some((architecture, image)) = form(&file)? else {
            continue;
        };
        let emulated = file
            .file_name()
            .is_some_and(|name| name.to_string_lossy().ends_with("-emulated"));
        let variant = if emulated { Variant::Emulated } else { Variant::Standard };
        let to = share.join(image.file_name(architecture, variant));
        // The files of the install tree itself may be named.
        if fs::canonicalize(&file).ok() != fs::canonicalize(&to).ok() {
            install_tree::place(&file, &to)?;
        }
        say(format_args!("kernel {}", to.display()));
        placed += 1;
    }
    if placed == 0 {
        bail!(
            "{VARIABLE}={} is no kernel of a guest: neither an arm64 Image nor an x86-64 bzImage or vmlinux",
            given.display()
        );
    }
    Ok(())
}

/// The architecture and the form of the kernel in `file`, `None` when it is no kernel.
fn form(file: &Path) -> Result<Option<(Architecture, Image)>> {
    let failure = || format!("cannot read {}", file.display());
    let mut head = Vec::new();
    let opened = File::open(file).with_context(failure)?;
    if !opened.metadata().with_context(failure)?.is_file() {
        return Ok(None);
    }
    opened.take(HEAD_BYTES).read_to_end(&mut head).with_context(failure)?;
    Ok(form_of(&head))
}

fn form_of(head: &[u8]) -> Option<(Architecture, Image)> {
    let at = |offset: usize, bytes: &[u8]| head.get(offset..).is_some_and(|rest| rest.starts_with(bytes));
    // Documentation/arch/arm64/booting.rst, "magic"; Documentation/arch/x86/boot.rst, "header"; elf(5), EI_CLASS and e_machine.
    if at(56, b"ARM\x64") {
        Some((Architecture::Aarch64, Image::Vmlinux))
    } else if at(0x202, b"HdrS") {
        Some((Architecture::X86_64, Image::BzImage))
    } else if at(0, b"\x7fELF\x02") && at(18, &[62, 0]) {
        Some((Architecture::X86_64, Image::Vmlinux))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_with(magic: &[(usize, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; 4096];
        for (offset, text) in magic {
            bytes[*offset..*offset + text.len()].copy_from_slice(text);
        }
        bytes
    }

    fn arm64() -> Vec<u8> {
        file_with(&[(56, b"ARM\x64")])
    }

    #[test]
    fn kernels_are_told_by_their_heads() {
        assert_eq!(form_of(&arm64()), Some((Architecture::Aarch64, Image::Vmlinux)));
        let compressed = file_with(&[(0x202, b"HdrS")]);
        assert_eq!(form_of(&compressed), Some((Architecture::X86_64, Image::BzImage)));
        let elf = |machine| file_with(&[(0, b"\x7fELF\x02"), (18, &[machine, 0])]);
        assert_eq!(form_of(&elf(62)), Some((Architecture::X86_64, Image::Vmlinux)));
        assert_eq!(form_of(&elf(183)), None);
        assert_eq!(form_of(b"short"), None);
    }

    #[test]
    fn the_kernels_of_a_directory_get_their_places() {
        let given = tempfile::tempdir().unwrap();
        let share = tempfile::tempdir().unwrap();
        for name in ["Image", "vmlinux-aarch64-emulated"] {
            fs::write(given.path().join(name), arm64()).unwrap();
        }
        fs::write(given.path().join("initramfs-aarch64.cpio"), "070701").unwrap();
        place_from(given.path(), share.path()).unwrap();
        let mut names: Vec<_> = fs::read_dir(share.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["vmlinux-aarch64", "vmlinux-aarch64-emulated"]);
        // Again, from there to there.
        place_from(share.path(), share.path()).unwrap();
    }

    #[test]
    fn what_is_no_kernel_is_refused_by_name() {
        let share = tempfile::tempdir().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "text").unwrap();
        let error = place_from(file.path(), share.path()).unwrap_err().to_string();
        assert!(error.contains(&file.path().display().to_string()), "{error}");
    }
}
