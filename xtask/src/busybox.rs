//! A static busybox for Linux, of which the images of the demo, the tests and the benchmarks are made.
//!
//! It is this machine's own where there is one, else the program in Debian's package: by apt where that exists, which verifies it, else as a
//! download whose digest is known. Those two are kept in the cache.

mod deb;
mod download;

use crate::architecture::Architecture;
use crate::{cache, debian, install_tree, process};
use anyhow::{Context, Result, bail};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// Names a static busybox to be used instead, for the architecture that it is made for.
const VARIABLE: &str = "CONTAINER_BUSYBOX";
const PACKAGE: &str = "busybox-static";

/// The file of a static busybox for `architecture`.
///
/// # Errors
/// When there is none and none can be had.
pub(crate) fn file(architecture: Architecture) -> Result<PathBuf> {
    let given = env::var_os(VARIABLE)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from);
    if let Some(given) = given.filter(|path| serves(path, architecture)) {
        return Ok(given);
    }
    let directory = cache::directory()?.join("busybox");
    let cached = directory.join(format!("busybox-{}", architecture.name()));
    let installed = process::find("busybox").filter(|_| cfg!(target_os = "linux"));
    if let Some(found) = installed
        .into_iter()
        .chain([cached.clone()])
        .find(|path| serves(path, architecture))
    {
        return Ok(found);
    }
    let _lock = cache::lock(&directory)?;
    let scratch = tempfile::tempdir()?;
    let tree = if process::find("apt-get").is_some() {
        debian::unpack_for(PACKAGE, architecture, scratch.path())?.with_context(|| {
            format!(
                "apt has no {PACKAGE} for {}; {VARIABLE} may name such a program",
                architecture.name()
            )
        })?
    } else {
        download::unpack(architecture, scratch.path())?
    };
    let unpacked = ["bin/busybox", "usr/bin/busybox"]
        .map(|path| tree.join(path))
        .into_iter()
        .find(|path| serves(path, architecture))
        .with_context(|| format!("the package {PACKAGE} has no static busybox"))?;
    install_tree::place(&unpacked, &cached)
}

/// The names under which a busybox can be called. They stand in the program one after the other, the first of them `[`; a program for another
/// architecture cannot be asked for them.
///
/// # Errors
/// When the program is no busybox.
pub(crate) fn applets(program: &[u8]) -> Result<Vec<String>> {
    const FIRST: &[u8] = b"\0[\0[[\0";
    let Some(at) = program.windows(FIRST.len()).position(|window| window == FIRST) else {
        bail!("no list of applets in the busybox");
    };
    let names = program.get(at + 1..).unwrap_or_default().split(|byte| *byte == 0);
    Ok(names
        .take_while(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}

/// Is `program` a static one for `architecture`?
fn serves(program: &Path, architecture: Architecture) -> bool {
    fs::read(program).is_ok_and(|program| machine(&program) == Some(architecture) && !is_dynamic(&program))
}

/// The architecture of an ELF file (elf(5), `e_machine`).
fn machine(program: &[u8]) -> Option<Architecture> {
    match (program.get(..4)?, program.get(18..20)?) {
        (b"\x7fELF", [62, 0]) => Some(Architecture::X86_64),
        (b"\x7fELF", [183, 0]) => Some(Architecture::Aarch64),
        _ => None,
    }
}

/// Does the ELF file name an interpreter? Searches for the path that every dynamic loader has in it.
fn is_dynamic(program: &[u8]) -> bool {
    let head = program.get(..4096).unwrap_or(program);
    head.windows(4).any(|window| window == b"/ld-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_program_is_recognised() {
        assert!(is_dynamic(b"\x7fELF......./lib64/ld-linux-x86-64.so.2\0"));
        assert!(!is_dynamic(b"\x7fELF static"));
    }

    #[test]
    fn applets_are_read_out_of_the_program() {
        let program = b"text\0-/bin\0[\0[[\0acpid\0zcat\0\0\0more";
        assert_eq!(applets(program).unwrap(), ["[", "[[", "acpid", "zcat"]);
        assert!(applets(b"nothing").is_err());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_applets_read_are_those_that_the_program_names() {
        container_require::require!(process::find("busybox").is_some(), "busybox");
        let path = process::find("busybox").unwrap();
        let named = process::output(std::process::Command::new(&path).arg("--list")).unwrap();
        let read = applets(&fs::read(path).unwrap()).unwrap();
        assert_eq!(read, named.lines().collect::<Vec<_>>());
    }
}
