//! Which kernel image suits which accelerator.

use std::path::{Path, PathBuf};

use crate::Accelerator;

/// Kernel images in order of preference. The emulated variant lacks what only real hardware needs; either one boots
/// under both.
fn names(accelerator: Accelerator) -> [String; 2] {
    let architecture = std::env::consts::ARCH;
    let standard = format!("vmlinux-{architecture}");
    let emulated = format!("vmlinux-{architecture}-emulated");
    match accelerator {
        Accelerator::Kvm => [standard, emulated],
        Accelerator::Tcg => [emulated, standard],
    }
}

/// The best kernel in `directories`; where there is none, the path at which one was expected first.
pub(crate) fn find(directories: &[PathBuf], accelerator: Accelerator) -> PathBuf {
    let names = names(accelerator);
    let mut paths = names
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)));
    let expected = || {
        directories
            .first()
            .map_or(Path::new(""), PathBuf::as_path)
            .join(&names[0])
    };
    paths.find(|path| path.exists()).unwrap_or_else(expected)
}

/// Whether the image at `path` is the emulated variant, which is told the rate of its interrupt timer instead of
/// measuring it.
pub(crate) fn is_emulated_variant(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with("-emulated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variant_for_the_accelerator_comes_first_and_the_other_one_next() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (root.path().join("a"), root.path().join("b"));
        let directories = [first.clone(), second.clone()];
        let [standard, emulated] = names(Accelerator::Kvm);
        std::fs::create_dir_all(&first).unwrap();
        std::fs::create_dir_all(&second).unwrap();
        assert_eq!(
            find(&directories, Accelerator::Tcg),
            first.join(&emulated),
            "none there"
        );
        std::fs::write(first.join(&standard), "").unwrap();
        assert_eq!(find(&directories, Accelerator::Tcg), first.join(&standard));
        std::fs::write(second.join(&emulated), "").unwrap();
        assert_eq!(find(&directories, Accelerator::Tcg), second.join(&emulated));
        assert_eq!(find(&directories, Accelerator::Kvm), first.join(&standard));
    }
}
