//! What BuildKit's matcher makes of patterns, its odd sides too.

use super::*;

fn matches(pattern: &str, name: &str) -> bool {
    Expression::parse(pattern.as_bytes()).unwrap().matches(name.as_bytes())
}

#[test]
fn patterns_match_as_in_buildkit() {
    for (pattern, name) in [
        ("**", "file"),
        ("**", "dir/file"),
        ("**/**", "dir/file"),
        ("dir/**", "dir/file"),
        ("dir/**", "dir/dir2/file"),
        ("dir**", "dirty/file"),
        ("**/dir", "dir"),
        ("**/dir", "a/b/dir"),
        ("**dir", "a/bdir"),
        ("**/dir2/*", "dir/dir2/file"),
        ("**/dir2/**", "dir/dir2/dir2/file"),
        ("a**/*a", "abc/ba"),
        ("a/**/b", "a/b"),
        ("a/**/b", "a/x/y/b"),
        ("**/*.txt", "x/y.txt"),
        ("**/*.txt", "y.txt"),
        ("a.|)$(}+{bc", "a.|)$(}+{bc"),
        ("dist/*.whl", "dist/proxy.py-2.4.0rc3-py3-none-any.whl"),
        ("a\\*b", "a*b"),
        ("\\!x", "!x"),
        ("[abc].def", "b.def"),
        ("[^a]x", "bx"),
        ("[a-c]?x", "bbx"),
        ("?*x", "ax"),
        ("a]b", "a]b"),
        ("file\\d", "file7"),
        ("file[\\d]", "file7"),
        ("file[\\D]", "filex"),
        ("^x*", "x1"),
        ("*", "a\nb"),
    ] {
        assert!(matches(pattern, name), "{pattern} {name}");
    }
    for (pattern, name) in [
        ("dir/**", "dir"),
        ("dir/**", "other/file"),
        ("**/dir", "xdir"),
        ("*", "a/b"),
        ("?", "/"),
        ("a/**/b", "ab"),
        ("**/*.txt", "y.txt/z"),
        ("**foo*", "barfoo1"),
        ("a^b*", "a^b"),
        ("[*]", "*"),
        ("bin\\Debug", "bin/Debug"),
        ("foo\\bar", "foobar"),
        ("**/a*", "x\ny/a"),
        ("abc", "abcd"),
        ("a.c*", "abc"),
    ] {
        assert!(!matches(pattern, name), "{pattern} {name}");
    }
}

#[test]
fn what_go_would_not_compile_is_refused() {
    for pattern in ["x\\c", "dist\\public", "a\\x41", "[z-a]", "a\\1*"] {
        assert_eq!(
            Expression::parse(pattern.as_bytes()).unwrap_err(),
            Malformed,
            "{pattern}"
        );
    }
}

#[test]
fn plain_names_are_compared_as_bytes() {
    let expression = Expression::parse(b"a\xff").unwrap();
    assert!(expression.matches(b"a\xff"));
    assert!(!expression.matches(b"a\xfe"));
}

#[test]
fn directories_without_matches_are_known() {
    let below = |pattern: &str, directory: &str| {
        Expression::parse(pattern.as_bytes())
            .unwrap()
            .may_match_below(directory.as_bytes())
    };
    for (pattern, directory) in [
        ("a/b", "a"),
        ("a/**", "a/b"),
        ("a/b/**", "a"),
        ("**/x", "a"),
        ("*/x", "a"),
        ("a/**/*.c", "a/b/c"),
    ] {
        assert!(below(pattern, directory), "{pattern} {directory}");
    }
    for (pattern, directory) in [("a", "a"), ("a/b", "b"), ("a/**", "b"), ("*/x", "a/b"), ("*.c", "a")] {
        assert!(!below(pattern, directory), "{pattern} {directory}");
    }
}
