//! Every member of the workspace takes the lints that its root lists, the layout of modules among them.

use super::Finding;
use super::tree::Tree;
use anyhow::{Context, Result};

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for manifest in tree.files.iter().filter(|file| file.path.ends_with("Cargo.toml")) {
        let table: toml::Table = manifest
            .text
            .parse()
            .with_context(|| format!("in {}", manifest.path.display()))?;
        let takes_them = table
            .get("lints")
            .and_then(|lints| lints.get("workspace"))
            .and_then(toml::Value::as_bool)
            .unwrap_or(false);
        // A workspace of its own is no member of this one.
        if !takes_them && !table.contains_key("workspace") {
            findings.push(Finding {
                path: manifest.path.clone(),
                line: None,
                message: "without the lints of the workspace: write `[lints]` with `workspace = true`".to_owned(),
            });
        }
    }
    Ok(findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_without_the_lints_is_found() {
        let tree = Tree::of(&[
            (
                "crates/with/Cargo.toml",
                "[package]\nname = \"a\"\n[lints]\nworkspace = true\n",
            ),
            ("crates/without/Cargo.toml", "[package]\nname = \"b\"\n"),
            (
                "crates/off/Cargo.toml",
                "[package]\nname = \"c\"\n[lints]\nworkspace = false\n",
            ),
            ("crates/own/Cargo.toml", "[lints.rust]\nmissing_docs = \"warn\"\n"),
            ("tests/apart/Cargo.toml", "[workspace]\n[package]\nname = \"d\"\n"),
        ]);
        let found: Vec<_> = check(&tree)
            .unwrap()
            .into_iter()
            .map(|finding| finding.path.display().to_string())
            .collect();
        assert_eq!(
            found,
            [
                "crates/without/Cargo.toml",
                "crates/off/Cargo.toml",
                "crates/own/Cargo.toml"
            ]
        );
    }
}
