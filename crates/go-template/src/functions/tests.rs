//! What functions give, and which arguments they refuse.

use serde_json::json;

use crate::{Data, Template, TemplateError};

fn value() -> serde_json::Value {
    json!({
        "list": ["b", "a", 3], "map": { "k": "v", "n": { "x": 1 } }, "text": "héllo world", "n": 5, "f": 2.5, "yes": true, "none": null,
    })
}

fn render(text: &str) -> Result<String, TemplateError> {
    Template::parse(text)?.render(Data::new(&value()))
}

#[test]
fn functions_give_what_go_and_docker_give() {
    for (template, expected) in [
        ("{{index .list 1}}{{index .map \"k\"}}{{index .map \"n\" \"x\"}}", "av1"),
        (
            "{{index .map \"missing\"}}|{{index .none \"x\"}}",
            "<no value>|<no value>",
        ),
        ("{{len .list}}{{len .map}}{{len .text}}{{len .none}}", "32110"),
        ("{{slice .text 1 3}}{{slice .list 1}}", "él[a 3]"),
        ("{{and .n 0 .x}}{{or .none \"\" 7 .x}}{{not .none}}", "07true"),
        (
            "{{eq .n 5}}{{eq .text \"a\" \"b\"}}{{eq .none nil}}{{ne .yes true}}",
            "truefalsetruefalse",
        ),
        ("{{eq \"x\" \"a\" \"x\"}}{{eq .f 2.5}}{{eq .n nil}}", "truetruefalse"),
        (
            "{{lt 1 2}}{{le 2 2.0}}{{gt .f 3}}{{ge \"b\" \"a\"}}",
            "truetruefalsetrue",
        ),
        ("{{print 1 2 \"a\" \"b\" 3 4}}|{{print}}", "1 2ab3 4|"),
        ("{{println \"a\" 1}}{{println}}", "a 1\n\n"),
        (
            "{{printf \"%s-%d-%v-%q-%t%%\" \"a\" 7 .list \"x\\n\" .yes}}",
            "a-7-[b a 3]-\"x\\n\"-true%",
        ),
        (
            "{{printf \"[%5s|%-5s|%.2s|%05d|%+d]\" \"ab\" \"ab\" \"héllo\" -42 3}}",
            "[   ab|ab   |hé|-0042|+3]",
        ),
        (
            "{{printf \"%x %X %o %b %c %x\" 255 255 8 5 65 \"hi\"}}",
            "ff FF 10 101 A 6869",
        ),
        ("{{printf \"%.2f %f %g\" .f 1 .f}}", "2.50 1.000000 2.5"),
        (
            "{{json .map}}{{json .text}}{{json .none}}",
            "{\"k\":\"v\",\"n\":{\"x\":1}}\"héllo world\"null",
        ),
        (
            "{{join .list \"-\"}}{{split \"a,b\" \",\"}}{{split \"ab\" \"\"}}",
            "b-a-3[a b][a b]",
        ),
        (
            "{{lower \"ÄB\"}}{{upper \"äb\"}}{{title .text}}{{upper .n}}",
            "äbÄBHéllo World5",
        ),
        (
            "{{truncate .text 4}}|{{truncate \"ab\" 9}}|{{pad \"x\" 1 2}}|{{pad \"\" 1 2}}",
            "héll|ab| x  |",
        ),
        (
            "{{title \"it's a_b\"}}{{printf \"%v %g %g\" .none 1e6 123456.0}}",
            "It'S A_b<nil> 1e+06 123456",
        ),
        ("{{.text | printf \"%s %s\" \"a\" | upper}}", "A HÉLLO WORLD"),
    ] {
        assert_eq!(render(template).as_deref(), Ok(expected), "{template}");
    }
}

#[test]
fn arguments_of_the_wrong_kind_are_named() {
    for (template, column, message) in [
        ("{{index .list 3}}", 3, "3 is out of range: there are 3"),
        ("{{index .list -1}}", 3, "out of range"),
        ("{{index .list \"a\"}}", 3, "expected a whole number instead of a text"),
        ("{{index .map 1}}", 3, "the key of an object is a text"),
        ("{{index .n 1}}", 3, "a list or an object instead of a number"),
        ("{{len .n}}", 3, "instead of a number"),
        ("{{len}}", 3, "len takes 1 arguments, not 0"),
        ("{{lt .n \"5\"}}", 3, "a number and a text cannot be compared"),
        ("{{eq .map .map}}", 3, "cannot be compared"),
        ("{{join .text \",\"}}", 3, "join expects a list"),
        ("{{upper .list}}", 3, "expected a text instead of a list"),
        ("{{printf \"%d\" .text}}", 3, "expected a whole number"),
        ("{{printf \"%d\"}}", 3, "no value for %d"),
        ("{{printf \"a\" 1}}", 3, "1 more values"),
        ("{{printf \"%y\" 1}}", 3, "printf knows"),
        ("{{printf \"%9999d\" 1}}", 3, "at most"),
        ("{{pad .text 0 100000}}", 3, "at most"),
        ("{{slice .text 3 1}}", 3, "end before its beginning"),
    ] {
        let error = render(template).unwrap_err();
        assert_eq!(error.column, column, "{template}: {error}");
        assert!(error.message.contains(message), "{template}: {error}");
    }
}
