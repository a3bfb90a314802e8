//! The files that a document names exist, so that a page about the tree follows the tree.
//!
//! A path is a word in backquotes that begins with one of the folders of the checkout, or the target of a relative link. Of a path with a
//! placeholder (`crates/<crate>/src`) only the part before the placeholder is checked.

use super::Finding;
use super::tree::Tree;
use anyhow::Result;
use std::path::{Component, Path, PathBuf};

/// Folders with which a path in backquotes begins.
const FOLDERS: [&str; 9] = [
    ".ci",
    ".github",
    "crates",
    "docs",
    "guest",
    "kernel",
    "packaging",
    "tests",
    "xtask",
];
/// What a placeholder in a path contains.
const PLACEHOLDERS: [char; 3] = ['<', '*', '…'];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let documents = tree
        .files
        .iter()
        .filter(|file| file.path.extension().is_some_and(|extension| extension == "md"));
    for document in documents {
        let folder = document.path.parent().unwrap_or(Path::new(""));
        let mut in_code = false;
        for (index, line) in document.text.lines().enumerate() {
            if line.starts_with("```") {
                in_code = !in_code;
            }
            if in_code {
                continue;
            }
            let linked = links(line).map(|target| normal(&folder.join(target)));
            let missing = quoted_paths(line).chain(linked).filter(|path| !exists(tree, path));
            findings.extend(missing.map(|path| Finding {
                path: document.path.clone(),
                line: Some(index + 1),
                message: format!("there is no {}; name the file that is meant", path.display()),
            }));
        }
    }
    Ok(findings)
}

/// The paths in backquotes, up to their first placeholder.
fn quoted_paths(line: &str) -> impl Iterator<Item = PathBuf> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| {
        let (first, _) = text.split_once('/')?;
        let is_path = FOLDERS.contains(&first) && !text.contains(char::is_whitespace);
        is_path.then(|| {
            Path::new(text)
                .components()
                .take_while(|part| !part.as_os_str().to_string_lossy().contains(PLACEHOLDERS))
                .collect()
        })
    })
}

/// The targets of the links to files of the checkout, without fragments.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .filter_map(|(target, _)| target.split('#').next())
        .filter(|target| !target.is_empty() && !target.contains("://"))
}

/// The path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                normal.pop();
            }
            Component::CurDir => {}
            other => normal.push(other),
        }
    }
    normal
}

/// Whether the path is a file or a folder of the checkout. Generated files and test data are not in `tree`, so the disk is asked as well.
fn exists(tree: &Tree, path: &Path) -> bool {
    tree.files.iter().any(|file| file.path.starts_with(path))
        || (tree.root.is_absolute() && tree.root.join(path).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(text: &str) -> Vec<(Option<usize>, String)> {
        let tree = Tree::of(&[
            ("docs/page.md", text),
            ("docs/other.md", ""),
            ("crates/cli/src/main.rs", ""),
        ]);
        let findings = check(&tree).unwrap();
        findings
            .into_iter()
            .map(|finding| (finding.line, finding.message))
            .collect()
    }

    #[test]
    fn files_folders_and_placeholders_of_the_checkout_are_found() {
        let text = "`crates/cli/src/main.rs`, `crates/cli`, `crates/cli/src/<verb>.rs`, `crates/<crate>/src` and [other](other.md#part)";
        assert_eq!(missing(text), []);
    }

    #[test]
    fn a_path_that_does_not_exist_is_named_with_its_line() {
        assert_eq!(
            missing("# Page\n\nThe flag is in `crates/cli/src/flag.rs`, see [gone](../docs/gone.md)."),
            [
                (
                    Some(3),
                    "there is no crates/cli/src/flag.rs; name the file that is meant".to_owned()
                ),
                (
                    Some(3),
                    "there is no docs/gone.md; name the file that is meant".to_owned()
                ),
            ]
        );
        assert_eq!(missing("`crates/cli/tests/<topic>.rs`").len(), 1);
    }

    #[test]
    fn other_words_and_addresses_are_not_paths() {
        let text = "`kernel/<version>` may be `a/b`, `container/config.toml` or [a site](https://example.org/x)\n\
            ```\n`crates/none` in a block of code\n```\n[here](#part)";
        let tree = Tree::of(&[("docs/page.md", text), ("kernel/README.md", "")]);
        assert_eq!(check(&tree).unwrap(), []);
    }
}
