//! The part of Go's `text/template` that users of Docker's `--format` write, over JSON.
//!
//! Fields, variables, pipelines, `if`, `with`, `range`, trim markers, comments, literals, the functions that Go has for text, numbers and
//! comparison, and those that Docker adds. Templates within templates (`define`, `template`, `block`) and calls into a program are left
//! out. Objects have their keys in order, as Go's maps have when they are ranged over or printed.
//!
//! A template and the data may be anybody's: size, nesting, steps and output are bounded, see [`limits`].

mod data;
mod error;
mod evaluation;
mod functions;
mod lexer;
pub mod limits;
mod listing;
mod parser;
mod purpose;
mod tabs;
mod template;
mod text;
mod tree;
mod truth;

pub use data::{Data, Lookup};
pub use error::TemplateError;
pub use listing::ListTemplate;
pub use template::Template;
