//! Names that say nothing about what is inside become catch-alls.

use super::Finding;
use super::tree::Tree;
use anyhow::Result;
use std::path::Path;

/// Names that no file or folder has, with or without a plural s.
const FORBIDDEN: [&str; 7] = ["util", "common", "helper", "manager", "misc", "inner", "imp"];

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let found = tree.files.iter().filter_map(|file| {
        let name = forbidden(&file.path)?;
        Some(Finding {
            path: file.path.clone(),
            line: None,
            message: format!("`{name}` says nothing: name it for what is inside"),
        })
    });
    Ok(found.collect())
}

fn forbidden(path: &Path) -> Option<&str> {
    path.components()
        .filter_map(|component| component.as_os_str().to_str())
        .find(|name| {
            let stem = name.split('.').next().unwrap_or(name);
            FORBIDDEN.contains(&stem)
                || stem
                    .strip_suffix('s')
                    .is_some_and(|singular| FORBIDDEN.contains(&singular))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_names_are_found_in_every_component() {
        let tree = Tree::of(&[
            ("crates/a/src/utils.rs", ""),
            ("crates/common/src/lib.rs", ""),
            ("crates/a/src/manager/x.rs", ""),
            ("crates/a/src/utility.rs", ""),
            ("crates/a/src/import.rs", ""),
        ]);
        let found: Vec<_> = check(&tree)
            .unwrap()
            .into_iter()
            .map(|finding| finding.path.display().to_string())
            .collect();
        assert_eq!(
            found,
            [
                "crates/a/src/utils.rs",
                "crates/common/src/lib.rs",
                "crates/a/src/manager/x.rs"
            ]
        );
    }
}
