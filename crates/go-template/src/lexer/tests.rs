//! What a text is cut into.

use super::*;
use serde_json::json;

fn texts(template: &str) -> Vec<Piece> {
    pieces(template, 1).unwrap()
}

fn tokens(template: &str) -> Vec<Token> {
    match texts(template).pop() {
        Some(Piece::Action { tokens, .. }) => tokens.into_iter().map(|placed| placed.token).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn trim_markers_take_white_space_away_and_minus_is_otherwise_a_sign() {
    let text = |text: &str| Piece::Text(text.to_owned());
    let found = texts("a \n {{- 1 -}} \t b {{-2}}");
    assert_eq!((&found[0], &found[2]), (&text("a"), &text("b ")));
    assert_eq!(tokens("{{-2}}"), [Token::Literal(json!(-2))]);
    assert_eq!(texts("a {{- /* no\nthing */ -}} b"), [text("a"), text("b")]);
}

#[test]
fn escapes_that_a_shell_leaves_are_honoured() {
    assert_eq!(texts(r"a\tb\nc\d"), [Piece::Text("a\tb\nc\\d".to_owned())]);
    assert_eq!(tokens(r#"{{"a\tb\x41é\\"}}"#), [Token::Literal(json!("a\tbAé\\"))]);
    assert_eq!(tokens(r"{{`a\t\x`}}"), [Token::Literal(json!("a\t\\x"))]);
}

#[test]
fn numbers_are_those_of_go() {
    for (text, value) in [
        ("0", json!(0)),
        ("+7", json!(7)),
        ("-0x1f", json!(-31)),
        ("1_000", json!(1000)),
        ("0b101", json!(5)),
        ("1.5e3", json!(1500.0)),
        (".5", json!(0.5)),
        ("'a'", json!(97)),
        (r"'\n'", json!(10)),
        ("-9223372036854775808", json!(i64::MIN)),
    ] {
        assert_eq!(tokens(&format!("{{{{{text}}}}}")), [Token::Literal(value)], "{text}");
    }
}

#[test]
fn fields_that_touch_belong_together() {
    let Some(Piece::Action { tokens, .. }) = texts("{{.a.b .c}}").pop() else {
        panic!("no action");
    };
    let apart: Vec<_> = tokens.iter().map(|placed| (placed.column, placed.is_apart)).collect();
    assert_eq!(apart, [(3, false), (5, false), (8, true)]);
}

#[test]
fn mistakes_are_found_where_they_are() {
    for (text, column, message) in [
        ("ab{{.x", 3, "}} is missing"),
        ("{{/* x", 1, "*/}} is missing"),
        ("{{/* x */ y}}", 11, "expected }}"),
        ("{{\"x}}", 3, "\" is missing"),
        ("{{`x}}", 3, "` is missing"),
        ("{{'ab'}}", 3, "one character"),
        ("{{1x}}", 3, "1x is no number"),
        ("{{\"a\\q\"}}", 5, "no such escape"),
        ("{{.a ; .b}}", 6, "';' means nothing here"),
    ] {
        let error = pieces(text, 1).unwrap_err();
        assert_eq!(error.column, column, "{text}: {error}");
        assert!(error.message.contains(message), "{text}: {error}");
    }
}
