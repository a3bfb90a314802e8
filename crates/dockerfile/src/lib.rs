//! Dockerfiles, as BuildKit's frontend reads them: text to a tree, a tree to text, and what is odd about it. No I/O.
//!
//! [`Dockerfile::parse`] makes the tree: [`Directives`], the `ARG`s before the first `FROM`, and the [`Stage`]s with their
//! [`Instruction`]s. Every instruction knows where it stands and how it was written ([`Located`], [`Source`]). Words that may name
//! variables stay as they were written ([`Word`]) until somebody who knows the variables expands them, because most of them depend
//! on the instructions before. Only what is the same for every build is decided here.
//!
//! ```
//! use container_dockerfile::{Dockerfile, Instruction};
//!
//! let file = Dockerfile::parse(b"FROM alpine AS base\nWORKDIR /srv/${NAME:-app}\n").unwrap();
//! let Instruction::Workdir(path) = &file.stages[0].instructions[0].value else { panic!() };
//! assert_eq!(path.expand(&|_: &str| None).unwrap(), "/srv/app");
//! ```
//!
//! Printing a tree and parsing it again gives the same tree. Where something stands is no part of what makes trees equal.
//!
//! A file is foreign text: its size, the length of its lines and the depth and growth of its expansions have limits, and the work is
//! in proportion to its size.

mod directives;
mod dockerfile;
mod error;
mod escape;
mod excerpt;
mod flags;
mod heredoc;
mod instruction;
mod json;
mod lines;
pub mod lint;
mod port;
mod request;
mod source;
mod stage;
mod statement;
mod suggest;
mod word;

pub use directives::{CheckOptions, Directives, RuleSet};
pub use dockerfile::{Dockerfile, LIMIT_BYTES};
pub use error::{MountError, MountProblem, ParseError, ParseProblem};
pub use escape::Escape;
pub use excerpt::Excerpt;
pub use heredoc::Heredoc;
pub use instruction::{
    Add, Arg, ArgDeclaration, BindMount, CacheMount, CacheSharing, CommandLine, Copy, Env, Expose, FileSource,
    Healthcheck, Instruction, KeyValue, Label, Mount, MountField, MountFlag, MountKey, MountOwner, Network, Onbuild,
    Probe, Run, RunCommand, SecretMount, Security, SshMount, TmpfsMount,
};
pub use port::{PortError, PortRange, Protocol};
pub use source::{Located, Position, Range, Source};
pub use stage::{Stage, StageName};
pub use word::{ExpandError, ExpandProblem, Variables, Word};
