//! A Rust file above 600 lines has more than one purpose.

use super::Finding;
use super::tree::Tree;
use anyhow::Result;

/// Most lines a Rust file may have.
const LIMIT: usize = 600;

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let long = tree.rust().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > LIMIT).then(|| Finding {
            path: file.path.clone(),
            line: None,
            message: format!("{lines} lines, at most {LIMIT} are allowed: split it by noun"),
        })
    });
    Ok(long.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_hundred_lines_pass_and_one_more_does_not() {
        let right = "x\n".repeat(LIMIT);
        let wrong = "x\n".repeat(LIMIT + 1);
        let tree = Tree::of(&[("right.rs", &right), ("wrong.rs", &wrong), ("long.md", &wrong)]);
        let findings = check(&tree).unwrap();
        assert_eq!(
            findings
                .iter()
                .map(|finding| finding.path.to_str().unwrap())
                .collect::<Vec<_>>(),
            ["wrong.rs"]
        );
    }
}
