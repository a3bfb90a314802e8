//! Rust as rules read it: a text without comments and literals, its tokens, and what it imports. No parser of the language: enough to
//! tell which names stand where.

mod imports;
mod literals;

pub(crate) use imports::{Import, imports};
use literals::{block_comment, character, prefixed_literal, quoted, until};

/// A word or a mark of a Rust text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// An identifier, a lifetime, `::`, `->`, or one character.
    pub(crate) text: String,
}

impl Token {
    /// Whether it is this word or mark.
    pub(crate) fn is(&self, text: &str) -> bool {
        self.text == text
    }
}

/// The tokens of a Rust text, without those of comments and literals.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut index, mut line) = (Vec::new(), 0, 1);
    while let Some(&first) = chars.get(index) {
        let rest = chars.get(index..).unwrap_or_default();
        let (length, text) = match first {
            '/' if rest.starts_with(&['/', '/']) => (until(rest, '\n'), None),
            '/' if rest.starts_with(&['/', '*']) => (block_comment(rest), None),
            '"' => (quoted(rest), None),
            'r' | 'b' | 'c' if let Some(length) = prefixed_literal(rest) => (length, None),
            '\'' => match character(rest) {
                Some(length) => (length, None),
                None => word(rest, 1),
            },
            first if is_word(first) => word(rest, 0),
            ':' if rest.starts_with(&[':', ':']) => (2, Some("::".to_owned())),
            '-' if rest.starts_with(&['-', '>']) => (2, Some("->".to_owned())),
            '=' if rest.starts_with(&['=', '>']) => (2, Some("=>".to_owned())),
            first if first.is_whitespace() => (1, None),
            first => (1, Some(first.to_string())),
        };
        tokens.extend(text.map(|text| Token { line, text }));
        line += rest.iter().take(length).filter(|char| **char == '\n').count();
        index += length.max(1);
    }
    tokens
}

/// The same without what is compiled for tests only: the items below `#[cfg(test)]`.
pub(crate) fn without_tests(tokens: &[Token]) -> Vec<Token> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let (mut kept, mut index) = (Vec::new(), 0);
    while let Some(token) = tokens.get(index) {
        let rest = tokens.get(index..).unwrap_or_default();
        if starts_with(rest, &MARK) {
            index += MARK.len() + item_length(rest.get(MARK.len()..).unwrap_or_default());
        } else {
            kept.push(token.clone());
            index += 1;
        }
    }
    kept
}

/// How many tokens there are before the mark that closes what the first one opens, both included.
pub(crate) fn group_length(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// How many tokens an item has: up to its `;` or the end of its braces.
fn item_length(tokens: &[Token]) -> usize {
    let mut index = 0;
    while let Some(token) = tokens.get(index) {
        match token.text.as_str() {
            ";" => return index + 1,
            "{" => return index + group_length(tokens.get(index..).unwrap_or_default()),
            "(" | "[" => index += group_length(tokens.get(index..).unwrap_or_default()),
            _ => index += 1,
        }
    }
    tokens.len()
}

/// Whether the tokens begin with these.
pub(crate) fn starts_with(tokens: &[Token], texts: &[&str]) -> bool {
    tokens.len() >= texts.len() && tokens.iter().zip(texts).all(|(token, text)| token.is(text))
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

/// An identifier or number; `skipped` characters come before it.
fn word(rest: &[char], skipped: usize) -> (usize, Option<String>) {
    let length = rest.iter().skip(skipped).take_while(|char| is_word(**char)).count() + skipped;
    (length, Some(rest.iter().take(length).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_literals_say_nothing() {
        assert_eq!(texts("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(
            texts(r##"a("b \" c", r#"d " e"#, b'f', '\'', 'g', br"h") i"##).concat(),
            "a(,,,,,)i"
        );
        assert_eq!(texts("fn a<'b>(c: &'b str)").concat(), "fna<'b>(c:&'bstr)");
        assert_eq!(texts("raw::bytes"), ["raw", "::", "bytes"]);
    }

    #[test]
    fn lines_are_counted_through_comments_and_literals() {
        let lines: Vec<_> = tokens("a\n/* \n */ b \"\n\" c")
            .into_iter()
            .map(|token| token.line)
            .collect();
        assert_eq!(lines, [1, 3, 4]);
    }

    #[test]
    fn what_is_for_tests_only_goes() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests { use b; fn c() { d; } }\n#[cfg(test)]\nuse e;\nfn f() {}";
        let kept: Vec<_> = without_tests(&tokens(text))
            .into_iter()
            .map(|token| token.text)
            .collect();
        assert_eq!(kept.concat(), "fna(){}fnf(){}");
    }
}
