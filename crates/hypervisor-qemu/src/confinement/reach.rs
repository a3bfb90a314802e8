//! Which files belong to a program: itself, its loader, its libraries, its data.
//!
//! Distributions put them in different places, so the program is asked: the dynamic loader lists libraries
//! (`LD_TRACE_LOADED_OBJECTS`, ld.so(8)), QEMU its data directories (`-L help`). Whether the list is complete, a run
//! under it shows.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Subdirectory of a library directory with QEMU's loadable modules, the emulator among them.
const MODULES: &str = "qemu";

/// What a program may read and execute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Reach {
    /// What belongs to it.
    Listed {
        /// The program and its loader.
        executables: Vec<PathBuf>,
        /// Libraries and data, directories with everything below them.
        readable: Vec<PathBuf>,
    },
    /// Everything that the user may: the program starts another one, such as a wrapper script does.
    Any,
}

impl Reach {
    /// What belongs to `program`, by what the loader and QEMU print.
    pub(crate) fn listed(program: &Path, loader_output: &str, data_output: &str) -> Self {
        let mut executables = vec![program.to_owned()];
        let mut readable = Vec::new();
        for object in loaded_objects(loader_output) {
            match object {
                Loaded::Loader(path) => executables.push(path),
                Loaded::Library(path) => readable.extend(library(path)),
            }
        }
        readable.extend(data_output.lines().map(PathBuf::from).filter(|path| path.is_absolute()));
        // Modules of a program that was installed under a directory of its own.
        readable.extend(
            program
                .ancestors()
                .nth(2)
                .map(|prefix| prefix.join("lib").join(MODULES)),
        );
        readable.sort();
        readable.dedup();
        Self::Listed { executables, readable }
    }
}

/// The system's library directories as a whole, because an upgrade changes which libraries need which; elsewhere the one
/// file, because other things than libraries may lie beside it.
fn library(path: PathBuf) -> Vec<PathBuf> {
    let Some(directory) = path.parent().map(Path::to_owned) else {
        return Vec::new();
    };
    let of_the_system = std::fs::metadata(&directory).is_ok_and(|metadata| metadata.uid() == 0)
        && directory
            .components()
            .any(|part| part.as_os_str().as_encoded_bytes().starts_with(b"lib"));
    if of_the_system {
        vec![directory]
    } else {
        vec![directory.join(MODULES), path]
    }
}

enum Loaded {
    Loader(PathBuf),
    Library(PathBuf),
}

impl Loaded {
    fn path(&self) -> &Path {
        match self {
            Self::Loader(path) | Self::Library(path) => path,
        }
    }
}

/// Lines `name => /path (0x…)` are libraries, `/path (0x…)` is the loader itself.
fn loaded_objects(output: &str) -> impl Iterator<Item = Loaded> {
    output.lines().filter_map(|line| {
        let line = line.trim();
        let (found, library) = match line.split_once(" => ") {
            Some((_, found)) => (found, true),
            None => (line, false),
        };
        let path = PathBuf::from(found.rsplit_once(" (0x")?.0);
        let loaded = if library {
            Loaded::Library(path)
        } else {
            Loaded::Loader(path)
        };
        loaded.path().is_absolute().then_some(loaded)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_and_data_are_what_loader_and_qemu_say() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("data/libown.so");
        let loader = format!(
            "\tlinux-vdso.so.1 (0x00007fee)\n\tlibown.so => {} (0x00007f)\n\tlibgone.so => not found\n\t\
             /lib64/ld-linux-x86-64.so.2 (0x00007f)\n",
            own.display()
        );
        let Reach::Listed { executables, readable } =
            Reach::listed(Path::new("/opt/q/bin/qemu"), &loader, "/opt/q/share/qemu\nrelative\n")
        else {
            panic!("a list")
        };
        assert_eq!(
            executables,
            [Path::new("/opt/q/bin/qemu"), Path::new("/lib64/ld-linux-x86-64.so.2")]
        );
        let expected = [
            own.with_file_name(MODULES),
            own,
            "/opt/q/lib/qemu".into(),
            "/opt/q/share/qemu".into(),
        ];
        let mut expected = expected.to_vec();
        expected.sort();
        assert_eq!(readable, expected, "no directory of the user's as a whole");
    }
}
