//! What a Mach-O executable needs of the system that starts it.

use anyhow::{Context, Result, bail};
use object::Endianness;
use object::macho::{MachHeader64, PLATFORM_MACOS};
use object::read::macho::{LoadCommandVariant, MachHeader as _, Nlist as _};
use std::collections::{BTreeMap, BTreeSet};

/// The demands of one executable.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Demands {
    /// The symbols that it takes from each library, by the library's install name. A library without symbols is loaded all the same.
    pub(super) imports: BTreeMap<String, BTreeSet<String>>,
    /// Symbols that are looked for in whatever is loaded.
    pub(super) unbound: BTreeSet<String>,
    /// Directories that the loader searches in addition.
    pub(super) search_paths: Vec<String>,
    /// The oldest macOS that starts it, as in `13.0`; `None` when it does not say or is not for macOS.
    pub(super) minimum_macos: Option<String>,
}

impl Demands {
    /// Reads them from the bytes of an executable.
    ///
    /// # Errors
    /// When the bytes are no 64-bit Mach-O file, or a damaged one.
    pub(super) fn of(executable: &[u8]) -> Result<Self> {
        let header = MachHeader64::<Endianness>::parse(executable, 0).context("no 64-bit Mach-O file")?;
        let endian = header.endian()?;
        let mut demands = Self::default();
        let (mut libraries, mut symbols) = (Vec::new(), None);
        let mut commands = header.load_commands(endian, executable, 0)?;
        while let Some(command) = commands.next()? {
            match command.variant()? {
                LoadCommandVariant::Dylib(library) => {
                    let name = text(command.string(endian, library.dylib.name)?)?;
                    demands.imports.entry(name.clone()).or_default();
                    libraries.push(name);
                }
                LoadCommandVariant::Rpath(path) => {
                    demands.search_paths.push(text(command.string(endian, path.path)?)?);
                }
                LoadCommandVariant::BuildVersion(version, _) if version.platform.get(endian) == PLATFORM_MACOS => {
                    demands.minimum_macos = Some(spelled(version.minos.get(endian).0));
                }
                LoadCommandVariant::Symtab(table) => {
                    symbols = Some(table.symbols::<MachHeader64<_>, _>(endian, executable)?);
                }
                _ => {}
            }
        }
        let Some(symbols) = symbols else {
            bail!("no symbol table");
        };
        for symbol in symbols.iter().filter(|symbol| symbol.is_undefined()) {
            let name = text(symbol.name(endian, symbols.strings())?)?;
            let ordinal = symbol.library_ordinal(endian).index().map(usize::from);
            // Libraries are counted from 1 (mach-o/nlist.h, "SET_LIBRARY_ORDINAL").
            let library = ordinal.and_then(|ordinal| libraries.get(ordinal.checked_sub(1)?));
            let names = match library {
                Some(library) => demands.imports.entry(library.clone()).or_default(),
                None => &mut demands.unbound,
            };
            names.insert(name);
        }
        Ok(demands)
    }
}

fn text(bytes: &[u8]) -> Result<String> {
    Ok(std::str::from_utf8(bytes)
        .context("a name that is not UTF-8")?
        .to_owned())
}

