//! Manual pages: one for each command, made of what `--help` knows.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::command_line::CommandLine;
use crate::error::{CommandError, cannot};
use crate::output;

/// A page: the name of its file, such as `container-image-list.1`, and its text, man(7).
type Page = (String, Vec<u8>);

/// Writes the pages of all visible commands into a directory, which is made; prints their paths.
pub(crate) fn write(directory: &Path) -> Result<u8, CommandError> {
    fs::create_dir_all(directory).map_err(|error| cannot(format!("make {}", directory.display()), error))?;
    for (name, text) in pages()? {
        let path = directory.join(name);
        fs::write(&path, text).map_err(|error| cannot(format!("write {}", path.display()), error))?;
        output::line(&path.display().to_string())?;
    }
    Ok(0)
}

fn pages() -> Result<Vec<Page>, CommandError> {
    // The page of a command names those below it; none of `help`.
    let mut all = CommandLine::command().disable_help_subcommand(true);
    // Gives each command its full name.
    all.build();
    let mut pages = Vec::new();
    add(&all, &mut pages)?;
    Ok(pages)
}

fn add(command: &Command, pages: &mut Vec<Page>) -> Result<(), CommandError> {
    let man = Man::new(command.clone())
        // None, in quotation marks: nothing at all would leave its place to what follows.
        .date(" ")
        .source(concat!("container ", env!("CARGO_PKG_VERSION")))
        .manual("User commands");
    let mut text = Vec::new();
    man.render(&mut text)
        .map_err(|error| cannot("make a manual page", error))?;
    pages.push((man.get_filename(), text));
    let visible = command.get_subcommands().filter(|below| !below.is_hide_set());
    visible.into_iter().try_for_each(|below| add(below, pages))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests and macros of man(7) and groff(7) that the pages are made of.
    const KNOWN: [&str; 11] = ["IP", "PP", "RE", "RS", "SH", "SS", "TH", "TP", "br", "el", "ie"];

    #[test]
    fn every_visible_command_has_its_page() {
        let pages = pages().unwrap();
        let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
        // All of them have a line in the list of commands and flags; the first page is that of the program.
        let tree = include_str!("command_line/tree.txt").lines();
        let expected = tree.map(|line| {
            let words = line.split(' ').take_while(|word| !word.starts_with('-'));
            let words: Vec<_> = words.map(|word| word.split('|').next().unwrap_or(word)).collect();
            format!("container-{}.1", words.join("-"))
        });
        let expected: Vec<String> = std::iter::once("container.1".to_owned()).chain(expected).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn pages_are_what_man_reads() {
        for (name, text) in pages().unwrap() {
            let text = String::from_utf8(text).unwrap();
            let title = text.lines().find(|line| line.starts_with(".TH "));
            let title = title.unwrap_or_else(|| panic!("{name} has no title"));
            assert!(
                title.starts_with(&format!(".TH {} 1 \" \" \"container ", name.trim_end_matches(".1"))),
                "{title}"
            );
            for section in [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"] {
                assert!(text.lines().any(|line| line == section), "{name} has no {section}");
            }
            // A line that begins so is no text, and one that is not known would be left out when it is shown.
            for line in text.lines().filter(|line| line.starts_with(['.', '\''])) {
                let request = line[1..].split(' ').next().unwrap();
                assert!(KNOWN.contains(&request), "{name}: {line}");
            }
        }
    }
}
