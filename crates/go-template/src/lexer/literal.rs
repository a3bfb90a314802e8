//! Literals, written as in Go.

use serde_json::{Number, Value};

use super::is_word;
use super::scanner::Scanner;
use crate::TemplateError;

/// `"a text"`, with the escapes of Go.
pub(super) fn quoted(scanner: &mut Scanner) -> Result<String, TemplateError> {
    let begin = scanner.column();
    scanner.skip(1);
    let mut text = String::new();
    loop {
        let column = scanner.column();
        match scanner.next() {
            Some('"') => return Ok(text),
            Some('\\') => text.push(escape(scanner, column)?),
            Some(char) => text.push(char),
            None => return Err(TemplateError::new(begin, "this text has no end: \" is missing")),
        }
    }
}

/// A text between backquotes. `\t` and `\n` in it are a tab and a line end, because Docker replaces them before anything else.
pub(super) fn raw(scanner: &mut Scanner) -> Result<String, TemplateError> {
    let begin = scanner.column();
    scanner.skip(1);
    let mut text = String::new();
    loop {
        match scanner.next() {
            Some('`') => return Ok(text),
            Some('\\') if scanner.take("t") => text.push('\t'),
            Some('\\') if scanner.take("n") => text.push('\n'),
            Some(char) => text.push(char),
            None => return Err(TemplateError::new(begin, "this text has no end: ` is missing")),
        }
    }
}

/// `'c'`, which is the number of a character.
pub(super) fn character(scanner: &mut Scanner) -> Result<u32, TemplateError> {
    let begin = scanner.column();
    scanner.skip(1);
    let found = match scanner.next() {
        Some('\\') => Some(escape(scanner, begin)?),
        other => other.filter(|char| *char != '\''),
    };
    match found {
        Some(char) if scanner.take("'") => Ok(char.into()),
        _ => Err(TemplateError::new(
            begin,
            "' stands around one character: write texts as \"text\"",
        )),
    }
}

/// What follows a backslash.
fn escape(scanner: &mut Scanner, column: usize) -> Result<char, TemplateError> {
    let wrong = || {
        TemplateError::new(
            column,
            "no such escape: expected one of \\n \\t \\r \\\\ \\\" \\xHH \\uHHHH",
        )
    };
    let digits = match scanner.next().ok_or_else(wrong)? {
        'a' => return Ok('\u{7}'),
        'b' => return Ok('\u{8}'),
        'f' => return Ok('\u{c}'),
        'n' => return Ok('\n'),
        'r' => return Ok('\r'),
        't' => return Ok('\t'),
        'v' => return Ok('\u{b}'),
        same @ ('\\' | '"' | '\'') => return Ok(same),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        _ => return Err(wrong()),
    };
    let mut number = 0_u32;
    for _ in 0..digits {
        let digit = scanner.next().and_then(|char| char.to_digit(16)).ok_or_else(wrong)?;
        number = number.checked_mul(16).ok_or_else(wrong)? + digit;
    }
    char::from_u32(number).ok_or_else(wrong)
}

/// `12`, `-0x1f`, `1.5e3`.
pub(super) fn number(scanner: &mut Scanner) -> Result<Value, TemplateError> {
    let column = scanner.column();
    let mut text = String::new();
    while let Some(char) = scanner.peek(0) {
        let is_sign = matches!(char, '+' | '-') && (text.is_empty() || text.ends_with(['e', 'E']));
        if !(is_sign || is_word(char) || char == '.') {
            break;
        }
        text.push(char);
        scanner.skip(1);
    }
    let plain = text.replace('_', "");
    integer(&plain)
        .or_else(|| plain.parse().ok().and_then(Number::from_f64))
        .map(Value::Number)
        .ok_or_else(|| TemplateError::new(column, format!("{text} is no number")))
}

fn integer(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, radix) = match unsigned.get(..2) {
        Some("0x" | "0X") => (unsigned.get(2..)?, 16),
        Some("0o" | "0O") => (unsigned.get(2..)?, 8),
        Some("0b" | "0B") => (unsigned.get(2..)?, 2),
        _ => (unsigned, 10),
    };
    let sign = if text.starts_with('-') { "-" } else { "" };
    i64::from_str_radix(&format!("{sign}{digits}"), radix)
        .ok()
        .map(Number::from)
}
