//! The libraries of macOS and the symbols in them that the program may use, one list for each target, in the tree.
//!
//! So a change that makes the program need something new of the system shows in a review: a symbol that an older macOS lacks keeps the program
//! from starting there, and no test on Linux can notice.

use super::mach_o::Demands;
use super::target::Target;
use crate::workspace;
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Symbols by the install name of their library.
type Imports = BTreeMap<String, BTreeSet<String>>;

/// What the head of each list says.
const HEAD: &str = "\
# The libraries of macOS that the program is linked with, each with the symbols that it takes from it.
# `cargo xtask mac link --update` writes this list. Before a new symbol goes in: macOS 13 must have it.
";

/// How the demands of a program differ from the list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// What is not allowed, one library or symbol each.
    pub(super) added: Vec<String>,
    /// What is allowed and no longer needed.
    pub(super) gone: Vec<String>,
}

/// Where the list for `target` is.
pub(super) fn path(target: Target) -> PathBuf {
    workspace::root().join(format!("packaging/macos/imports/{}.txt", target.triple()))
}

/// Compares with the list in the tree.
///
/// # Errors
/// When the list cannot be read.
pub(super) fn compare(target: Target, demands: &Demands) -> Result<Difference> {
    let path = path(target);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let allowed = parse(&text).with_context(|| format!("in {}", path.display()))?;
    Ok(difference(&allowed, &demands.imports))
}

/// Replaces the list in the tree.
///
/// # Errors
/// When it cannot be written.
pub(super) fn update(target: Target, demands: &Demands) -> Result<()> {
    let path = path(target);
    fs::write(&path, format(&demands.imports)).with_context(|| format!("cannot write {}", path.display()))
}

fn difference(allowed: &Imports, needed: &Imports) -> Difference {
    Difference {
        added: beyond(allowed, needed),
        gone: beyond(needed, allowed),
    }
}

/// What `other` has and `list` has not.
fn beyond(list: &Imports, other: &Imports) -> Vec<String> {
    let nothing = BTreeSet::new();
    let mut found = Vec::new();
    for (library, symbols) in other {
        if !list.contains_key(library) {
            found.push(library.clone());
        }
        let known = list.get(library).unwrap_or(&nothing);
        found.extend(symbols.difference(known).map(|symbol| format!("{library}: {symbol}")));
    }
    found
}

/// Reads a list: a library at the beginning of a line, its symbols indented below it, `#` before a remark.
fn parse(text: &str) -> Result<Imports> {
    let mut imports = Imports::new();
    let mut library = None;
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        if let Some(symbol) = line.strip_prefix("  ") {
            let Some(symbols) = library.as_ref().and_then(|library| imports.get_mut(library)) else {
                bail!("`{symbol}` stands before any library");
            };
            symbols.insert(symbol.trim().to_owned());
        } else {
            imports.entry(line.to_owned()).or_default();
            library = Some(line.to_owned());
        }
    }
    Ok(imports)
}

fn format(imports: &Imports) -> String {
    imports.iter().fold(HEAD.to_owned(), |mut text, (library, symbols)| {
        let _ = write!(text, "\n{library}\n");
        for symbol in symbols {
            let _ = writeln!(text, "  {symbol}");
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn imports(list: &[(&str, &[&str])]) -> Imports {
        list.iter()
            .map(|(library, symbols)| {
                let symbols = symbols.iter().map(|symbol| (*symbol).to_owned()).collect();
                ((*library).to_owned(), symbols)
            })
            .collect()
    }

    #[test]
    fn a_list_reads_back_as_it_was_written() {
        let written = imports(&[("/usr/lib/a.dylib", &["_b", "_c$INODE64"]), ("/usr/lib/d.dylib", &[])]);
        let text = format(&written);
        assert!(text.starts_with("# The libraries"), "{text}");
        assert_eq!(parse(&text).unwrap(), written);
        assert!(parse("  _symbol\n").is_err());
    }

    #[test]
    fn new_symbols_and_libraries_are_told_from_those_that_went() {
        let allowed = imports(&[("a", &["_old", "_same"]), ("gone", &[])]);
        let needed = imports(&[("a", &["_new", "_same"]), ("come", &["_x"])]);
        assert_eq!(
            difference(&allowed, &needed),
            Difference {
                added: vec!["a: _new".to_owned(), "come".to_owned(), "come: _x".to_owned()],
                gone: vec!["a: _old".to_owned(), "gone".to_owned()],
            }
        );
        assert_eq!(difference(&allowed, &allowed), Difference::default());
    }

    #[test]
    fn the_lists_in_the_tree_can_be_read() {
        for target in Target::ALL {
            let text = fs::read_to_string(path(target)).unwrap();
            let list = parse(&text).unwrap();
            assert!(
                list.contains_key("/usr/lib/libSystem.B.dylib"),
                "{}",
                path(target).display()
            );
            assert_eq!(
                format(&list),
                text,
                "{}: write it with --update",
                path(target).display()
            );
        }
    }
}
