//! The forms of addresses of repositories.

use proptest::prelude::*;

use super::*;

fn address(text: &str) -> GitAddress {
    GitAddress::parse(text).unwrap().unwrap()
}

#[test]
fn a_fragment_names_a_version_and_a_directory() {
    for (text, remote, reference, subdirectory) in [
        ("https://h/a.git", "https://h/a.git", None, ""),
        ("https://h/a.git#", "https://h/a.git", None, ""),
        ("https://h/a.git#main", "https://h/a.git", Some("main"), ""),
        ("https://h/a.git#:dir", "https://h/a.git", None, "dir"),
        ("https://h/a.git#v1:/d/./e/", "https://h/a.git", Some("v1"), "d/e"),
        ("git@h:a/b.git#x/y:z", "git@h:a/b.git", Some("x/y"), "z"),
        ("ssh://git@h:22/a#1%2E0", "ssh://git@h:22/a", Some("1.0"), ""),
    ] {
        let address = address(text);
        assert_eq!(
            (
                address.remote.as_str(),
                address.reference.as_deref(),
                address.subdirectory.as_str()
            ),
            (remote, reference, subdirectory),
            "{text}"
        );
    }
}

#[test]
fn a_query_says_the_same_in_words() {
    let full = address("https://h/a.git?branch=main&subdir=d%2Fe&keep-git-dir=1&submodules=false&commit=abc123");
    assert_eq!(full.remote, "https://h/a.git");
    assert_eq!(full.reference.as_deref(), Some("refs/heads/main"));
    assert_eq!(full.subdirectory, "d/e");
    assert_eq!(full.checksum.as_deref(), Some("abc123"));
    assert_eq!(full.keeps_git_dir, Some(true));
    assert!(full.skips_submodules);
    assert_eq!(
        address("https://h/a.git?tag=v1").reference.as_deref(),
        Some("refs/tags/v1")
    );
    assert_eq!(
        address("https://h/a.git?ref=pull/42/head").reference.as_deref(),
        Some("pull/42/head")
    );
    assert_eq!(address("https://h/a.git?keep-git-dir").keeps_git_dir, Some(true));
    assert_eq!(
        address("https://h/a.git?commit=0123456789").reference.as_deref(),
        Some("0123456789")
    );
    // Both may say the same.
    assert_eq!(address("https://h/a.git?ref=v1#v1").reference.as_deref(), Some("v1"));
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (text, expected) in [
        ("https://h/a.git?what=x", "unexpected query \"what\""),
        (
            "https://h/a.git?ref=",
            "\"ref\" in the address of a Git repository has the value \"\"",
        ),
        ("https://h/a.git?ref=a#b", "names both \"b\" and \"a\""),
        ("https://h/a.git?tag=a&branch=a", "names both"),
        ("https://h/a.git?keep-git-dir=2", "true or false is needed"),
        ("https://h/a.git#--upload-pack=x", "no name of a branch"),
        ("https://h/a.git#a..b", "no name of a branch"),
        ("https://h/a.git#main:../x", "leads out of the repository"),
        ("ssh://-oProxyCommand=x/a", "names no host"),
        ("git://me@-x/a", "names no host"),
        ("https://h/a b.git", "blanks"),
    ] {
        let error = GitAddress::parse(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
}

#[test]
fn what_looks_like_an_option_is_no_address() {
    for text in ["-a@host:x", "git@-oProxyCommand=x:y", "git@host:"] {
        assert_eq!(GitAddress::parse(text).unwrap(), None, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_address_a_path_or_an_error(text in "(https://h/a.git|git@h:a|ssh://h/a)?[-#?&=:/.a-z%@]{0,20}") {
        if let Ok(Some(address)) = GitAddress::parse(&text) {
            prop_assert!(!address.remote.starts_with('-'));
            prop_assert!(address.reference.is_none_or(|name| !name.starts_with('-')));
            prop_assert!(!address.subdirectory.split('/').any(|name| name == ".."));
        }
    }
}
