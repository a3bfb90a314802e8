//! Why a text is no Dockerfile.

use crate::source::Range;
use crate::word::ExpandError;

/// A text that is no Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{range}: {problem}")]
pub struct ParseError {
    /// Where it is wrong.
    pub range: Range,
    /// What is wrong there.
    pub problem: ParseProblem,
}

impl ParseError {
    pub(crate) fn new(range: Range, problem: ParseProblem) -> Self {
        Self { range, problem }
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseProblem {
    /// The file is larger than the limit.
    #[error("the Dockerfile has more than {limit_bytes} bytes")]
    FileTooLarge {
        /// The limit.
        limit_bytes: usize,
    },
    /// The file is no UTF-8.
    #[error("the Dockerfile is not UTF-8; save it in that encoding")]
    NotUtf8,
    /// A line is longer than the limit.
    #[error("the line is longer than the {limit_bytes} bytes that are allowed; continue it on another line")]
    LineTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// There is nothing but comments.
    #[error("the Dockerfile has no instructions; it begins with `FROM image`")]
    NoInstructions,
    /// There is no `FROM`.
    #[error("the Dockerfile has no stage to build; begin one with `FROM image`")]
    NoStage,
    /// A continued line, and nothing else up to the end of the file.
    #[error("the line says that an instruction goes on, and none is there")]
    NothingContinues,
    /// The same directive a second time.
    #[error("only one `{0}` directive can be used; remove this one")]
    DirectiveTwice(&'static str),
    /// `# escape=` with something else than one of the two characters.
    #[error("invalid escape character `{0}`; it is ` or \\")]
    InvalidEscape(String),
    /// `# syntax=` asks for another language.
    #[error(
        "unsupported syntax `{0}`: Dockerfiles are read natively, no other frontend is run; use `docker/dockerfile:1` or remove the line"
    )]
    UnsupportedSyntax(String),
    /// `# check=` that cannot be read.
    #[error("invalid check option `{0}`; write `# check=skip=RULE,RULE;error=true`")]
    InvalidCheck(String),
    /// No instruction has this name.
    #[error("unknown instruction `{name}`{}", did_you_mean(*suggestion))]
    UnknownInstruction {
        /// As it was written, shortened when it is long.
        name: String,
        /// The one that was perhaps meant.
        suggestion: Option<&'static str>,
    },
    /// An instruction in front of all stages.
    #[error("`{0}` before the first `FROM`: only ARG may stand there; begin a stage with `FROM image`")]
    BeforeFrom(&'static str),
    /// `FROM`, where one instruction of a stage was to be read.
    #[error("`FROM` is no instruction of a stage")]
    NotInStage,
    /// More than the one instruction that was to be read.
    #[error("there is a second instruction, and one is expected")]
    SecondInstruction,
    /// The instruction has no such flag.
    #[error("unknown flag `--{flag}` of {instruction}{}", did_you_mean(*suggestion))]
    UnknownFlag {
        /// The instruction.
        instruction: &'static str,
        /// The flag without `--`.
        flag: String,
        /// The one that was perhaps meant.
        suggestion: Option<&'static str>,
    },
    /// A flag that can be given only once.
    #[error("`--{flag}` is given twice to {instruction}")]
    FlagTwice {
        /// The instruction.
        instruction: &'static str,
        /// The flag without `--`.
        flag: &'static str,
    },
    /// A flag without its value.
    #[error("missing a value for the flag `--{flag}`: write `--{flag}=…`")]
    FlagWithoutValue {
        /// The flag without `--`.
        flag: &'static str,
    },
    /// A flag with a value that it does not take.
    #[error("invalid value `{value}` of the flag `--{flag}`: it is {expected}")]
    FlagValue {
        /// The flag without `--`.
        flag: &'static str,
        /// The value.
        value: String,
        /// What it takes.
        expected: String,
    },
    /// `--from` with a variable.
    #[error(
        "`{option}` doesn't support variables, and `{value}` has one: begin a stage with `FROM {value} AS name` and use that name"
    )]
    VariableInFrom {
        /// `--from`, or `from` of a mount.
        option: &'static str,
        /// Its value.
        value: String,
    },
    /// Too few or too many arguments.
    #[error("{instruction} requires {expected}")]
    Arguments {
        /// The instruction.
        instruction: &'static str,
        /// What it takes.
        expected: &'static str,
    },
    /// A word of `ENV` or `LABEL` without `=`.
    #[error("can't find = in `{word}`: it must be of the form name=value; quote a value that has blanks")]
    NoEquals {
        /// The word.
        word: String,
    },
    /// `=value`
    #[error("{instruction} names can not be blank: there is nothing before =")]
    BlankName {
        /// The instruction.
        instruction: &'static str,
    },
    /// `VOLUME [""]`
    #[error("VOLUME can not be an empty string")]
    BlankVolume,
    /// An array with something else than texts.
    #[error("a JSON array must be comprised of strings only; put \" around every part")]
    NotOnlyTexts,
    /// No JSON where it must be.
    #[error(
        "{instruction} requires the arguments to be in JSON form: `{instruction} [\"program\", \"argument\"]`, with double quotes"
    )]
    NotJson {
        /// The instruction.
        instruction: &'static str,
    },
    /// A name that no stage can have.
    #[error(
        "invalid name for a build stage: `{0}`; it begins with a letter, and letters, digits, `-`, `_` and `.` may follow"
    )]
    InvalidStageName(String),
    /// A heredoc up to the end of the file.
    #[error("unterminated heredoc: no line is `{terminator}` and nothing else")]
    UnterminatedHeredoc {
        /// The line that is missing.
        terminator: String,
    },
    /// The last argument of `COPY` or `ADD` is a heredoc.
    #[error("{instruction} cannot accept a heredoc as a destination; the last argument is the path to write to")]
    HeredocAsDestination {
        /// The instruction.
        instruction: &'static str,
    },
    /// A heredoc that is none of the sources.
    #[error(
        "the heredoc `{name}` is not a source of {instruction}: write `<<{name}` as a word of its own, without blanks"
    )]
    HeredocNotSource {
        /// The instruction.
        instruction: &'static str,
        /// The word that ends it.
        name: String,
    },
    /// `ONBUILD` with an instruction that cannot be kept for later.
    #[error("{0} isn't allowed as an ONBUILD trigger")]
    Trigger(&'static str),
    /// `ONBUILD` with something that is no instruction.
    #[error("invalid ONBUILD trigger: {0}")]
    InvalidTrigger(Box<ParseProblem>),
    /// `HEALTHCHECK` with something else.
    #[error("unknown type `{0}` in HEALTHCHECK; write `HEALTHCHECK CMD command` or `HEALTHCHECK NONE`")]
    HealthcheckType(String),
    /// A mount that is not well-formed, whatever its variables are.
    #[error("invalid mount: {0}")]
    Mount(MountProblem),
}

