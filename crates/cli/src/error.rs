//! From an error to a message, a hint and an exit code.

use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use container_engine::{EngineError, FailureClass, ImageError, KernelError, LoginError, OpenError};
use container_model::exit_code;
use container_terminal::{printable_lines, shorten_words};

/// What every error message begins with.
const PREFIX: &str = "Error: ";

/// The exit code when nobody reads the results any more (`| head -1`): that of SIGPIPE.
const READER_GONE: u8 = exit_code::SIGNAL_BASE + 13;

/// Longest word of a message, characters: a path of kilobytes would bury the rest.
const WORD_CHARACTERS: usize = 300;

/// What a command that failed has to say.
#[derive(Debug)]
pub(crate) struct CommandError {
    message: String,
    hint: Option<String>,
    /// `None` is a failure without an exit code of its own.
    code: Option<u8>,
}

impl CommandError {
    /// A failure without an exit code of its own.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code: None,
        }
    }

    /// A command line that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(message).with_code(exit_code::USAGE)
    }

    /// A failure that has already been explained, or needs no words.
    pub(crate) fn silent(code: u8) -> Self {
        Self::new("").with_code(code)
    }

    /// Several failures, one per line. They have the exit code that all of them have.
    pub(crate) fn joined(errors: &[Self]) -> Self {
        let lines: Vec<String> = errors.iter().map(Self::text).collect();
        let first = errors.first().and_then(|error| error.code);
        Self {
            code: first.filter(|code| errors.iter().all(|error| error.code == Some(*code))),
            ..Self::new(lines.join(&format!("\n{PREFIX}")))
        }
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_code(mut self, code: u8) -> Self {
        self.code = Some(code);
        self
    }

    /// The exit code of a command that starts a program: failures of our own become 125, as in Docker. What the command line got
    /// wrong stays 64.
    pub(crate) fn starting_a_program(mut self) -> Self {
        self.code.get_or_insert(exit_code::LAUNCH);
        self
    }

    fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{} (try: {hint})", self.message),
            None => self.message.clone(),
        }
    }

    /// Tells the user, and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !self.message.is_empty() {
            tell(self.text());
        }
        ExitCode::from(self.code.unwrap_or(exit_code::FAILURE))
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        if error.class() == FailureClass::ReaderGone {
            return Self::silent(READER_GONE);
        }
        Self {
            message: error.to_string(),
            hint: error.hint(),
            code: code(error.class()),
        }
    }
}

impl From<OpenError> for CommandError {
    fn from(error: OpenError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<KernelError> for CommandError {
    fn from(error: KernelError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<LoginError> for CommandError {
    fn from(error: LoginError) -> Self {
        Self {
            message: error.to_string(),
            hint: error.hint(),
            code: None,
        }
    }
}

/// The message of an image's error names what to try by itself.
impl From<ImageError> for CommandError {
    fn from(error: ImageError) -> Self {
        Self {
            message: error.to_string(),
            hint: None,
            code: code(error.class()),
        }
    }
}

/// The exit code of a class of failures, if it has one of its own.
fn code(class: FailureClass) -> Option<u8> {
    match class {
        FailureClass::Usage => Some(exit_code::USAGE),
        FailureClass::NotFound | FailureClass::Other => None,
        FailureClass::ReaderGone => Some(READER_GONE),
        FailureClass::Launch => Some(exit_code::LAUNCH),
        FailureClass::NotExecutable => Some(exit_code::NOT_EXECUTABLE),
        FailureClass::ProgramNotFound => Some(exit_code::NOT_FOUND),
    }
}

/// A failed write of results. A reader that has gone (`| head -1`) ends the command quietly, with the code of SIGPIPE.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::silent(READER_GONE);
        }
        Self::new(format!("cannot write the output: {error}"))
    }
}

/// Tells the user of a failure. When not even standard error can be written to, the exit code has to do.
pub(crate) fn tell(message: impl Display) {
    let _ = writeln!(io::stderr(), "{PREFIX}{}", harmless(&message.to_string()));
}

/// Tells the user something that matters and is no failure.
pub(crate) fn warn(text: impl Display) {
    // Results do not depend on it.
    let _ = writeln!(io::stderr(), "Warning: {}", harmless(&text.to_string()));
}

/// A message may quote text from anywhere: a registry, a guest, a file name.
fn harmless(message: &str) -> String {
    shorten_words(&printable_lines(&in_words(message)), WORD_CHARACTERS)
}

/// What the system says, without its number, and with "not found" for what is missing, as in the messages of our own.
pub(crate) fn in_words(message: &str) -> String {
    let mut pieces = message.split(" (os error ");
    let mut words = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once(')') {
            Some((number, rest)) if number.parse::<i32>().is_ok() => words.push_str(rest),
            _ => {
                words.push_str(" (os error ");
                words.push_str(piece);
            }
        }
    }
    words.replace("No such file or directory", "file or directory not found")
}

/// The error of an action that failed.
pub(crate) fn cannot(action: impl Display, reason: impl Display) -> CommandError {
    CommandError::new(format!("cannot {action}: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_failure_before_a_program_runs_is_125() {
        assert_eq!(CommandError::new("x").starting_a_program().code, Some(125));
        assert_eq!(CommandError::usage("x").starting_a_program().code, Some(64));
        assert_eq!(
            CommandError::new("x").with_code(127).starting_a_program().code,
            Some(127)
        );
    }

    #[test]
    fn several_errors_stand_one_per_line() {
        let joined = CommandError::joined(&[CommandError::new("a").with_hint("b"), CommandError::new("c")]);
        assert_eq!((joined.text().as_str(), joined.code), ("a (try: b)\nError: c", None));
        let mistakes = [CommandError::usage("a"), CommandError::usage("b")];
        assert_eq!(CommandError::joined(&mistakes).code, Some(64));
    }

    #[test]
    fn what_a_message_quotes_is_short_and_cannot_drive_the_terminal() {
        let message = harmless(&format!("cannot use /{}: \u{1b}[2J\u{202e}no", "x".repeat(4096)));
        assert!(message.chars().count() < WORD_CHARACTERS + 40, "{message}");
        assert!(message.starts_with("cannot use /xx") && message.ends_with("x: \u{fffd}[2J\u{fffd}no"));
    }

    #[test]
    fn what_the_system_says_is_said_in_words() {
        let missing = io::Error::from_raw_os_error(rustix::io::Errno::NOENT.raw_os_error());
        let refused = io::Error::from_raw_os_error(rustix::io::Errno::ACCESS.raw_os_error());
        assert_eq!(
            harmless(&format!("cannot open a: {missing}; cannot open b: {refused}.")),
            "cannot open a: file or directory not found; cannot open b: Permission denied."
        );
        assert_eq!(harmless("a (os error x) b"), "a (os error x) b");
    }

    #[test]
    fn a_reader_that_has_gone_is_no_error_message() {
        let error = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!((error.message.as_str(), error.code), ("", Some(141)));
    }
}
