//! What templates make of a value, and what they cannot ask of it.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{Data, Template, TemplateError, limits};

fn value() -> Value {
    json!({
        "name": "web", "empty": [], "none": null, "labels": { "b": "2", "a": "1" },
        "ports": [{ "host": 80, "proto": "tcp" }, { "host": 53, "proto": "udp" }],
        "status": { "state": "running", "code": 0 },
    })
}

fn render(text: &str) -> Result<String, TemplateError> {
    let value = value();
    let label = |key: &str| value["labels"][key].as_str().unwrap_or_default().to_owned();
    Template::parse(text)?.render(Data {
        value: &value,
        lookups: &[("Label", &label)],
    })
}

#[test]
fn templates_give_what_go_gives() {
    for (template, expected) in [
        ("", ""),
        ("plain } {", "plain } {"),
        ("{{.name}} {{.status.state}} {{$.name}}", "web running web"),
        (
            "{{.}}",
            "map[empty:[] labels:map[a:1 b:2] name:web none:<nil> ports:[map[host:80 proto:tcp] map[host:53 proto:udp]] status:map[code:0 state:running]]",
        ),
        (
            "{{range .ports}}{{.host}}/{{.proto}} {{$.name}} {{end}}",
            "80/tcp web 53/udp web ",
        ),
        ("{{range $i, $p := .ports}}{{$i}}={{$p.host}};{{end}}", "0=80;1=53;"),
        ("{{range $p := .ports}}{{$p.host}};{{end}}", "80;53;"),
        ("{{range $k, $v := .labels}}{{$k}}={{$v}},{{end}}", "a=1,b=2,"),
        (
            "{{range .empty}}x{{else}}none{{end}}{{range .none}}x{{else}}!{{end}}",
            "none!",
        ),
        (
            "{{range $i, $p := .ports}}{{if $i}}, {{end}}{{$p.host}}{{end}}",
            "80, 53",
        ),
        (
            "{{range .ports}}{{if eq .proto \"udp\"}}{{break}}{{end}}{{.host}}{{end}}",
            "80",
        ),
        (
            "{{range .ports}}{{if eq .host 80}}{{continue}}{{end}}{{.host}}{{end}}",
            "53",
        ),
        (
            "{{if .empty}}a{{else if .none}}b{{else if .name}}c{{else}}d{{end}}",
            "c",
        ),
        ("{{if and .name (eq .status.code 0)}}ok{{end}}", "ok"),
        (
            "{{if or .name .missing}}ok{{end}}{{if and .none .missing}}no{{end}}",
            "ok",
        ),
        (
            "{{with .status}}{{.state}}{{end}}{{with .none}}x{{else}}y{{end}}",
            "runningy",
        ),
        ("{{with .none}}x{{else with .status}}{{.state}}{{end}}", "running"),
        ("{{with $s := .status}}{{$s.state}}{{end}}", "running"),
        ("{{$x := 1}}{{range .ports}}{{$x = .host}}{{end}}{{$x}}", "53"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{(index .ports 1).host}}{{(index .ports 0).proto | upper}}", "53TCP"),
        ("{{.Label \"a\"}}{{$.Label \"b\"}}{{\"a\" | .Label}}", "121"),
        ("{{range .ports}}{{$.Label \"a\"}}{{end}}", "11"),
        ("a {{- \" b\" -}} c", "a bc"),
        ("{{/* nothing */}}x", "x"),
        ("{{json .labels}}", r#"{"a":"1","b":"2"}"#),
        (
            "{{true}} {{nil}} {{.none}} {{1.5}} {{`r`}}",
            "true <no value> <no value> 1.5 r",
        ),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn what_is_not_there_is_told_with_what_there_is() {
    for (template, column, message) in [
        (
            "{{.nmae}}",
            3,
            "there is no field .nmae: there are .Label \"key\", .empty, .labels, .name",
        ),
        ("{{.status.exit}}", 10, "there are .code, .state"),
        ("{{.name.x}}", 8, "a text has no fields"),
        ("{{.none.x}}", 8, "nothing has no fields"),
        ("{{range .ports}}{{.Label \"a\"}}{{end}}", 19, "no function"),
        ("{{.Label}}", 3, ".Label takes a text"),
        ("{{.Label 1}}", 3, ".Label takes one text"),
        ("{{.name \"x\"}}", 3, "this is no function"),
        ("{{\"x\" | .name}}", 9, "this is no function"),
        (
            "{{range .name}}{{end}}",
            9,
            "range expects a list or an object instead of a text",
        ),
    ] {
        let error = render(template).unwrap_err();
        assert_eq!(error.column, column, "{template}: {error}");
        assert!(error.message.contains(message), "{template}: {error}");
    }
}

#[test]
fn a_template_cannot_take_for_ever_or_fill_the_memory() {
    let list: Value = (0..2000).collect();
    let value = json!({ "l": list });
    let run = |text: &str| Template::parse(text).unwrap().render(Data::new(&value)).unwrap_err();
    let nested = "{{range $.l}}".repeat(3) + &"{{end}}".repeat(3);
    assert!(run(&nested).message.contains("steps"));
    let long = format!("{{{{range $.l}}}}{}{{{{end}}}}", "x".repeat(limits::TEMPLATE_BYTES / 2));
    assert!(run(&long).message.contains("MiB"));
    let doubled = "{{$x := \"x\"}}{{range .l}}{{$x = print $x $x}}{{end}}";
    assert!(run(doubled).message.contains("MiB"));
    let long = format!("{{{{$x := \"x\"}}}}{}", "{{$x = print $x $x}}".repeat(20));
    let often = format!("{long}{{{{range .l}}}}{{{{if eq 0 (len $x)}}}}{{{{end}}}}{{{{end}}}}");
    assert!(run(&often).message.contains("steps"));
}

proptest! {
    #[test]
    fn any_text_is_a_template_or_a_mistake_within_it(text in ".*") {
        check(&text)?;
    }

    #[test]
    fn any_row_of_words_is_too(words in proptest::collection::vec(prop::sample::select(vec![
        "{{", "}}", "{{-", " -}}", " ", ".", ".a", ".b.c", "$", "$x", ":=", "=", ",", "|", "(", ")", "if", "else", "end", "range", "with",
        "break", "1", "-2.5", "\"t\"", "`r`", "'c'", "/*", "*/", "printf", "index", "json", "len", "eq", "slice", "\"%05.2f\"", "\\n", "é",
    ]), 0..24)) {
        check(&words.concat())?;
    }
}

fn check(text: &str) -> Result<(), TestCaseError> {
    let value = json!({ "a": [1, "x", null], "b": { "c": { "d": 1.5 } } });
    let made = Template::parse(text).and_then(|template| template.render(Data::new(&value)));
    if let Err(error) = made {
        prop_assert!((1..=text.chars().count() + 1).contains(&error.column), "{}", error);
    }
    Ok(())
}
