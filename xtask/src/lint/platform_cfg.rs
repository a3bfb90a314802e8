//! What differs from one operating system to the next is at the product's edges, in files that are named here with the reason: so a reader of
//! any other file knows that it is the same everywhere, and that tests on one system say something about the other.
//!
//! A test file may be for one system as a whole, and says so at its head.

use super::Finding;
use super::rust_text::{Token, group_length, starts_with, tokens};
use super::tree::{SourceFile, Tree};
use anyhow::Result;
use std::path::Path;

/// The files, and folders (with `/` at the end), that may ask for the system, and why.
const PLACES: [(&str, &str); 20] = [
    (
        "crates/cli/src/session/signals.rs",
        "a test compares with the numbers of Linux's signals",
    ),
    (
        "crates/credentials/src/keyring.rs",
        "the Keychain or the Secret Service",
    ),
    (
        "crates/durable/src/",
        "syncing, clones of files, holes and files without a name are other calls on each system",
    ),
    (
        "crates/engine/src/autostart/host.rs",
        "systemd or launchd starts programs with the host",
    ),
    (
        "crates/hypervisor-qemu/src/",
        "how QEMU is confined, started and accelerated is the system's",
    ),
    (
        "crates/hypervisor-qemu/tests/captive/program.rs",
        "what it tries are calls of Linux",
    ),
    (
        "crates/hypervisor-vz/src/",
        "Virtualization.framework is macOS's, and what stands in for it in tests raises no exceptions",
    ),
    (
        "crates/launcher/src/execute.rs",
        "limits and scheduling of the launcher's process",
    ),
    (
        "crates/network/src/process/port_holder.rs",
        "another command lists the holders of ports",
    ),
    (
        "crates/shares/src/lib.rs",
        "the file server answers QEMU over vhost-user, which is for Linux",
    ),
    (
        "crates/state/src/platform.rs",
        "where a user's files are, and how long the path of a socket may be",
    ),
    (
        "crates/stream/src/",
        "vsock is a kind of socket on Linux and part of the framework on macOS",
    ),
    ("guest/files-load/src/main.rs", "the guest is Linux"),
    (
        "tests/e2e/src/bin/posix_cases/main.rs",
        "its cases are about Linux, in whose containers it runs",
    ),
    (
        "crates/tree/src/extract/node.rs",
        "device nodes and fifos are made by other calls on each system",
    ),
    ("guest/peer/src/main.rs", "the guest is Linux"),
    ("guest/vminitd/src/main.rs", "the guest is Linux"),
    ("guest/workload/src/lib.rs", "the guest is Linux"),
    (
        "tests/e2e/src/host_system.rs",
        "terminals and lists of processes are had differently",
    ),
    (
        "xtask/src/",
        "what a task installs, builds and signs depends on the host",
    ),
];

/// Words that ask for the system in a condition. `unix` and `windows` stand alone, the others before `=`.
const WORDS: [&str; 6] = [
    "target_os",
    "target_vendor",
    "target_family",
    "target_env",
    "unix",
    "windows",
];
/// What begins a condition.
const CONDITIONS: [&[&str]; 4] = [
    &["cfg", "("],
    &["cfg_attr", "("],
    &["cfg", "!", "("],
    &["cfg_select", "!", "{"],
];

pub(super) fn check(tree: &Tree) -> Result<Vec<Finding>> {
    let mut findings: Vec<Finding> = tree
        .rust()
        .filter(|file| place(&file.path).is_none())
        .flat_map(check_file)
        .collect();
    findings.extend(
        PLACES
            .iter()
            .filter(|(place, _)| is_idle(tree, place))
            .map(|(place, _)| Finding {
                path: Path::new(place).to_owned(),
                line: None,
                message:
                    "asks for no operating system any more: take it out of the list in xtask/src/lint/platform_cfg.rs"
                        .to_owned(),
            }),
    );
    Ok(findings)
}

/// The entry of the list that `path` belongs to.
fn place(path: &Path) -> Option<&'static str> {
    PLACES
        .iter()
        .map(|(place, _)| *place)
        .find(|place| path == Path::new(place) || (place.ends_with('/') && path.starts_with(place)))
}

/// Whether the files of an entry are there and ask for nothing.
fn is_idle(tree: &Tree, entry: &str) -> bool {
    let mut files = tree.rust().filter(|file| place(&file.path) == Some(entry)).peekable();
    files.peek().is_some() && files.all(|file| questions(&file.text).is_empty())
}