/// A version that is packed as `xxxx.yy.zz` (mach-o/loader.h, "build_version_command"), without a third number of 0.
fn spelled(packed: u32) -> String {
    let [first, second, third] = [packed >> 16, packed >> 8 & 0xff, packed & 0xff];
    match third {
        0 => format!("{first}.{second}"),
        _ => format!("{first}.{second}.{third}"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A load command of `kind` with these words and this text (mach-o/loader.h, "struct load_command").
    fn command(kind: u32, words: &[u32], text: &str) -> Vec<u8> {
        let mut body: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        body.extend_from_slice(text.as_bytes());
        // Sizes are multiples of 8, and a text ends with a zero.
        body.resize((body.len() + 1).next_multiple_of(8), 0);
        let length = u32::try_from(body.len() + 8).unwrap();
        [kind.to_le_bytes(), length.to_le_bytes()]
            .concat()
            .into_iter()
            .chain(body)
            .collect()
    }

    /// An executable with these commands, and undefined symbols of library ordinals.
    pub(in super::super) fn executable(commands: &[Vec<u8>], symbols: &[(&str, u8)]) -> Vec<u8> {
        const HEADER_BYTES: usize = 32;
        let (mut names, mut entries) = (vec![0_u8], Vec::new());
        for (name, ordinal) in symbols {
            entries.extend(u32::try_from(names.len()).unwrap().to_le_bytes());
            // N_UNDF | N_EXT, no section, the ordinal in the high half of n_desc, no value.
            entries.extend([1, 0, 0, *ordinal]);
            entries.extend([0; 8]);
            names.extend(name.bytes().chain([0]));
        }
        let mut commands = commands.to_vec();
        let length: usize = commands.iter().map(Vec::len).sum::<usize>() + 24;
        let offset = u32::try_from(HEADER_BYTES + length).unwrap();
        let [entries_length, count] = [entries.len(), symbols.len()].map(|length| u32::try_from(length).unwrap());
        let strings = [offset + entries_length, u32::try_from(names.len()).unwrap()];
        // LC_SYMTAB is 24 bytes long, without a text.
        let symtab = [2, 24, offset, count, strings[0], strings[1]];
        commands.push(symtab.iter().flat_map(|word: &u32| word.to_le_bytes()).collect());
        let header = [
            0xfeed_facf_u32,
            0x0100_000c,
            0,
            2,
            u32::try_from(commands.len()).unwrap(),
            u32::try_from(length).unwrap(),
            0x85,
            0,
        ];
        let header: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        [header, commands.concat(), entries, names].concat()
    }

    /// LC_LOAD_DYLIB: the name begins 24 bytes after the command.
    pub(in super::super) fn library(name: &str) -> Vec<u8> {
        command(0xc, &[24, 0, 0, 0], name)
    }

    /// LC_BUILD_VERSION for macOS.
    pub(in super::super) fn minimum(packed: u32) -> Vec<u8> {
        command(0x32, &[1, packed, packed, 0], "")
    }

    #[test]
    fn demands_are_read_from_the_load_commands_and_the_symbols() {
        let rpath = command(0x8000_001c, &[12], "@loader_path/lib");
        let bytes = executable(
            &[
                library("/usr/lib/libSystem.B.dylib"),
                library("/usr/lib/libobjc.A.dylib"),
                rpath,
                minimum(0x000d_0201),
            ],
            &[("_read", 1), ("_anywhere", 0xfe), ("_write", 1)],
        );
        let demands = Demands::of(&bytes).unwrap();
        assert_eq!(demands.minimum_macos.as_deref(), Some("13.2.1"));
        assert_eq!(demands.search_paths, ["@loader_path/lib"]);
        assert_eq!(demands.unbound.iter().collect::<Vec<_>>(), ["_anywhere"]);
        let imports: Vec<(&str, Vec<&str>)> = demands
            .imports
            .iter()
            .map(|(library, symbols)| (library.as_str(), symbols.iter().map(String::as_str).collect()))
            .collect();
        assert_eq!(
            imports,
            [
                ("/usr/lib/libSystem.B.dylib", vec!["_read", "_write"]),
                ("/usr/lib/libobjc.A.dylib", vec![])
            ]
        );
    }

    #[test]
    fn other_and_damaged_files_are_refused() {
        assert!(Demands::of(b"\x7fELF and so on, longer than a header of Mach-O").is_err());
        let whole = executable(&[library("/usr/lib/libSystem.B.dylib")], &[("_read", 1)]);
        for length in 0..whole.len() {
            assert!(Demands::of(whole.get(..length).unwrap()).is_err(), "{length} bytes");
        }
    }
}
