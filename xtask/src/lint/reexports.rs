//! A crate passes on no names of another one: who needs them names where they are defined, and layers.rs sees it.

use super::Finding;
use super::layers;
use super::rust_text;
use super::tree::{SourceFile, Tree};
use anyhow::Result;

/// What is passed on all the same: the folder, the path, and why.
const ALLOWED: [(&str, &str, &str); 3] = [
    (
        "crates/agent/",
        "container_agent_api::v1",
        "the messages are what its calls take and return",
    ),
    (
        "crates/image/",
        "container_ext4::BlockSize",
        "a field of the options with which disks are written",
    ),
    ("tests/e2e/", "container_fixtures", "one way in for the tests"),
];

pub(crate) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    Ok(tree.rust().flat_map(check_file).collect())
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let tokens = rust_text::without_tests(&rust_text::tokens(&file.text));
    let imports = rust_text::imports(&tokens);
    let foreign = |name: &str| layers::is_ours(name);
    // What was imported under a name and is passed on by that name.
    let origin = |path: &[String]| -> Option<Vec<String>> {
        let first = path.first()?;
        if foreign(first) {
            return Some(path.to_vec());
        }
        let first = path.iter().find(|segment| *segment != "self")?;
        let import = imports.iter().find(|import| {
            !import.is_public && import.name == *first && import.path.first().is_some_and(|name| foreign(name))
        })?;
        let below = path.iter().skip_while(|segment| *segment != first).skip(1);
        Some(import.path.iter().chain(below).cloned().collect())
    };
    imports
        .iter()
        .filter(|import| import.is_public)
        .filter_map(|import| {
            let path = origin(&import.path)?.join("::");
            let is_allowed = ALLOWED
                .iter()
                .any(|(folder, allowed, _)| file.path.starts_with(folder) && is_below(&path, allowed));
            (!is_allowed).then(|| Finding {
                path: file.path.clone(),
                line: Some(import.line),
                message: format!("{path} is passed on: those who need it name it where it is defined"),
            })
        })
        .collect()
}

fn is_below(path: &str, allowed: &str) -> bool {
    path.strip_prefix(allowed)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&Tree::of(&[(path, text)]))
            .unwrap()
            .into_iter()
            .filter_map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn names_of_other_crates_are_not_passed_on() {
        let path = "crates/engine/src/lib.rs";
        assert_eq!(lines(path, "pub use container_model as model;\n"), [1]);
        assert_eq!(
            lines(
                path,
                "pub use container_image::{\n    Lease,\n    ImageStore as Store,\n};\n"
            ),
            [2, 3]
        );
        assert_eq!(
            lines(path, "use container_image::Lease;\npub use Lease as Kept;\n"),
            [2]
        );
        assert_eq!(
            lines(path, "use container_launcher::control;\npub use self::control::v1;\n"),
            [2]
        );
    }

    #[test]
    fn own_names_and_names_for_the_own_crate_are_free() {
        let text =
            "pub use create::CreateRequest;\npub(crate) use container_image::Lease;\nuse container_state::AppPaths;\n";
        assert_eq!(lines("crates/engine/src/lib.rs", text), [0; 0]);
    }

    #[test]
    fn what_has_a_reason_is_allowed_where_it_has_it() {
        let text = "pub use container_agent_api::v1;\n";
        assert_eq!(lines("crates/agent/src/lib.rs", text), [0; 0]);
        assert_eq!(lines("crates/launcher/src/lib.rs", text), [1]);
        assert_eq!(
            lines(
                "tests/e2e/src/lib.rs",
                "pub use container_fixtures::{Answer, Server};\n"
            ),
            [0; 0]
        );
    }
}
