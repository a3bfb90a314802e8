//! What a stage does, instruction by instruction.

mod command_line;
mod copy;
mod duration;
mod environment;
mod expose;
mod healthcheck;
mod mount;
mod onbuild;
mod run;
mod variables;
mod words;

pub use command_line::CommandLine;
pub use copy::{Add, Copy, FileSource};
pub use environment::{Arg, ArgDeclaration, Env, KeyValue, Label};
pub use expose::Expose;
pub use healthcheck::{Healthcheck, Probe};
pub use mount::{
    BindMount, CacheMount, CacheSharing, Mount, MountField, MountFlag, MountKey, MountOwner, SecretMount, SshMount,
    TmpfsMount,
};
pub use onbuild::Onbuild;
pub use run::{Network, Run, RunCommand, Security};

use std::fmt;

use crate::error::{ParseError, ParseProblem};
use crate::escape::Escape;
use crate::flags;
use crate::json;
use crate::lines::Lines;
use crate::request::Request;
use crate::source::{Located, Range};
use crate::suggest;
use crate::word::Word;

/// An instruction other than `FROM`, which begins a [`Stage`](crate::Stage).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// `ADD`: files from the context, an address or a repository; archives are unpacked.
    Add(Add),
    /// `ARG`: names of variables that only the build sees.
    Arg(Arg),
    /// `CMD`: what a container runs, or the arguments of its entry point.
    Cmd(CommandLine),
    /// `COPY`: files from the context, a stage, an image or a named context.
    Copy(Copy),
    /// `ENTRYPOINT`: what a container runs; `CMD` of the base no longer counts.
    Entrypoint(CommandLine),
    /// `ENV`: variables of the following instructions and of containers.
    Env(Env),
    /// `EXPOSE`: ports that a container listens at.
    Expose(Expose),
    /// `HEALTHCHECK`: how a container is asked whether it works.
    Healthcheck(Healthcheck),
    /// `LABEL`: data about the image.
    Label(Label),
    /// `MAINTAINER`: the author, as it was written; `LABEL` has taken its place.
    Maintainer(String),
    /// `ONBUILD`: an instruction for the images that start from this one.
    Onbuild(Onbuild),
    /// `RUN`: a command whose changes to the file system stay.
    Run(Run),
    /// `SHELL`: what command lines that are no JSON are given to, never empty.
    Shell(Vec<String>),
    /// `STOPSIGNAL`: the signal that asks a container to end.
    Stopsignal(Word),
    /// `USER`: `name[:group]` by name or number, for the following instructions and for containers.
    User(Word),
    /// `VOLUME`: directories that get a volume, never empty.
    Volume(Vec<Word>),
    /// `WORKDIR`: the directory of the following instructions and of containers; relative to the one before.
    Workdir(Word),
}

/// What instructions are called.
pub(crate) const NAMES: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// How much of an unknown name an error shows.
const SHOWN_CHARS: usize = 40;

impl Instruction {
    /// Reads a single instruction, such as an [`Onbuild::trigger`]. Escapes are those of a file that does not choose any.
    ///
    /// # Errors
    /// [`ParseError`], with places within `text`, when it is not one instruction of a stage.
    pub fn parse(text: &str) -> Result<Located<Self>, ParseError> {
        let mut lines = Lines::new(text, Escape::default());
        let Some(line) = lines.next_logical_line()? else {
            return Err(ParseError::new(Range::default(), ParseProblem::NoInstructions));
        };
        let request = Request::read(&line, &mut lines)?;
        let instruction = Self::read(&request)?;
        match lines.next_logical_line()? {
            None => Ok(instruction),
            Some(second) => Err(ParseError::new(second.whole().range(), ParseProblem::SecondInstruction)),
        }
    }

