//! The files of the checkout that rules look at.

use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that hold our files.
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

/// One file with its text.
#[derive(Debug)]
pub(crate) struct SourceFile {
    /// Path relative to the root.
    pub(crate) path: PathBuf,
    /// The content.
    pub(crate) text: String,
}

impl SourceFile {
    /// Is it Rust?
    pub(crate) fn is_rust(&self) -> bool {
        self.path.extension().is_some_and(|extension| extension == "rs")
    }
}

/// All text files of the checkout, without build output, test data and generated code.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Root of the checkout.
    pub(crate) root: PathBuf,
    /// The files, sorted by path.
    pub(crate) files: Vec<SourceFile>,
}

impl Tree {
    /// Reads the tree below `root`.
    ///
    /// # Errors
    /// When a directory or file cannot be read.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for folder in FOLDERS {
            let folder = root.join(folder);
            if folder.is_dir() {
                read_folder(root, &folder, &mut files)?;
            }
        }
        files.sort_by(|left, right| left.path.cmp(&right.path));
        Ok(Self {
            root: root.to_owned(),
            files,
        })
    }

    /// A tree for tests of rules: no root, these files.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: PathBuf::from(path),
                text: (*text).to_owned(),
            })
            .collect();
        Self {
            root: PathBuf::new(),
            files,
        }
    }

    /// The Rust files.
    pub(crate) fn rust(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter().filter(|file| file.is_rust())
    }
}

fn read_folder(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let path = entry.path();
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if !["target", "generated", "fixtures", "proptest-regressions"]
                .iter()
                .any(|skipped| name == *skipped)
            {
                read_folder(root, &path, files)?;
            }
            continue;
        }
        // Binary files are nobody's source.
        if let Ok(text) = String::from_utf8(fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?)
        {
            files.push(SourceFile {
                path: path.strip_prefix(root)?.to_owned(),
                text,
            });
        }
    }
    Ok(())
}
