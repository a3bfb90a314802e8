//! Tests of the examples in the help: each of them is a command line that the program takes.

use clap::{Command, CommandFactory as _, Parser as _};

use super::CommandLine;

/// The examples in the help of a command and of those below it, with the names of the command they belong to.
fn examples(command: &Command, path: &str, found: &mut Vec<(String, String)>) {
    let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines = help
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("container "));
    found.extend(lines.map(|line| (path.to_owned(), line.to_owned())));
    for below in command.get_subcommands() {
        examples(below, &format!("{path}{} ", below.get_name()), found);
    }
}

/// The words of a line up to what joins it to another command, as a shell takes it apart.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in line.chars() {
        match (character, quote) {
            (_, Some(open)) if character == open => quote = None,
            (_, Some(_)) => word.get_or_insert_default().push(character),
            ('"' | '\'', None) => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    words.extend(word);
    let joint = |word: &String| ["&&", "|", ">"].contains(&word.as_str());
    let end = words.iter().position(joint).unwrap_or(words.len());
    words.truncate(end);
    words
}

#[test]
fn every_example_is_a_command_line_of_the_program() {
    let mut found = Vec::new();
    examples(&CommandLine::command(), "", &mut found);
    for (path, line) in &found {
        if let Err(error) = CommandLine::try_parse_from(words(line)) {
            panic!("{path}: {line}: {error}");
        }
    }
    for path in ["run ", "exec ", "build ", "system autostart enable "] {
        assert!(found.iter().any(|(of, _)| of == path), "{path}has no examples");
    }
}
