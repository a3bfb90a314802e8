//! Any text is a template or a mistake at one of its characters, and what it makes of a value is bounded.
#![no_main]

use container_go_template::{Data, ListTemplate, TemplateError, limits};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let value = json!({
        "a": [1, "x", null, { "b": 2.5 }], "m": { "k": "v", "n": { "o": true } }, "t": "héllo, world", "n": 5, "none": null,
    });
    let label = |key: &str| key.to_owned();
    let data = Data {
        value: &value,
        lookups: &[("L", &label)],
    };
    match ListTemplate::parse(text).and_then(|template| template.render(data, [data, data])) {
        // A header, two lines, and spaces between the columns.
        Ok(made) => assert!(made.len() <= 4 * (limits::OUTPUT_BYTES + 1)),
        Err(TemplateError { column, .. }) => assert!((1..=text.chars().count() + 1).contains(&column)),
    }
});
