//! A stage: `FROM`, and the instructions up to the next one.

use std::fmt;

use crate::error::{ParseError, ParseProblem};
use crate::flags;
use crate::instruction::Instruction;
use crate::request::Request;
use crate::source::{Located, Source};
use crate::word::Word;

/// A part of a Dockerfile that makes an image.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its number, by which `--from=0` and `--target 0` may call it.
    pub position: usize,
    /// `AS name`
    pub name: Option<StageName>,
    /// What it starts from: an earlier stage, `scratch`, a named context or an image. Sees the global `ARG`s only.
    pub base: Word,
    /// `--platform=`. Sees the global `ARG`s only.
    pub platform: Option<Word>,
    /// What follows `FROM`.
    pub instructions: Vec<Located<Instruction>>,
    /// The text of `FROM`.
    pub source: Source,
}

impl PartialEq for Stage {
    /// As of [`Located`]: where it stands makes no difference.
    fn eq(&self, other: &Self) -> bool {
        self.position == other.position
            && self.name == other.name
            && self.base == other.base
            && self.platform == other.platform
            && self.instructions == other.instructions
    }
}

impl Eq for Stage {}

impl Stage {
    /// Reads `FROM`.
    pub(crate) fn read(request: &Request<'_>, position: usize) -> Result<Self, ParseError> {
        const NAME: &str = "FROM";
        let flags = request.flags(NAME, &["platform"])?;
        let platform = flags.word("platform")?;
        let words = request.arguments.split_blanks();
        let (base, name) = match words.as_slice() {
            [base] => (base, None),
            [base, keyword, name] if keyword.as_str().eq_ignore_ascii_case("as") => {
                let parsed = StageName::new(name.as_str());
                let refused = || ParseProblem::InvalidStageName(name.as_str().to_owned());
                (
                    base,
                    Some(parsed.ok_or_else(|| ParseError::new(name.range(), refused()))?),
                )
            }
            _ => {
                let expected = "either one or three arguments: `FROM image` or `FROM image AS name`";
                let instruction = NAME;
                return Err(request.error(ParseProblem::Arguments { instruction, expected }));
            }
        };
        Ok(Self {
            position,
            name,
            base: base.word(),
            platform: platform.filter(|platform| !platform.as_str().is_empty()),
            instructions: Vec::new(),
            source: request.source(),
        })
    }

    /// `FROM` as it is printed.
    pub(crate) fn first_line(&self) -> impl fmt::Display {
        fmt::from_fn(|f| {
            f.write_str("FROM")?;
            flags::write_value(f, "platform", self.platform.as_ref().map(Word::as_str))?;
            flags::write_arguments(f, self.base.as_str())?;
            match &self.name {
                Some(name) => write!(f, " AS {}", name.written),
                None => Ok(()),
            }
        })
    }
}

/// The name of a stage: `[a-z][a-z0-9-_.]*` in any case, which makes no difference.
#[derive(Debug, Clone)]
pub struct StageName {
    lowercase: String,
    written: String,
}

impl StageName {
    /// The name `written`; `None` when no stage can have it.
    #[must_use]
    pub fn new(written: &str) -> Option<Self> {
        let lowercase = written.to_lowercase();
        let is_later = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || "-_.".contains(char);
        let is_valid = lowercase.starts_with(|char: char| char.is_ascii_lowercase()) && lowercase.chars().all(is_later);
        is_valid.then(|| Self {
            lowercase,
            written: written.to_owned(),
        })
    }

    /// In lower case, by which it is found.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.lowercase
    }

    /// As it was written.
    #[must_use]
    pub fn written(&self) -> &str {
        &self.written
    }

    /// Whether `name` means this stage.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.lowercase.eq_ignore_ascii_case(name)
    }
}

impl PartialEq for StageName {
    fn eq(&self, other: &Self) -> bool {
        self.lowercase == other.lowercase
    }
}

impl Eq for StageName {}

impl fmt::Display for StageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lowercase)
    }
}
