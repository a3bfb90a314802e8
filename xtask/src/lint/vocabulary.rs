//! Front ends speak the words of everybody and those of the engine: which crates they may name, and of some only which words.

use super::Finding;
use super::layers;
use super::rust_text::{self, Token};
use super::tree::{SourceFile, Tree};
use anyhow::Result;

/// What `container-oci` has for everybody: what an image, a platform or a registry is called, and why a text is no such name. The
/// documents and formats are for those who read and write images.
pub(super) const OCI_WORDS: [&str; 8] = [
    "Digest",
    "DigestError",
    "Platform",
    "PlatformError",
    "Reference",
    "ReferenceError",
    "RegistryHost",
    "RegistryHostError",
];

/// A crate that may be named; `None` stands for all of its words.
type Vocabulary = (&'static str, Option<&'static [&'static str]>);

/// Front ends, and what they may name of our crates.
const FRONT_ENDS: [(&str, &[Vocabulary]); 1] = [(
    "crates/cli/",
    &[
        ("container_build", None),
        // The program is the library of its own crate.
        ("container_cli", None),
        ("container_engine", None),
        ("container_go_template", None),
        ("container_model", None),
        ("container_oci", Some(&OCI_WORDS)),
        ("container_terminal", None),
    ],
)];

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (folder, vocabulary) in FRONT_ENDS {
        let files = tree.rust().filter(|file| file.path.starts_with(folder));
        findings.extend(files.flat_map(|file| check_file(file, vocabulary)));
    }
    Ok(findings)
}

fn check_file(file: &SourceFile, vocabulary: &[Vocabulary]) -> Vec<Finding> {
    let tokens = rust_text::tokens(&file.text);
    let imported = rust_text::imports(&tokens).into_iter().map(|import| {
        let word = import.path.get(1).cloned();
        (import.line, import.path.into_iter().next().unwrap_or_default(), word)
    });
    let named: Vec<_> = imported.chain(paths(&tokens)).collect();
    let mut findings: Vec<Finding> = named
        .into_iter()
        .filter_map(|(line, name, word)| {
            let message = refusal(&name, word.as_deref(), vocabulary)?;
            let (path, line) = (file.path.clone(), Some(line));
            Some(Finding { path, line, message })
        })
        .collect();
    findings.dedup();
    findings
}

/// The paths that begin with one of our crates, with the word after it unless that is in braces, which an import has.
fn paths(tokens: &[Token]) -> impl Iterator<Item = (usize, String, Option<String>)> {
    tokens.windows(3).filter_map(|window| match window {
        [first, colons, word] if colons.is("::") && !word.is("{") && layers::is_ours(&first.text) => {
            Some((first.line, first.text.clone(), Some(word.text.clone())))
        }
        _ => None,
    })
}

/// Why a name may not stand here, if it may not.
fn refusal(name: &str, word: Option<&str>, vocabulary: &[Vocabulary]) -> Option<String> {
    if !layers::is_ours(name) {
        return None;
    }
    match vocabulary.iter().find(|(known, _)| *known == name) {
        None => Some(format!(
            "a front end does not name {name}: what it needs of it is a type of the engine's own"
        )),
        Some((_, None)) => None,
        Some((_, Some(words))) => {
            let is_known = word.is_some_and(|word| words.contains(&word));
            (!is_known).then(|| {
                let word = word.unwrap_or("everything");
                format!(
                    "a front end does not name {name}::{word}: of {name} it has only {}",
                    words.join(", ")
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        check(&Tree::of(&[("crates/cli/src/a.rs", text)]))
            .unwrap()
            .into_iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn the_words_of_everybody_are_free() {
        let text = "use container_engine::{Engine, ImageError};\nuse container_model::*;\nuse container_oci::{Digest, Reference};\n\
                    use container_terminal::Progress;\nfn a(b: container_oci::Platform) { container_json(); }\n";
        assert_eq!(lines(text), [0; 0]);
    }

    #[test]
    fn other_words_and_other_crates_are_refused_wherever_they_stand() {
        assert_eq!(lines("use container_oci::{\n    Digest,\n    Manifest,\n};\n"), [3]);
        assert_eq!(lines("use container_oci::*;\n"), [1]);
        assert_eq!(lines("use container_oci as oci;\n"), [1]);
        assert_eq!(lines("\nfn a(b: container_oci::Manifest) {}\n"), [2]);
        assert_eq!(lines("use container_image::ImageStore;\n"), [1]);
        assert_eq!(lines("use container_hypervisor_qemu::QemuHypervisor;\n"), [1]);
        assert_eq!(
            lines("#[cfg(test)]\nmod tests {\n    use container_state::AppPaths;\n}\n"),
            [3]
        );
    }

    #[test]
    fn comments_and_texts_may_say_what_they_like() {
        assert_eq!(
            lines("// container_image::ImageStore\nconst A: &str = \"container_image::x\";\n"),
            [0; 0]
        );
    }

    #[test]
    fn others_may_name_what_their_layer_allows() {
        let text = "use container_image::ImageStore;\n";
        assert_eq!(check(&Tree::of(&[("crates/engine/src/a.rs", text)])).unwrap(), []);
    }
}
