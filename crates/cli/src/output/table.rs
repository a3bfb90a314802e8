//! Tables for people.

use std::iter;

use container_terminal::printable;

/// Spaces between two columns.
const GAP: usize = 2;

/// Lines with aligned columns, the header first, each with its line end. The last column is not padded.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: &[[String; N]]) -> String {
    let clean: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| printable(cell)))
        .collect();
    let header = header.map(str::to_owned);
    let mut widths = [0; N];
    for row in iter::once(&header).chain(&clean) {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in iter::once(&header).chain(&clean) {
        for (index, (cell, width)) in row.iter().zip(widths).enumerate() {
            text.push_str(cell);
            if index + 1 < N {
                text.extend(iter::repeat_n(' ', width - cell.chars().count() + GAP));
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_line_up_and_the_last_is_not_padded() {
        let rows = [["web".to_owned(), "x".to_owned()], ["longer".to_owned(), String::new()]];
        assert_eq!(table(["ID", "IMAGE"], &rows), "ID      IMAGE\nweb     x\nlonger  \n");
    }

    #[test]
    fn the_header_is_there_without_rows() {
        assert_eq!(table(["ID", "IMAGE"], &[]), "ID  IMAGE\n");
    }

    proptest! {
        #[test]
        fn every_row_is_one_line(cells: [String; 3]) {
            let text = table(["A", "B", "C"], &[cells]);
            prop_assert_eq!(text.lines().count(), 2);
        }
    }
}
