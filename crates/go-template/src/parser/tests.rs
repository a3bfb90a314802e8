//! Templates that are none.

use crate::{Template, TemplateError, limits};

fn refused(text: &str) -> TemplateError {
    match Template::parse(text) {
        Err(error) => error,
        Ok(_) => panic!("{text} was accepted"),
    }
}

#[test]
fn mistakes_say_where_they_are_and_what_was_expected() {
    for (text, column, message) in [
        ("a{{}}", 2, "expected a field such as .ID"),
        ("{{end}}", 3, "end without an if"),
        ("{{if .a}}x", 3, "{{end}} is missing"),
        ("{{if}}x{{end}}", 3, "expected a field"),
        ("{{if .a}}{{else}}{{else}}{{end}}", 20, "a second else"),
        ("{{.a | }}", 6, "expected a field"),
        ("{{(.a}}", 3, ") is missing"),
        ("{{.a)}}", 5, "expected }} instead of )"),
        ("{{.a(.b)}}", 5, "expected a space"),
        ("{{..a}}", 4, "expected a space"),
        ("{{ID}}", 3, "there is no function ID"),
        ("{{$x}}", 3, "there is no variable $x"),
        ("{{$x = 1}}", 3, "there is no variable $x"),
        ("{{$ := 1}}", 3, "cannot be set"),
        ("{{range $i, $x .a}}{{end}}", 16, "expected :="),
        ("{{range $i, $x = .a}}{{end}}", 3, "there is no variable $i"),
        ("{{if .a}}{{$x := 1}}{{end}}{{$x}}", 30, "there is no variable $x"),
        ("{{if $x := .a}}{{end}}{{$x}}", 25, "there is no variable $x"),
        ("{{range $x := .a}}{{else}}{{$x}}{{end}}", 29, "there is no variable $x"),
        ("{{break}}", 3, "outside of a range"),
        ("{{range .a}}{{end}}{{continue}}", 22, "outside of a range"),
        ("{{template \"x\"}}", 3, "not supported"),
        ("{{\"a\".b}}", 3, "has no fields"),
        ("{{len if}}", 7, "at the beginning of an action"),
        ("{{if .a}}{{end .b}}", 16, "expected }} instead of .b"),
    ] {
        let error = refused(text);
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}

#[test]
fn a_wrong_function_is_told_which_there_are() {
    let error = refused("{{jsno .}}");
    assert!(
        error.message.contains("json") && error.message.contains("printf"),
        "{error}"
    );
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = |count: usize| format!("{}{{{{.}}}}{}", "{{if .}}".repeat(count), "{{end}}".repeat(count));
    assert!(Template::parse(&deep(limits::DEPTH)).is_ok());
    assert!(refused(&deep(limits::DEPTH + 1)).message.contains("deep"));
    assert!(
        refused(&format!("{{{{{}}}}}", "(".repeat(10_000)))
            .message
            .contains("deep")
    );
    assert!(
        refused(&"x".repeat(limits::TEMPLATE_BYTES + 1))
            .message
            .contains("64 KiB")
    );
    let chain = format!("{{{{if .}}}}{}{{{{end}}}}", "{{else if .}}".repeat(3000));
    assert!(Template::parse(&chain).is_ok());
}