fn check_file(file: &SourceFile) -> Vec<Finding> {
    let is_test = file.path.components().any(|part| part.as_os_str() == "tests");
    let mut questions = questions(&file.text);
    if is_test {
        questions.retain(|question| !question.is_for_whole_file);
    }
    let finding = |question: Question| Finding {
        path: file.path.clone(),
        line: Some(question.line),
        message: format!(
            "asks for the operating system (`{}`). Let another file answer, one that xtask/src/lint/platform_cfg.rs names, or name this one there with \
             the reason; a test file may only be for one system as a whole (`#![cfg(…)]`)",
            question.word
        ),
    };
    questions.into_iter().map(finding).collect()
}

/// A condition on the operating system.
struct Question {
    line: usize,
    word: String,
    /// Is it `#![cfg(…)]`?
    is_for_whole_file: bool,
}

fn questions(text: &str) -> Vec<Question> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let rest = tokens.get(index..).unwrap_or_default();
        let Some(condition) = CONDITIONS.iter().find(|condition| starts_with(rest, condition)) else {
            continue;
        };
        let group = rest.get(condition.len() - 1..).unwrap_or_default();
        let group = group.get(..extent(condition, group)).unwrap_or_default();
        found.extend(asked(group).map(|word| Question {
            line: token.line,
            word: word.text.clone(),
            is_for_whole_file: token.is("cfg") && is_inner(&tokens, index),
        }));
    }
    found
}

/// How many tokens of `group` belong to the condition: all, or of `cfg_attr` those before the attribute.
fn extent(condition: &[&str], group: &[Token]) -> usize {
    let whole = group_length(group);
    if condition.first() != Some(&"cfg_attr") {
        return whole;
    }
    let mut index = 1;
    while let Some(token) = group.get(index).filter(|token| index < whole && !token.is(",")) {
        index += match token.text.as_str() {
            "(" => group_length(group.get(index..).unwrap_or_default()),
            _ => 1,
        };
    }
    index
}

/// The first word in a condition that asks for the system.
fn asked(group: &[Token]) -> impl Iterator<Item = &Token> {
    group
        .iter()
        .filter(|token| WORDS.contains(&token.text.as_str()))
        .take(1)
}

/// Whether the attribute whose name stands at `index` is for what it stands in, `#![…]`, and not for what follows.
fn is_inner(tokens: &[Token], index: usize) -> bool {
    index
        .checked_sub(3)
        .and_then(|start| tokens.get(start..index))
        .is_some_and(|before| starts_with(before, &["#", "!", "["]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check_file(&SourceFile {
            path: path.into(),
            text: text.to_owned(),
        })
        .into_iter()
        .map(|finding| (finding.line.unwrap(), finding.message))
        .collect()
    }

    fn lines(path: &str, text: &str) -> Vec<usize> {
        found(path, text).into_iter().map(|(line, _)| line).collect()
    }

    #[test]
    fn every_way_to_ask_for_the_system_is_found() {
        let text = "#[cfg(target_os = \"linux\")]\nfn a() {}\n#[cfg(not(any(unix, test)))]\nfn b() {\n    if cfg!(target_vendor = \"apple\") {}\n}\n\
                    #[cfg_attr(all(test, windows), allow(dead_code))]\nfn c() {\n    cfg_select! { target_family = \"unix\" => {} _ => {} }\n}\n";
        assert_eq!(lines("crates/a/src/lib.rs", text), [1, 3, 5, 7, 9]);
        assert!(
            found("a.rs", text)
                .iter()
                .any(|(_, message)| message.contains("`target_vendor`"))
        );
    }

    #[test]
    fn other_conditions_and_names_are_none() {
        let text = "#[cfg(test)]\nuse std::os::unix::net::UnixStream;\n// cfg(unix)\nconst A: &str = \"cfg(target_os)\";\n\
                    #[cfg_attr(test, doc(unix))]\n#[cfg(target_arch = \"aarch64\")]\nfn windows(unix: u8) {}\n";
        assert_eq!(lines("crates/a/src/lib.rs", text), [0; 0]);
    }

    #[test]
    fn a_test_file_may_be_for_one_system_as_a_whole() {
        let text = "//! Why.\n#![cfg(target_os = \"linux\")]\n#[test]\nfn a() {}\n#[cfg(unix)]\n#[test]\nfn b() {}\n";
        assert_eq!(lines("crates/a/tests/b.rs", text), [5]);
        assert_eq!(lines("crates/a/src/lib.rs", text), [2, 5]);
    }

    #[test]
    fn places_on_the_list_may_ask_and_leave_it_when_they_stop() {
        let asking = "#[cfg(target_os = \"linux\")]\nmod vsock;\n";
        let tree = |text| Tree::of(&[("crates/stream/src/lib.rs", text), ("crates/stream/src/connect.rs", "")]);
        assert!(check(&tree(asking)).unwrap().is_empty());
        let idle = check(&tree("mod vsock;\n")).unwrap();
        assert_eq!(idle.len(), 1);
        assert!(
            idle.iter()
                .all(|finding| finding.path == Path::new("crates/stream/src/"))
        );
    }
}
