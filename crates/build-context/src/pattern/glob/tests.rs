//! The cases that the documentation of Go's `filepath.Match` speaks of, and those in which matchers differ.

use proptest::prelude::*;

use super::*;

fn matches(pattern: &str, name: &str) -> bool {
    Glob::parse(pattern.as_bytes()).unwrap().matches(name.as_bytes())
}

#[test]
fn stars_and_question_marks_take_no_slash() {
    for (pattern, name) in [
        ("abc", "abc"),
        ("*", "abc"),
        ("*c", "abc"),
        ("a*", "a"),
        ("a*/b", "abc/b"),
        ("a*b*c*d*e*/f", "axbxcxdxe/f"),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f"),
        ("a*b?c*x", "abxbbxdbxebxczzx"),
        ("**", "abc"),
        ("**/x", "a/x"),
        ("a?b", "a☺b"),
        ("*x", "xxx"),
        ("", ""),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("*", "ab/c"),
        ("a*", "ab/c"),
        ("a*/b", "a/c/b"),
        ("a*b*c*d*e*/f", "axbxcxdxe/xxx/f"),
        ("a*b?c*x", "abxbbxdbxebxczzy"),
        ("**/x", "a/b/x"),
        ("**/x", "x"),
        ("a?b", "a/b"),
        ("a??b", "a☺b"),
        ("a", "ab"),
        ("", "a"),
    ] {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn classes_have_ranges_and_escapes_and_take_slashes_where_they_say_so() {
    for (pattern, name) in [
        ("ab[c]", "abc"),
        ("ab[b-d]", "abc"),
        ("ab[^e-g]", "abc"),
        ("a[^a]b", "a☺b"),
        ("a[^b]c", "a/c"),
        ("[a-ζ]*", "α"),
        ("[\\]a]", "]"),
        ("[\\-]", "-"),
        ("[x\\-]", "-"),
        ("[[]x]", "[x]"),
        ("[^\\-]", "x"),
        ("a\\*b", "a*b"),
        ("\\[x\\]", "[x]"),
        ("[!a]", "!"),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("ab[e-g]", "abc"),
        ("ab[^c]", "abc"),
        ("a[^a][^a][^a]b", "a☺b"),
        ("*[a-ζ]", "A"),
        ("a\\*b", "ab"),
        ("[x\\-]", "a"),
        ("[!a]", "b"),
        ("a[a-z]c", "a/c"),
    ] {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_wherever_the_fault_is() {
    for text in [
        "[", "[^", "[a", "[a-", "[a-]", "[-]", "[x-]", "[-x]", "[]", "[]a]", "[^]", "a[", "a\\", "x*[", "[\\",
        "[a-b-c]", "*/[", "[^bc",
    ] {
        assert_eq!(Glob::parse(text.as_bytes()).unwrap_err(), Malformed, "{text}");
    }
    assert!(Glob::parse(b"[\xff]").is_err());
    assert!(Glob::parse(b"]").unwrap().matches(b"]"));
}

#[test]
fn names_are_bytes() {
    let glob = Glob::parse(b"a\xff*").unwrap();
    assert!(glob.matches(b"a\xff\xfe"));
    assert!(!glob.matches(b"a\xfe"));
    assert!(Glob::parse(b"?").unwrap().matches(b"\xff"));
    assert!(!Glob::parse(b"?").unwrap().matches(b"\xff\xff"));
}

#[test]
fn only_what_has_a_meaning_is_a_pattern() {
    for text in ["*", "a?", "[", "\\\\*"] {
        assert!(Glob::is_pattern(text.as_bytes()), "{text}");
    }
    for text in ["a", "a\\*", "\\[x]", "]", "\\"] {
        assert!(!Glob::is_pattern(text.as_bytes()), "{text}");
    }
}

#[test]
fn directories_that_can_have_no_match_are_known() {
    let below = |pattern: &str, directory: &str| {
        Glob::parse(pattern.as_bytes())
            .unwrap()
            .may_match_below(directory.as_bytes())
    };
    assert!(!below("*.txt", "a"));
    assert!(below("*/x", "a"));
    assert!(!below("*/x", "a/b"));
    assert!(!below("b*/x", "a"));
    assert!(below("a[^x]c", "a"));
    assert!(!below("[^.]*", ".git"));
}

#[test]
fn many_stars_take_no_more_time_than_few() {
    let pattern = "*a".repeat(2000) + "b";
    assert!(!matches(&pattern, &"a".repeat(4000)));
}

proptest! {
    #[test]
    fn a_name_with_everything_escaped_matches_itself_alone(name in "[^\0]{0,12}", other in "[^\0]{0,12}") {
        let escaped: String = name.chars().flat_map(|character| ['\\', character]).collect();
        prop_assert_eq!(matches(&escaped, &other), name == other);
        prop_assert!(matches(&escaped, &name));
    }

    #[test]
    fn what_matches_below_a_directory_is_never_missed(pattern in "[abc/*?^\\[\\]-]{0,10}", name in "[abc/]{1,10}") {
        if let Ok(glob) = Glob::parse(pattern.as_bytes()) && glob.matches(name.as_bytes()) {
            for (at, _) in name.match_indices('/') {
                prop_assert!(glob.may_match_below(&name.as_bytes()[..at]));
            }
        }
    }

    #[test]
    fn any_bytes_are_a_pattern_or_none(pattern: Vec<u8>, name: Vec<u8>) {
        if let Ok(glob) = Glob::parse(&pattern) {
            let _ = glob.matches(&name);
        }
    }
}
