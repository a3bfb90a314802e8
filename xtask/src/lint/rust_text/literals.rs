//! How long comments and literals are.

/// How many characters there are before this one.
pub(super) fn until(rest: &[char], end: char) -> usize {
    rest.iter().position(|char| *char == end).unwrap_or(rest.len())
}

/// Block comments nest.
pub(super) fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut index) = (0_usize, 0);
    while index < rest.len() {
        let here = rest.get(index..).unwrap_or_default();
        if here.starts_with(&['/', '*']) {
            depth += 1;
            index += 2;
        } else if here.starts_with(&['*', '/']) {
            depth -= 1;
            index += 2;
            if depth == 0 {
                break;
            }
        } else {
            index += 1;
        }
    }
    index
}

/// A literal from its quotation mark to the one that ends it.
pub(super) fn quoted(rest: &[char]) -> usize {
    let mut index = 1;
    while let Some(char) = rest.get(index) {
        match char {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    rest.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br"…"`, `c"…"`, `b'…'`; `None` when it is an identifier.
pub(super) fn prefixed_literal(rest: &[char]) -> Option<usize> {
    let prefix = rest
        .iter()
        .take(2)
        .take_while(|char| ['b', 'c', 'r'].contains(char))
        .count();
    let is_raw = rest.get(prefix.checked_sub(1)?) == Some(&'r');
    let after = rest.get(prefix..)?;
    let hashes = after.iter().take_while(|char| **char == '#').count();
    match after.get(hashes) {
        Some('"') if is_raw => {
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = after.get(hashes + 1..)?;
            let end = body.windows(close.len()).position(|window| window == close)?;
            Some(prefix + hashes + 1 + end + close.len())
        }
        Some('"') if hashes == 0 => Some(prefix + quoted(after)),
        Some('\'') if hashes == 0 && rest.first() == Some(&'b') => Some(prefix + character(after)?),
        _ => None,
    }
}

/// `'x'`; `None` when it is a lifetime.
pub(super) fn character(rest: &[char]) -> Option<usize> {
    match (rest.get(1)?, rest.get(2)?) {
        ('\\', _) => {
            let end = rest.iter().skip(3).position(|char| *char == '\'')?;
            Some(end + 4)
        }
        (_, '\'') => Some(3),
        _ => None,
    }
}
