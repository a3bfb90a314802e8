//! Lines that read back as the one that was meant.

use std::fmt;

use crate::escape::Escape;
use crate::lines::LINE_LIMIT_BYTES;

/// Writes an instruction: its line in as many lines as it needs, then its heredocs as they are.
pub(super) fn write(f: &mut fmt::Formatter<'_>, instruction: &str, escape: Escape) -> fmt::Result {
    let (line, heredocs) = match instruction.split_once('\n') {
        Some((line, heredocs)) => (line, Some(heredocs)),
        None => (instruction, None),
    };
    write_line(f, line, escape.char())?;
    match heredocs {
        Some(heredocs) => writeln!(f, "{heredocs}"),
        None => Ok(()),
    }
}

fn write_line(f: &mut fmt::Formatter<'_>, line: &str, escape: char) -> fmt::Result {
    let mut rest = line;
    while rest.len() > LINE_LIMIT_BYTES
        && let Some(end) = last_break(rest, escape)
    {
        let (part, after) = rest.split_at(end);
        writeln!(f, "{part}{escape}")?;
        rest = after;
    }
    f.write_str(rest)?;
    // Nothing is continued by an escape character with anything but blanks and tabs behind it, and the rest is taken off.
    if rest.trim_end_matches([' ', '\t']).ends_with(escape) {
        f.write_str("\u{b}")?;
    }
    writeln!(f)
}

/// The last place within the longest line where it can be continued on the next one: not behind an escape character, and not before what
/// would be taken for nothing or for a comment.
fn last_break(line: &str, escape: char) -> Option<usize> {
    let fits = line.floor_char_boundary(LINE_LIMIT_BYTES - escape.len_utf8());
    let (part, rest) = line.split_at(fits);
    let mut next = rest.chars().next()?;
    for (offset, char) in part.char_indices().rev() {
        if char != escape && !next.is_whitespace() && next != '#' {
            return Some(offset + char.len_utf8());
        }
        next = char;
    }
    None
}