/// A mount that cannot be, with the values that its variables have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid mount in {range}: {problem}")]
pub struct MountError {
    /// Where the flag stands.
    pub range: Range,
    /// What is wrong with it.
    pub problem: MountProblem,
}

/// What is wrong with a mount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MountProblem {
    /// Quotes that are not as in a line of CSV.
    #[error("a field with a quote in it is put in quotes as a whole, and the quote in it doubled")]
    Quotes,
    /// There is nothing.
    #[error("it is empty; write `type=…,target=…`")]
    Empty,
    /// A key that there is not.
    #[error("unexpected key `{key}`{}", did_you_mean(*suggestion))]
    UnknownKey {
        /// As it was written, in lower case.
        key: String,
        /// The one that was perhaps meant.
        suggestion: Option<&'static str>,
    },
    /// A key without its value.
    #[error("the field `{0}` must be a key=value pair")]
    NoValue(String),
    /// A key that its type does not have.
    #[error("unexpected key `{key}` for a mount of type `{kind}`")]
    KeyOfOtherType {
        /// The key.
        key: &'static str,
        /// The type.
        kind: &'static str,
    },
    /// A value that its key does not take.
    #[error("invalid value `{value}` of `{key}`: it is {expected}{}", did_you_mean(*suggestion))]
    Value {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// What the key takes.
        expected: &'static str,
        /// The one that was perhaps meant.
        suggestion: Option<&'static str>,
    },
    /// A secret by which nothing can be found.
    #[error("a secret needs an id, or a target after which it is called")]
    NoSecret,
    /// A secret with two names.
    #[error("both source and id are set, and they mean the same; remove one")]
    SourceAndId,
    /// `from` of a mount with a variable.
    #[error(
        "`from` doesn't support variables, and `{0}` has one: begin a stage with `FROM {0} AS name` and use that name"
    )]
    VariableInFrom(String),
    /// A value that cannot be expanded.
    #[error(transparent)]
    Expand(ExpandError),
}

fn did_you_mean(suggestion: Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |name| format!(" (did you mean {name}?)"))
}
