//! Any text is ignore rules or an error, and any path is matched in bounded time. What a rule covers as a directory it covers below.
#![no_main]

use container_build_context::Ignore;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &[u8])| {
    let (rules, path) = input;
    let Ok(ignore) = Ignore::parse(rules) else {
        return;
    };
    let is_covered = ignore.covers(path);
    // Without rules that take something back.
    if is_covered && !rules.contains(&b'!') {
        assert!(ignore.covers(&[path, b"/below"].concat()));
    }
});
