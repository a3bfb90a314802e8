//! The stubs of Apple's libraries in the tree: text files that name the symbols which we use, for a linker that has no Mac.

use crate::workspace;
use std::ffi::OsString;
use std::path::PathBuf;

/// Where they are, laid out as in Apple's kit.
pub(super) fn directory() -> PathBuf {
    workspace::root().join("packaging/macos/link-stubs")
}

/// The words that tell a linker where they are.
pub(super) fn search_words() -> Vec<OsString> {
    let directory = directory();
    vec![
        "-L".into(),
        directory.join("usr/lib").into(),
        "-F".into(),
        directory.join("System/Library/Frameworks").into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn stubs_have_the_names_that_linkers_look_for() {
        for library in [
            "usr/lib/libobjc.tbd",
            "System/Library/Frameworks/Virtualization.framework/Virtualization.tbd",
        ] {
            let text = fs::read_to_string(directory().join(library)).unwrap();
            assert!(
                text.starts_with("--- !tapi-tbd\n") && text.ends_with("...\n"),
                "{library}"
            );
            // A linked class keeps the program from starting on a macOS that lacks it.
            assert!(!text.contains("_OBJC_CLASS_$_VZ"), "{library}");
        }
        assert_eq!(search_words().len(), 4);
    }
}
