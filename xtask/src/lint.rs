//! `cargo xtask lint`: the rules of this repository that no compiler knows. One file per rule.

mod circles;
mod document_paths;
mod engine_surface;
mod file_length;
mod layers;
mod licences;
mod module_head;
mod names;
mod platform_cfg;
mod reasons;
mod reexports;
mod rust_text;
mod shared_lints;
mod spdx;
mod tree;
mod vocabulary;

use crate::progress::say;
use anyhow::{Result, bail};
use std::fmt;
use std::path::PathBuf;
use tree::Tree;

/// Options of `cargo xtask lint`.
#[derive(clap::Args)]
pub(crate) struct Arguments {}

/// Something that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The file, relative to the root of the checkout.
    pub(crate) path: PathBuf,
    /// The line, if it is about one.
    pub(crate) line: Option<usize>,
    /// What is wrong and what to do.
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}", self.path.display(), self.message),
            None => write!(formatter, "{}: {}", self.path.display(), self.message),
        }
    }
}

/// What looks for breaches of one rule.
type Rule = fn(&Tree) -> Result<Vec<Finding>>;

/// Checks every rule and prints what breaks one.
///
/// # Errors
/// When something does, or the tree cannot be read.
pub(crate) fn run(_arguments: &Arguments) -> Result<()> {
    let tree = Tree::read(crate::workspace::root())?;
    let rules: [(&str, Rule); 13] = [
        ("file length", file_length::check),
        ("names", names::check),
        ("module heads", module_head::check),
        ("reasons", reasons::check),
        ("layers", layers::check),
        ("words of front ends", vocabulary::check),
        ("names passed on", reexports::check),
        ("surface of the engine", engine_surface::check),
        ("circles of modules", circles::check),
        ("operating systems", platform_cfg::check),
        ("shared lints", shared_lints::check),
        ("paths in documents", document_paths::check),
        ("licences and sources", licences::check),
    ];
    let mut count = 0;
    for (name, rule) in rules {
        let findings = rule(&tree)?;
        say(format_args!(
            "lint: {name}: {}",
            if findings.is_empty() {
                "ok".to_owned()
            } else {
                format!("{} found", findings.len())
            }
        ));
        for finding in &findings {
            println!("{finding}");
        }
        count += findings.len();
    }
    if count > 0 {
        bail!("{count} findings");
    }
    Ok(())
}
