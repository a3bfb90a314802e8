//! What the command line parser has to say: what is wrong with a command line, or the help or version that was asked for.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use container_model::exit_code;

use crate::command_line::{CommandLine, VERSION};
use crate::error::{CommandError, tell};
use crate::output;

/// What the parser has its own messages begin with.
const PARSER_PREFIX: &str = "error: ";

/// Words of other tools for which there is no command of that name, and what to do instead.
const ELSEWHERE: [(&str, &str); 7] = [
    (
        "buildx",
        "container build has what BuildKit's frontend takes, --platform and --output included",
    ),
    (
        "compose",
        "there is no compose yet: container run, --network and --restart have its parts",
    ),
    (
        "container",
        "commands for containers have no word in front of them: container list, container run",
    ),
    (
        "import",
        "container build, with a Dockerfile of FROM scratch and ADD of the tar",
    ),
    ("k8s", "there are no clusters here"),
    ("machine", "there are no machines without containers yet: container run"),
    (
        "search",
        "registries are searched on their web sites: container image pull takes a name",
    ),
];

/// Shows it; gives the exit code.
pub(crate) fn report(mut error: clap::Error) -> ExitCode {
    match error.kind() {
        // Every command has the flag, and it is one program.
        ErrorKind::DisplayVersion => {
            return match output::line(&format!("container {VERSION}")) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => CommandError::from(error).report(),
            };
        }
        ErrorKind::InvalidSubcommand => suggest(&mut error),
        ErrorKind::TooFewValues => say_once(&mut error),
        _ => {}
    }
    if error.use_stderr() {
        let text = error.render().to_string();
        match text.strip_prefix(PARSER_PREFIX) {
            Some(message) => tell(message.trim_end()),
            // The help, for a command line that says nothing.
            None => drop(write!(io::stderr(), "{text}")),
        }
        return ExitCode::from(exit_code::USAGE);
    }
    match error.print() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => CommandError::from(error).report(),
    }
}

/// Has the message about an argument of several words name it once, and not once for each word that is needed.
fn say_once(error: &mut clap::Error) {
    let Some(ContextValue::String(argument)) = error.get(ContextKind::InvalidArg) else {
        return;
    };
    if let Some((first, _)) = argument.split_once("> <") {
        let first = format!("{first}>");
        error.insert(ContextKind::InvalidArg, ContextValue::String(first));
    }
}

/// Has the message about a command that there is not name others that may be meant: no aliases of one letter, which are like any word, and no hidden commands,
/// which only this program itself uses.
fn suggest(error: &mut clap::Error) {
    let word = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) => word.clone(),
        _ => return,
    };
    if let Some((_, instead)) = ELSEWHERE.iter().find(|(elsewhere, _)| *elsewhere == word) {
        error.remove(ContextKind::SuggestedSubcommand);
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![StyledStr::from(*instead)]),
        );
        return;
    }
    if let Some(ContextValue::Strings(mut similar)) = error.remove(ContextKind::SuggestedSubcommand) {
        let command = CommandLine::command();
        let is_hidden = |name: &String| command.find_subcommand(name).is_some_and(clap::Command::is_hide_set);
        similar.retain(|name| name.len() > 1 && !is_hidden(name));
        if similar.is_empty() {
            // An empty line in their place.
            error.remove(ContextKind::Suggested);
        } else {
            error.insert(ContextKind::SuggestedSubcommand, ContextValue::Strings(similar));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    fn message(words: &[&str]) -> String {
        let mut error = CommandLine::try_parse_from(std::iter::once(&"container").chain(words)).unwrap_err();
        suggest(&mut error);
        error.render().to_string()
    }

    #[test]
    fn commands_that_are_like_a_wrong_one_are_named_but_no_letters_and_nothing_hidden() {
        assert!(message(&["inspct"]).contains("'inspect'"));
        for word in ["nosuchcmd", "launchr", "xn"] {
            let message = message(&[word]);
            assert!(!message.contains("tip:") && !message.contains("\n\n\n"), "{message}");
        }
    }

    #[test]
    fn words_of_other_tools_lead_to_what_there_is() {
        for (word, instead) in ELSEWHERE {
            let message = message(&[word, "ls"]);
            assert!(message.contains(&format!("tip: {instead}")), "{message}");
        }
    }

    #[test]
    fn an_argument_of_several_words_is_named_once() {
        let mut error = CommandLine::try_parse_from(["container", "exec", "web"]).unwrap_err();
        say_once(&mut error);
        let message = error.render().to_string();
        assert!(
            message.contains("required by '<CONTAINER PROGRAM [ARGUMENTS]>'; only 1"),
            "{message}"
        );
    }

    #[test]
    fn every_command_says_the_version() {
        for words in [
            &["--version"][..],
            &["run", "--version"],
            &["image", "list", "--version"],
        ] {
            let error = CommandLine::try_parse_from(std::iter::once(&"container").chain(words)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DisplayVersion);
        }
    }
}
