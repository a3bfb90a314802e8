//! Every Rust file says at its head what it is for.

use super::Finding;
use super::tree::Tree;
use anyhow::Result;

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let headless = tree.rust().filter(|file| !has_head(&file.text)).map(|file| Finding {
        path: file.path.clone(),
        line: Some(1),
        message: "no `//!` head: say what the file is for".to_owned(),
    });
    Ok(headless.collect())
}

/// Is there a `//!` line before the first item? Inner attributes and blank lines may come first.
fn has_head(text: &str) -> bool {
    let mut in_attribute = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("//!") {
            return true;
        }
        in_attribute |= line.starts_with("#![");
        if in_attribute {
            in_attribute = !line.ends_with(']');
        } else if !line.is_empty() {
            return false;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_may_follow_attributes_and_nothing_else() {
        assert!(has_head("//! What.\n"));
        assert!(has_head(
            "#![allow(\n    clippy::panic,\n    reason = \"tests\"\n)]\n\n//! What.\n"
        ));
        assert!(!has_head("use std::fs;\n//! Late.\n"));
        assert!(!has_head("// no\nfn main() {}\n"));
        assert!(!has_head(""));
    }
}
