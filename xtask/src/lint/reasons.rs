//! A test that is not run and a lint that is switched off each say why.

use super::Finding;
use super::tree::{SourceFile, Tree};
use anyhow::Result;

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    Ok(tree.rust().flat_map(check_file).collect())
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let lines: Vec<&str> = file.text.lines().collect();
    let mut findings = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let start = line.trim_start();
        let attribute = start.strip_prefix("#![").or_else(|| start.strip_prefix("#["));
        let Some(attribute) = attribute else { continue };
        let silent = if attribute.starts_with("ignore]") {
            Some("#[ignore] without a reason: write #[ignore = \"…\"]")
        } else if attribute.starts_with("allow(") || attribute.starts_with("expect(") {
            let whole = whole_attribute(lines.get(index..).unwrap_or_default());
            (!whole.contains("reason")).then_some("a lint is switched off without `reason = \"…\"`")
        } else {
            None
        };
        findings.extend(silent.map(|message| Finding {
            path: file.path.clone(),
            line: Some(index + 1),
            message: message.to_owned(),
        }));
    }
    findings
}

/// The attribute that starts in the first of `lines`, which may go over several.
fn whole_attribute(lines: &[&str]) -> String {
    let end = lines.iter().position(|line| line.contains(")]")).unwrap_or(0);
    lines.get(..=end).unwrap_or_default().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("a.rs", text)]))
            .unwrap()
            .into_iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn silence_needs_a_reason() {
        assert_eq!(
            lines("#[ignore]\nfn a() {}\n\n#[allow(dead_code)]\nfn b() {}\n"),
            [1, 4]
        );
        assert_eq!(
            lines("#[ignore = \"needs KVM\"]\n#[allow(dead_code, reason = \"shown in the debug form\")]\n"),
            [0; 0]
        );
    }

    #[test]
    fn an_attribute_over_several_lines_is_read_whole() {
        assert_eq!(
            lines("#![allow(\n    clippy::panic,\n    reason = \"tests\"\n)]\n"),
            [0; 0]
        );
        assert_eq!(lines("#![expect(\n    unsafe_code,\n)]\n// no reason\n"), [1]);
    }
}
