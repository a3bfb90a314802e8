//! A whole file.

mod print;

use std::fmt;

use crate::directives::Directives;
use crate::error::{ParseError, ParseProblem};
use crate::escape::Escape;
use crate::instruction::{Arg, Instruction};
use crate::lines::Lines;
use crate::request::Request;
use crate::source::{Located, Range};
use crate::stage::Stage;

/// The largest file, in bytes. BuildKit takes no larger message from its client.
pub const LIMIT_BYTES: usize = 16 << 20;

/// A Dockerfile with at least one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// What its first lines say about how to read it.
    pub directives: Directives,
    /// The `ARG`s before the first `FROM`. Only `FROM` sees them; a stage that wants one declares it again.
    pub global_args: Vec<Located<Arg>>,
    /// In the order of the file, never empty. A stage's place is its number.
    pub stages: Vec<Stage>,
}

impl Dockerfile {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ParseError`] with the first thing that is wrong.
    pub fn parse(file: &[u8]) -> Result<Self, ParseError> {
        let nowhere = Range::default();
        if file.len() > LIMIT_BYTES {
            let limit_bytes = LIMIT_BYTES;
            return Err(ParseError::new(nowhere, ParseProblem::FileTooLarge { limit_bytes }));
        }
        let text = std::str::from_utf8(file).map_err(|_| ParseError::new(not_utf8(file), ParseProblem::NotUtf8))?;
        let mut lines = Lines::new(text, Escape::default());
        let directives = Directives::read(&mut lines)?;
        let mut global_args = Vec::new();
        let mut stages: Vec<Stage> = Vec::new();
        while let Some(line) = lines.next_logical_line()? {
            let request = Request::read(&line, &mut lines)?;
            if request.name() == "from" {
                stages.push(Stage::read(&request, stages.len())?);
                continue;
            }
            let Located { value, source } = Instruction::read(&request)?;
            match (stages.last_mut(), value) {
                (Some(stage), value) => stage.instructions.push(Located { value, source }),
                (None, Instruction::Arg(value)) => global_args.push(Located { value, source }),
                (None, other) => return Err(request.error(ParseProblem::BeforeFrom(other.name()))),
            }
        }
        if stages.is_empty() {
            let is_empty = global_args.is_empty();
            let problem = if is_empty {
                ParseProblem::NoInstructions
            } else {
                ParseProblem::NoStage
            };
            let end = lines.end();
            return Err(ParseError::new(Range { start: end, end }, problem));
        }
        Ok(Self {
            directives,
            global_args,
            stages,
        })
    }
}

/// The line in which a file is no UTF-8.
fn not_utf8(file: &[u8]) -> Range {
    let valid = file.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let mut place = Range::default();
    place.start.offset = valid.len();
    place.start.line = valid.matches('\n').count() + 1;
    place.start.column = valid.rsplit('\n').next().map_or(0, str::len) + 1;
    place.end = place.start;
    place
}

impl fmt::Display for Dockerfile {
    /// A file that reads back the same. Comments are lost, and every instruction is in one line if it has room there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.directives.fmt(f)?;
        let escape = self.directives.escape;
        for arg in &self.global_args {
            print::write(f, &arg.value.to_string(), escape)?;
        }
        for stage in &self.stages {
            print::write(f, &stage.first_line().to_string(), escape)?;
            for instruction in &stage.instructions {
                print::write(f, &instruction.value.to_string(), escape)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
