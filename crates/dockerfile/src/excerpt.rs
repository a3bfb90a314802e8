//! The lines of a file around something, for people to read.

use std::fmt;

use crate::source::Range;

/// How many lines are shown before and after.
const CONTEXT_LINES: usize = 2;
/// How many lines of a long instruction are shown.
const MARKED_LINES: usize = 16;
/// How much of a line is shown.
const SHOWN_CHARS: usize = 160;

/// The lines at and around a [`Range`], numbered, those within it marked with `>>>`, and with `^` below what is only a part of a line.
#[derive(Debug, Clone, Copy)]
pub struct Excerpt<'a> {
    file: &'a str,
    range: Range,
}

impl<'a> Excerpt<'a> {
    /// Of the text `file`, in which something stands at `range`.
    #[must_use]
    pub fn new(file: &'a str, range: Range) -> Self {
        // Columns of the first line do not count the mark that a file may begin with.
        let file = file.strip_prefix('\u{feff}').unwrap_or(file);
        Self { file, range }
    }
}

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.range.start.line, self.range.end.line);
        let shown = first.saturating_sub(CONTEXT_LINES).max(1)..=last + CONTEXT_LINES;
        let width = shown.end().to_string().len().max(3);
        let lines = (1..).zip(self.file.lines());
        for (number, line) in lines
            .skip(shown.start() - 1)
            .take_while(|(number, _)| shown.contains(number))
        {
            let is_marked = self.range.lines().contains(&number);
            if is_marked && number >= first + MARKED_LINES {
                if number == last {
                    writeln!(f, "{:width$} | >>> …", "")?;
                }
                continue;
            }
            let cut = if number == first { self.cut(line) } else { 0 };
            let part: String = line.get(cut..).unwrap_or_default().chars().take(SHOWN_CHARS).collect();
            let mark = if is_marked { ">>>" } else { "   " };
            writeln!(f, "{}", format!("{number:>width$} | {mark} {part}").trim_end())?;
            if number == last
                && let Some(points) = self.points(line, cut)
            {
                writeln!(f, "{:width$} |     {points}", "")?;
            }
        }
        Ok(())
    }
}

impl Excerpt<'_> {
    /// Where to begin with the first line: a little before the place, when that is far behind.
    fn cut(&self, line: &str) -> usize {
        let start = self.range.start.column.saturating_sub(1);
        if start < SHOWN_CHARS / 2 {
            return 0;
        }
        line.floor_char_boundary(start - SHOWN_CHARS / 4)
    }

    /// `^` below what is a part of `line`, of which the first `cut` bytes are not shown.
    fn points(&self, line: &str, cut: usize) -> Option<String> {
        let Range { start, end } = self.range;
        let (first, last) = (start.column.saturating_sub(1), end.column.saturating_sub(1));
        let (before, part) = (line.get(cut..first)?, line.get(first..last)?);
        if start.line != end.line || part.trim() == line.trim() {
            return None;
        }
        // Tabs keep their width.
        let indent = before.chars().map(|char| if char == '\t' { '\t' } else { ' ' });
        let points = part.chars().take(SHOWN_CHARS).count().max(1);
        Some(indent.chain(std::iter::repeat_n('^', points)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerfile::Dockerfile;

    fn excerpt(text: &str) -> String {
        let error = Dockerfile::parse(text.as_bytes()).unwrap_err();
        Excerpt::new(text, error.range).to_string()
    }

    #[test]
    fn a_part_of_a_line_is_pointed_at() {
        let text = "FROM a\nUSER b\nRUN \\\n\t--mount=tpye=y c\nUSER d\nUSER e\nUSER f\n";
        let expected = concat!(
            "  2 |     USER b\n",
            "  3 |     RUN \\\n",
            "  4 | >>> \t--mount=tpye=y c\n",
            "    |     \t^^^^^^^^^^^^^^\n",
            "  5 |     USER d\n",
            "  6 |     USER e\n",
        );
        assert_eq!(excerpt(text), expected);
    }

    #[test]
    fn a_whole_instruction_is_marked() {
        let text = "FROM a\n\nRUN <<EOF\nb";
        assert_eq!(
            excerpt(text),
            "  1 |     FROM a\n  2 |\n  3 | >>> RUN <<EOF\n  4 |     b\n"
        );
    }

    #[test]
    fn long_lines_and_long_instructions_are_cut() {
        let text = format!("FROM a\nCOPY --x{} b\n", "y".repeat(1000));
        assert!(excerpt(&text).lines().all(|line| line.len() < 200));
        let text = format!("FROM a\nCOPY a\\\n{}\n", "b\\\n".repeat(1000));
        let shown = excerpt(&text);
        assert!(shown.lines().count() < 25 && shown.contains("…"), "{shown}");
    }

    #[test]
    fn any_range_has_an_excerpt() {
        for range in [Range::default(), Dockerfile::parse(b"").unwrap_err().range] {
            let _ = Excerpt::new("", range).to_string();
            let _ = Excerpt::new("ä\n", range).to_string();
            let _ = Excerpt::new("\u{feff}ä\n", range).to_string();
        }
    }
}
