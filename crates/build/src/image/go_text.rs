//! Values as Go's `fmt` writes them, which is how histories show them.

use std::fmt::Write as _;

/// `%v` of texts: `[a b]`.
pub(super) fn list(words: &[String]) -> String {
    format!("[{}]", words.join(" "))
}

/// `%q` of texts: `["a" "b"]`.
pub(super) fn quoted_list(words: &[String]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    format!("[{}]", quoted.join(" "))
}

/// `strconv.Quote`. What is printable is judged a little more generously than Go does, outside of ASCII.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{b}' => out.push_str("\\v"),
            ' '..='~' => out.push(letter),
            // Writing to a text does not fail.
            '\0'..='\u{7f}' => drop(write!(out, "\\x{:02x}", u32::from(letter))),
            _ if letter.is_control() => drop(write!(out, "\\u{:04x}", u32::from(letter))),
            _ => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_as_go_does() {
        let words = ["a", "it's \"b\"", "\\", "tab\tline\n", "é\u{1}"].map(str::to_owned);
        assert_eq!(quoted_list(&words), r#"["a" "it's \"b\"" "\\" "tab\tline\n" "é\x01"]"#);
        assert_eq!(list(&words[..1]), "[a]");
        assert_eq!(quoted_list(&[]), "[]");
    }
}
