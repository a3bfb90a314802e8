//! What any program that we give away must keep to, so that it starts on every Mac with the oldest macOS that we support.

use super::mach_o::Demands;
use super::target::MINIMUM_MACOS;

/// Where the libraries of macOS itself are. Others, such as Homebrew's, are not on every Mac.
const SYSTEM: [&str; 2] = ["/usr/lib/", "/System/Library/"];
/// Classes of Virtualization.framework are looked up when the program runs: a class that is linked keeps it from starting on a macOS without it.
const LINKED_CLASSES: [&str; 2] = ["_OBJC_CLASS_$_VZ", "_OBJC_METACLASS_$_VZ"];

/// What breaks the rules, each as a sentence.
pub(super) fn breaches(demands: &Demands) -> Vec<String> {
    let mut found = Vec::new();
    for (library, symbols) in &demands.imports {
        if !SYSTEM.iter().any(|start| library.starts_with(start)) {
            found.push(format!("it needs {library}, which is not a library of macOS"));
        }
        let classes = symbols
            .iter()
            .filter(|symbol| LINKED_CLASSES.iter().any(|start| symbol.starts_with(start)));
        found
            .extend(classes.map(|symbol| {
                format!("it does not start on a macOS without {symbol}: look the class up when it runs")
            }));
    }
    let unbound = demands.unbound.iter();
    found.extend(unbound.map(|symbol| format!("no library is named for {symbol}")));
    let paths = demands.search_paths.iter();
    found.extend(paths.map(|path| format!("it searches {path} for libraries")));
    match demands.minimum_macos.as_deref() {
        Some(MINIMUM_MACOS) => {}
        Some(other) => found.push(format!("it asks for macOS {other} instead of {MINIMUM_MACOS}")),
        None => found.push("it does not say which macOS it needs".to_owned()),
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::mach_o::tests::{executable, library, minimum};
    use super::*;

    /// macOS 13.0, packed.
    const THIRTEEN: u32 = 13 << 16;

    fn found(libraries: &[&str], symbols: &[(&str, u8)], packed: u32) -> Vec<String> {
        let mut commands: Vec<_> = libraries.iter().map(|name| library(name)).collect();
        commands.push(minimum(packed));
        breaches(&Demands::of(&executable(&commands, symbols)).unwrap())
    }

    #[test]
    fn libraries_of_the_system_are_fine() {
        let libraries = ["/usr/lib/libSystem.B.dylib", "/System/Library/Frameworks/A.framework/A"];
        let none: [String; 0] = [];
        assert_eq!(
            found(&libraries, &[("_read", 1), ("_OBJC_CLASS_$_NSObject", 2)], THIRTEEN),
            none
        );
    }

    #[test]
    fn what_is_not_on_every_mac_is_found() {
        let found = found(
            &[
                "@rpath/liba.dylib",
                "/opt/homebrew/lib/libb.dylib",
                "/usr/lib/libc.dylib",
            ],
            &[("_OBJC_CLASS_$_VZNewDevice", 3), ("_anything", 0xfe)],
            15 << 16,
        );
        for part in [
            "@rpath/liba.dylib",
            "/opt/homebrew",
            "VZNewDevice",
            "_anything",
            "macOS 15.0",
        ] {
            assert!(
                found.iter().any(|sentence| sentence.contains(part)),
                "{part}: {found:?}"
            );
        }
        assert_eq!(found.len(), 5, "{found:?}");
    }

    #[test]
    fn search_paths_and_a_missing_version_are_found() {
        let demands = Demands {
            search_paths: vec!["@loader_path/../lib".to_owned()],
            ..Demands::default()
        };
        assert_eq!(breaches(&demands).len(), 2);
    }
}
