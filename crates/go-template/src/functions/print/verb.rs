//! A place for a value in a format of `printf`.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::{whole, words};
use crate::{limits, text};

/// From so many digits before the point on, `%g` writes a number with an exponent.
const G_DIGITS: i32 = 6;

/// `%-10.3s`: flags, width, precision and letter.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Verb {
    is_left: bool,
    has_sign: bool,
    is_zero_filled: bool,
    width: usize,
    precision: Option<usize>,
    letter: char,
}

impl Verb {
    /// The verb behind a `%`, and what follows it.
    pub(super) fn parse(text: &str) -> Result<(Self, &str), String> {
        let mut verb = Self::default();
        let flags = text.len() - text.trim_start_matches(['-', '+', '0']).len();
        let (flags, rest) = text.split_at(flags);
        verb.is_left = flags.contains('-');
        verb.has_sign = flags.contains('+');
        verb.is_zero_filled = flags.contains('0') && !verb.is_left;
        let (width, rest) = digits(rest)?;
        verb.width = width.unwrap_or(0);
        let rest = match rest.strip_prefix('.') {
            Some(rest) => {
                let (precision, rest) = digits(rest)?;
                verb.precision = Some(precision.unwrap_or(0));
                rest
            }
            None => rest,
        };
        let mut characters = rest.chars();
        verb.letter = match characters.next() {
            Some(letter) if "vsqdxXobcfgt%".contains(letter) => letter,
            _ => return Err("printf knows %v %s %q %d %x %X %o %b %c %f %g %t and %%".to_owned()),
        };
        Ok((verb, characters.as_str()))
    }

    pub(super) fn letter(&self) -> char {
        self.letter
    }

    pub(super) fn is_percent(&self) -> bool {
        self.letter == '%'
    }

    /// A value in the verb's form.
    pub(super) fn show(&self, value: &Value) -> Result<String, String> {
        let shown = match self.letter {
            'd' => self.signed(whole(value)?, i64::to_string),
            'o' => self.signed(whole(value)?, |number| radix(*number, 'o')),
            'b' => self.signed(whole(value)?, |number| radix(*number, 'b')),
            letter @ ('x' | 'X') => match value {
                Value::String(text) => self.cut(hexadecimal(text, letter)),
                number => self.signed(whole(number)?, |number| radix(*number, letter)),
            },
            'c' => u32::try_from(whole(value)?)
                .ok()
                .and_then(char::from_u32)
                .ok_or_else(|| format!("{value} is no character"))?
                .to_string(),
            'f' => {
                let number = value
                    .as_f64()
                    .ok_or_else(|| format!("expected a number for %f instead of {}", text::kind(value)))?;
                let sign = if self.has_sign && number >= 0.0 { "+" } else { "" };
                format!("{sign}{number:.*}", self.precision.unwrap_or(6))
            }
            'g' => match value {
                Value::Number(number) => text::number(number, G_DIGITS),
                other => return Err(format!("expected a number for %g instead of {}", text::kind(other))),
            },
            't' => value
                .as_bool()
                .ok_or_else(|| format!("expected true or false for %t instead of {}", text::kind(value)))?
                .to_string(),
            'q' => quoted(&self.cut(words::of(value)?)),
            's' => self.cut(text::printed(value)),
            _ => text::printed(value),
        };
        Ok(self.filled(&shown))
    }

    fn signed(&self, number: i64, show: impl Fn(&i64) -> String) -> String {
        let sign = if self.has_sign && number >= 0 { "+" } else { "" };
        format!("{sign}{}", show(&number))
    }

    /// The first characters, if the precision says how many.
    fn cut(&self, text: String) -> String {
        match self.precision {
            Some(length) => text.chars().take(length).collect(),
            None => text,
        }
    }

    fn filled(&self, text: &str) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        if self.is_left {
            return format!("{text}{}", " ".repeat(missing));
        }
        if !self.is_zero_filled {
            return format!("{}{text}", " ".repeat(missing));
        }
        let (sign, digits) = text.split_at(usize::from(text.starts_with(['-', '+'])));
        format!("{sign}{}{digits}", "0".repeat(missing))
    }
}

/// A number at the beginning, if there is one, and what follows it.
fn digits(text: &str) -> Result<(Option<usize>, &str), String> {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    let most = limits::WIDTH_CHARACTERS;
    match digits.parse() {
        Ok(number) if number <= most => Ok((Some(number), rest)),
        _ => Err(format!("printf fills up to {most} characters at most, not {digits}")),
    }
}

fn radix(number: i64, letter: char) -> String {
    let sign = if number < 0 { "-" } else { "" };
    let number = number.unsigned_abs();
    match letter {
        'o' => format!("{sign}{number:o}"),
        'b' => format!("{sign}{number:b}"),
        'X' => format!("{sign}{number:X}"),
        _ => format!("{sign}{number:x}"),
    }
}

fn hexadecimal(text: &str, letter: char) -> String {
    let mut digits = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        // Writing to a text does not fail.
        let _ = match letter {
            'X' => write!(digits, "{byte:02X}"),
            _ => write!(digits, "{byte:02x}"),
        };
    }
    digits
}

/// A text as a literal of Go.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            control if control.is_ascii_control() => {
                let _ = write!(quoted, "\\x{:02x}", u32::from(control));
            }
            control if control.is_control() => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(control));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
