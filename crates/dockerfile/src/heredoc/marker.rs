//! `<<EOF` on an instruction's line.

use std::fmt::{self, Write};
use std::iter::Peekable;
use std::str::CharIndices;

/// What begins a heredoc. The escape character is `\`, whatever the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    pub(crate) name: String,
    pub(crate) expands: bool,
    pub(crate) strips_tabs: bool,
    pub(crate) descriptor: u32,
}

impl Marker {
    /// Those on a line. None when a quote on it is not closed.
    pub(crate) fn find(line: &str) -> Vec<Self> {
        if !line.contains("<<") {
            return Vec::new();
        }
        let words = words(line).unwrap_or_default();
        words.into_iter().filter_map(Self::read).collect()
    }

    /// `word`, if all of it begins a heredoc: `[descriptor]<<[-]name`, blanks allowed before the name.
    pub(crate) fn read(word: &str) -> Option<Self> {
        let rest = word.trim_start_matches(|char: char| char.is_ascii_digit());
        let descriptor = word.strip_suffix(rest)?.parse().unwrap_or(0);
        let rest = rest.strip_prefix("<<")?;
        let without_dash = rest.strip_prefix('-');
        let written = without_dash.unwrap_or(rest).trim_start();
        if written.contains('<') {
            return None;
        }
        let (name, quoted) = unquote(written)?;
        Some(Self {
            name,
            expands: !quoted,
            strips_tabs: without_dash.is_some(),
            descriptor,
        })
    }
}

/// The parts of a line between blanks that are neither quoted nor escaped nor right after `<<`; `None` when a quote is not closed.
fn words(line: &str) -> Option<Vec<&str>> {
    let mut words = Vec::new();
    let mut start = None;
    let mut chars = line.char_indices().peekable();
    while let Some((offset, char)) = chars.next() {
        if char.is_whitespace() {
            words.extend(start.take().and_then(|start| line.get(start..offset)));
            continue;
        }
        start.get_or_insert(offset);
        match char {
            '\\' => drop(chars.next()),
            '\'' | '"' => skip_quoted(&mut chars, char)?,
            '<' if chars.next_if(|(_, char)| *char == '<').is_some() => {
                while chars.next_if(|(_, char)| char.is_whitespace()).is_some() {}
            }
            _ => {}
        }
    }
    words.extend(start.and_then(|start| line.get(start..)));
    Some(words)
}

/// Goes to the end of what `quote` opened; `None` when there is none.
fn skip_quoted(chars: &mut Peekable<CharIndices<'_>>, quote: char) -> Option<()> {
    loop {
        match chars.next()?.1 {
            char if char == quote => return Some(()),
            '\\' if quote == '"' => drop(chars.next()),
            _ => {}
        }
    }
}

/// The word without quotes and escapes, and whether a part of it was quoted. `None` when it is no word, or empty.
fn unquote(word: &str) -> Option<(String, bool)> {
    let mut name = String::new();
    let mut quoted = false;
    let mut quote = None;
    let mut chars = word.chars().peekable();
    while let Some(char) = chars.next() {
        match (quote, char) {
            (Some(open), _) if char == open => quote = None,
            (Some('"'), '\\') => match chars.next_if(|char| matches!(char, '"' | '$' | '\\')) {
                Some(escaped) => name.push(escaped),
                None => name.push(char),
            },
            (Some(_), _) => name.push(char),
            (None, '\'' | '"') => {
                quote = Some(char);
                quoted = true;
            }
            (None, '\\') => name.extend(chars.next()),
            (None, _) if char.is_whitespace() => return None,
            (None, _) => name.push(char),
        }
    }
    (quote.is_none() && !name.is_empty()).then_some((name, quoted))
}

/// Writes a name without quotes.
pub(super) fn write_escaped(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    for (offset, char) in name.char_indices() {
        // `<<-` would strip tabs.
        let is_dash = offset == 0 && char == '-';
        if is_dash || char.is_whitespace() || matches!(char, '\'' | '"' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(char)?;
    }
    Ok(())
}

/// Writes a name with quotes.
pub(super) fn write_quoted(f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
    if !name.contains('\'') {
        return write!(f, "'{name}'");
    }
    f.write_char('"')?;
    for char in name.chars() {
        if matches!(char, '"' | '$' | '\\') {
            f.write_char('\\')?;
        }
        f.write_char(char)?;
    }
    f.write_char('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marker(name: &str, expands: bool, strips_tabs: bool, descriptor: u32) -> Marker {
        Marker {
            name: name.to_owned(),
            expands,
            strips_tabs,
            descriptor,
        }
    }

    #[test]
    fn markers_are_found() {
        for (line, expected) in [
            ("RUN <<EOF", vec![marker("EOF", true, false, 0)]),
            ("RUN <<-EOF", vec![marker("EOF", true, true, 0)]),
            ("RUN <<'EOF'", vec![marker("EOF", false, false, 0)]),
            ("RUN <<\"E F\"", vec![marker("E F", false, false, 0)]),
            ("RUN <<E\\ F", vec![marker("E F", true, false, 0)]),
            ("RUN <<  EOF bash", vec![marker("EOF", true, false, 0)]),
            ("RUN 3<<EOF", vec![marker("EOF", true, false, 3)]),
            ("RUN <<$EOF", vec![marker("$EOF", true, false, 0)]),
            (
                "COPY <<a <<-'b' /",
                vec![marker("a", true, false, 0), marker("b", false, true, 0)],
            ),
            ("RUN a<<EOF", vec![]),
            ("RUN <<<EOF", vec![]),
            ("RUN $((1<<2))", vec![]),
            ("RUN \"<<EOF\"", vec![]),
            ("RUN '<<EOF'", vec![]),
            ("RUN \\<<EOF", vec![]),
            ("RUN it's <<EOF", vec![]),
            ("RUN <<", vec![]),
            ("RUN <<''", vec![]),
        ] {
            assert_eq!(Marker::find(line), expected, "{line}");
        }
    }
}
