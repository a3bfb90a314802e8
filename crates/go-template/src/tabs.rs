//! Columns of lines with tabs, as Docker aligns them.

use std::iter;

use crate::limits;

/// Least width of a column.
const WIDTH: usize = 10;
/// Spaces between the longest cell of a column and the next column.
const GAP: usize = 3;

/// The lines with spaces in place of their tabs. The last cell of a line is not filled up. `None` when that is too much.
pub(crate) fn align(text: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate().take(line.len().saturating_sub(1)) {
            if widths.len() == column {
                widths.push(WIDTH);
            }
            if let Some(width) = widths.get_mut(column) {
                *width = (*width).max(cell.chars().count() + GAP);
            }
        }
    }
    let mut aligned = String::new();
    let most = text.len().saturating_add(limits::OUTPUT_BYTES);
    for line in lines {
        for (column, cell) in line.iter().enumerate() {
            aligned.push_str(cell);
            if column + 1 < line.len() {
                let width = widths.get(column).copied().unwrap_or(WIDTH);
                let missing = width.saturating_sub(cell.chars().count());
                if aligned.len() + missing > most {
                    return None;
                }
                aligned.extend(iter::repeat_n(' ', missing));
            }
        }
        aligned.push('\n');
    }
    Some(aligned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_at_least_ten_wide_and_three_apart() {
        let text = "NAMES\tIMAGE\nweb\talpine\na-longer-name\tx\n";
        let expected = "NAMES           IMAGE\nweb             alpine\na-longer-name   x\n";
        assert_eq!(align(text).as_deref(), Some(expected));
        assert_eq!(align("A\tB\n").as_deref(), Some("A         B\n"));
        assert_eq!(align("A\n").as_deref(), Some("A\n"));
    }

    #[test]
    fn one_long_cell_does_not_make_millions_of_long_lines() {
        let text = format!("{}\t\n{}", "x".repeat(100_000), "\t\n".repeat(1000));
        assert_eq!(align(&text), None);
    }
}
