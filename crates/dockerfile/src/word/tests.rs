//! Expansion, case by case.

use super::*;
use std::collections::BTreeMap;

fn word(text: &str) -> Word {
    Word::new(text, Escape::Backslash, Range::default())
}

fn variables() -> BTreeMap<String, String> {
    [
        ("A", "hello"),
        ("EMPTY", ""),
        ("PATHS", "/usr/local/bin"),
        ("TAGS", "v1.2.3-rc.1"),
        ("LINES", "a b\nc d"),
        ("TWO", "80 443"),
        ("STARS", "a*b*c"),
        ("B", "A"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

fn expand_all(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        let expanded = word(text).expand(&variables());
        assert_eq!(expanded.as_deref(), Ok(*expected), "{text}");
    }
}

#[test]
fn quotes_and_escapes_are_taken_off() {
    expand_all(&[
        ("", ""),
        ("abc", "abc"),
        ("a b", "a b"),
        (r#""a b""#, "a b"),
        ("'a b'", "a b"),
        (r"a\ b", "a b"),
        (r"a\\b", r"a\b"),
        (r"\a", "a"),
        (r"a\", "a"),
        (r#"'a\b'"#, r"a\b"),
        (r#""a\b""#, r"a\b"),
        (r#""a\"b""#, r#"a"b"#),
        (r#""a\\b""#, r"a\b"),
        (r#""a\$A""#, "a$A"),
        (r"\$A", "$A"),
        ("'$A'", "$A"),
        (r#""'$A'""#, "'hello'"),
        (r#"a"b"'c'd"#, "abcd"),
        (r#"'a'\''b'"#, "a'b"),
        ("\"\"", ""),
    ]);
}

#[test]
fn the_escape_character_is_that_of_the_file() {
    let word = |text| Word::new(text, Escape::Backtick, Range::default());
    for (text, expected) in [
        (r"C:\Windows", r"C:\Windows"),
        ("a`$A", "a$A"),
        ("\"`\"\"", "\""),
        (r#""C:\""#, r"C:\"),
    ] {
        assert_eq!(word(text).expand(&variables()).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn variables_have_their_values() {
    expand_all(&[
        ("$A", "hello"),
        ("${A}", "hello"),
        ("$A.txt", "hello.txt"),
        ("$Ax", ""),
        ("${A}x", "hellox"),
        ("$A$A", "hellohello"),
        ("${MISSING}", ""),
        ("$", "$"),
        ("$ A", "$ A"),
        ("a$", "a$"),
        ("$/", "$/"),
        ("$1a", "a"),
        ("$$", ""),
        ("$@x", "x"),
        ("$B", "A"),
    ]);
}

#[test]
fn words_take_the_place_of_values() {
    expand_all(&[
        ("${A:-x}", "hello"),
        ("${A-x}", "hello"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${MISSING:-x}", "x"),
        ("${MISSING-x}", "x"),
        ("${MISSING:-}", ""),
        ("${A:+x}", "x"),
        ("${A+x}", "x"),
        ("${EMPTY:+x}", ""),
        ("${EMPTY+x}", "x"),
        ("${MISSING:+x}", ""),
        ("${MISSING+x}", ""),
        ("${MISSING:-$A}", "hello"),
        ("${MISSING:-${EMPTY:-${A}}}", "hello"),
        ("${MISSING:-'}'}", "}"),
        (r"${MISSING:-\}}", "}"),
        (r#"${MISSING:-"a b"}"#, "a b"),
        (r#""${MISSING:-a b}""#, "a b"),
        ("${A:?x}", "hello"),
        ("${A?x}", "hello"),
        ("${EMPTY?x}", ""),
    ]);
}

#[test]
fn patterns_are_removed() {
    expand_all(&[
        ("${PATHS#/}", "usr/local/bin"),
        ("${PATHS#*/}", "usr/local/bin"),
        ("${PATHS##*/}", "bin"),
        ("${PATHS%/*}", "/usr/local"),
        ("${PATHS%%/*}", ""),
        ("${PATHS#x}", "/usr/local/bin"),
        ("${PATHS%bin}", "/usr/local/"),
        ("${PATHS%bi}", "/usr/local/bin"),
        ("${TAGS#v}", "1.2.3-rc.1"),
        ("${TAGS%%-*}", "v1.2.3"),
        ("${TAGS%-*}", "v1.2.3"),
        ("${TAGS%.?}", "v1.2.3-rc"),
        ("${TAGS#?}", "1.2.3-rc.1"),
        ("${TAGS#*}", "v1.2.3-rc.1"),
        ("${TAGS##*}", ""),
        ("${TAGS#}", "v1.2.3-rc.1"),
        (r"${STARS#a\*}", "b*c"),
        (r"${STARS##*\*}", "c"),
        (r"${STARS%\**}", "a*b"),
        ("${MISSING#*}", ""),
        ("${A#${A}}", ""),
        ("${LINES##*}", "\nc d"),
        ("${LINES%%*}", "a b\n"),
        ("${A:#h}", "ello"),
    ]);
}

#[test]
fn patterns_are_replaced() {
    expand_all(&[
        ("${PATHS/usr/opt}", "/opt/local/bin"),
        (r"${PATHS/\//-}", "-usr/local/bin"),
        (r"${PATHS//\//-}", "-usr-local-bin"),
        ("${A/l/L}", "heLlo"),
        ("${A//l/L}", "heLLo"),
        ("${A//l/}", "heo"),
        ("${A//x/y}", "hello"),
        ("${A/e*l/-}", "h-o"),
        ("${A/*/x}", "x"),
        ("${A//*/x}", "x"),
        ("${A//?/x}", "xxxxx"),
        ("${A//l?/_}", "he_o"),
        ("${A///-}", "-h-e-l-l-o-"),
        ("${A//$B/x}", "hello"),
        ("${A/h/$TAGS}", "v1.2.3-rc.1ello"),
        (r"${STARS//\*/-}", "a-b-c"),
        ("${MISSING/a/b}", ""),
    ]);
}

#[test]
fn words_are_split_at_blanks_outside_quotes() {
    for (text, expected) in [
        ("a b", &["a", "b"][..]),
        ("  a  ", &["a"]),
        ("$TWO", &["80", "443"]),
        ("$TWO/tcp", &["80", "443/tcp"]),
        ("\"$TWO\"", &["80 443"]),
        (r"a\ b c", &["a b", "c"]),
        ("'a b'c d", &["a bc", "d"]),
        ("$MISSING", &[]),
        ("\"\" a", &["a"]),
        ("${MISSING:-1 2}", &["1", "2"]),
    ] {
        let words = word(text).expand_words(&variables()).unwrap();
        assert_eq!(words, expected, "{text}");
    }
}

#[test]
fn what_is_wrong_is_said() {
    let required = |name: &str, message: &str| ExpandProblem::Required {
        name: name.to_owned(),
        message: message.to_owned(),
    };
    for (text, expected) in [
        ("'a", ExpandProblem::UnclosedQuote('\'')),
        (r"'a\'b'", ExpandProblem::UnclosedQuote('\'')),
        ("\"a", ExpandProblem::UnclosedQuote('"')),
        ("${", ExpandProblem::UnclosedBrace),
        ("${A", ExpandProblem::UnclosedBrace),
        ("${A:-x", ExpandProblem::UnclosedBrace),
        ("${A:", ExpandProblem::UnclosedBrace),
        ("${A/x}", ExpandProblem::MissingSlash),
        ("${A/x/y", ExpandProblem::UnclosedBrace),
        ("${}", ExpandProblem::BadSubstitution),
        ("${{A}}", ExpandProblem::BadSubstitution),
        ("${:-x}", ExpandProblem::BadSubstitution),
        ("${A!x}", ExpandProblem::UnsupportedModifier("!".to_owned())),
        ("${A:x}", ExpandProblem::UnsupportedModifier(":x".to_owned())),
        ("${A^^}", ExpandProblem::UnsupportedModifier("^".to_owned())),
        ("${MISSING:?give one}", required("MISSING", "give one")),
        ("${MISSING?}", required("MISSING", "is not allowed to be unset")),
        ("${EMPTY:?}", required("EMPTY", "is not allowed to be empty")),
        ("${A:-${MISSING:?x}}", required("MISSING", "x")),
        (
            r"${A#\x}",
            ExpandProblem::InvalidPattern {
                pattern: r"\x".to_owned(),
            },
        ),
    ] {
        let error = word(text).expand(&variables()).unwrap_err();
        assert_eq!(error.problem, expected, "{text}");
    }
    let error = word("'a").expand(&variables()).unwrap_err();
    let message = "cannot expand `'a` in line 1: unexpected end while looking for the matching single quote ('); close it, or escape it";
    assert_eq!(error.to_string(), message);
}

#[test]
fn depth_growth_and_patterns_have_limits() {
    let deep = "${A:-".repeat(70) + &"}".repeat(70);
    let problem = word(&deep).expand(&variables()).unwrap_err().problem;
    assert_eq!(problem, ExpandProblem::TooDeep { limit: 64 });
    let allowed = "${MISSING:-".repeat(63) + "$A" + &"}".repeat(63);
    assert_eq!(word(&allowed).expand(&variables()).as_deref(), Ok("hello"));

    let large = |_: &str| Some("x".repeat(1 << 16));
    for text in [
        "$A".repeat(17),
        "${A%%*}".repeat(17),
        "${A//x/0123456789abcdefg}".to_owned(),
    ] {
        let problem = word(&text).expand(&large).unwrap_err().problem;
        assert_eq!(problem, ExpandProblem::TooLarge { limit_bytes: 1 << 20 });
    }
    let pattern = format!("${{A#{}}}", "?".repeat(257));
    let problem = word(&pattern).expand(&large).unwrap_err().problem;
    assert_eq!(problem, ExpandProblem::PatternTooLong { chars: 257, limit: 256 });
}

#[test]
fn all_variables_are_named() {
    let names = word("$A${B:-$C}'$D'${E/$F/${G#$H}}\\$I").variables().unwrap();
    assert_eq!(names.into_iter().collect::<String>(), "ABCEFGH");
}

#[test]
fn heredocs_keep_their_quotes() {
    let expanded = expand_heredoc("'$A' \"${B}\" \\$A \\n\n", Range::default(), &variables());
    assert_eq!(expanded.as_deref(), Ok("'hello' \"A\" $A n\n"));
}