    pub(crate) fn read(request: &Request<'_>) -> Result<Located<Self>, ParseError> {
        let value = match request.name().as_str() {
            "add" => Self::Add(Add::parse(request)?),
            "arg" => Self::Arg(Arg::parse(request)?),
            "cmd" => Self::Cmd(CommandLine::parse(request, "CMD")?),
            "copy" => Self::Copy(Copy::parse(request)?),
            "entrypoint" => Self::Entrypoint(CommandLine::parse(request, "ENTRYPOINT")?),
            "env" => Self::Env(Env::parse(request)?),
            "expose" => Self::Expose(Expose::parse(request)?),
            "healthcheck" => Self::Healthcheck(Healthcheck::parse(request)?),
            "label" => Self::Label(Label::parse(request)?),
            "maintainer" => Self::Maintainer(single(request, "MAINTAINER")?.as_str().to_owned()),
            "onbuild" => {
                let onbuild = Onbuild::parse(request)?;
                // Who starts from the image could do nothing about it.
                Self::parse(&onbuild.trigger)
                    .map_err(|error| request.error(ParseProblem::InvalidTrigger(Box::new(error.problem))))?;
                Self::Onbuild(onbuild)
            }
            "run" => Self::Run(Run::parse(request)?),
            "shell" => Self::Shell(shell(request)?),
            "stopsignal" => Self::Stopsignal(single(request, "STOPSIGNAL")?),
            "user" => Self::User(single(request, "USER")?),
            "volume" => Self::Volume(expose::volumes(request)?),
            "workdir" => Self::Workdir(single(request, "WORKDIR")?),
            "from" => return Err(request.error(ParseProblem::NotInStage)),
            name => {
                let problem = ParseProblem::UnknownInstruction {
                    name: request.keyword().as_str().chars().take(SHOWN_CHARS).collect(),
                    suggestion: suggest::nearest(name, NAMES),
                };
                return Err(ParseError::new(request.keyword().range(), problem));
            }
        };
        let source = request.source();
        Ok(Located { value, source })
    }

    /// Its name in capitals.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Add(_) => "ADD",
            Self::Arg(_) => "ARG",
            Self::Cmd(_) => "CMD",
            Self::Copy(_) => "COPY",
            Self::Entrypoint(_) => "ENTRYPOINT",
            Self::Env(_) => "ENV",
            Self::Expose(_) => "EXPOSE",
            Self::Healthcheck(_) => "HEALTHCHECK",
            Self::Label(_) => "LABEL",
            Self::Maintainer(_) => "MAINTAINER",
            Self::Onbuild(_) => "ONBUILD",
            Self::Run(_) => "RUN",
            Self::Shell(_) => "SHELL",
            Self::Stopsignal(_) => "STOPSIGNAL",
            Self::User(_) => "USER",
            Self::Volume(_) => "VOLUME",
            Self::Workdir(_) => "WORKDIR",
        }
    }
}

/// All of the arguments as one word.
fn single(request: &Request<'_>, instruction: &'static str) -> Result<Word, ParseError> {
    Ok(request.arguments_only(instruction, "exactly one argument")?.word())
}

fn shell(request: &Request<'_>) -> Result<Vec<String>, ParseError> {
    let instruction = "SHELL";
    request.arguments_only(instruction, "at least one argument")?;
    match request.json()? {
        None => Err(request.error(ParseProblem::NotJson { instruction })),
        Some(arguments) if arguments.is_empty() => {
            let expected = "at least one argument";
            Err(request.error(ParseProblem::Arguments { instruction, expected }))
        }
        Some(arguments) => Ok(arguments),
    }
}

impl fmt::Display for Instruction {
    /// The line, and its heredocs on lines of their own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |f: &mut fmt::Formatter<'_>, text: &str| {
            f.write_str(self.name())?;
            flags::write_arguments(f, text)
        };
        match self {
            Self::Add(add) => add.fmt(f),
            Self::Arg(arg) => arg.fmt(f),
            Self::Cmd(command) | Self::Entrypoint(command) => word(f, &command.to_string()),
            Self::Copy(copy) => copy.fmt(f),
            Self::Env(env) => env.fmt(f),
            Self::Expose(expose) => expose.fmt(f),
            Self::Healthcheck(healthcheck) => healthcheck.fmt(f),
            Self::Label(label) => label.fmt(f),
            Self::Maintainer(text) => word(f, text),
            Self::Onbuild(onbuild) => onbuild.fmt(f),
            Self::Run(run) => run.fmt(f),
            Self::Shell(arguments) => word(f, &json::write(arguments.iter().map(String::as_str))),
            Self::Stopsignal(text) | Self::User(text) | Self::Workdir(text) => word(f, text.as_str()),
            Self::Volume(volumes) => {
                f.write_str(self.name())?;
                let volumes: Vec<String> = volumes.iter().map(Word::to_string).collect();
                words::write(f, &volumes, false)
            }
        }
    }
}
