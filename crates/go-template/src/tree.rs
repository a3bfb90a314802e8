//! A template as a tree.

use serde_json::Value;

use crate::functions::Function;

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Text(String),
    /// What its value is written as, unless it only sets a variable.
    Print(Pipeline),
    Choice(Choice),
    Range(Range),
    Break,
    Continue,
}

/// `if` and `with`, with all of their `else if`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    pub(crate) branches: Vec<Branch>,
    pub(crate) otherwise: Vec<Node>,
}

/// What happens when a condition is true.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Branch {
    pub(crate) condition: Pipeline,
    /// Whether the condition's value is `.` in the body: `with`.
    pub(crate) is_with: bool,
    pub(crate) body: Vec<Node>,
}

/// `range`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    /// The variable of the element, or those of index and element.
    pub(crate) variables: Vec<String>,
    /// Whether the variables are new ones: `:=`.
    pub(crate) is_declaring: bool,
    pub(crate) over: Pipeline,
    pub(crate) body: Vec<Node>,
    pub(crate) otherwise: Vec<Node>,
}

/// Commands, each of which gets the value of the one before as its last argument.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pipeline {
    pub(crate) target: Option<Target>,
    pub(crate) commands: Vec<Command>,
}

/// The variable that a pipeline's value is put into.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Target {
    pub(crate) variable: String,
    pub(crate) is_declaring: bool,
}

/// What is done, with its arguments behind it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) head: Operand,
    pub(crate) arguments: Vec<Operand>,
}

/// A value: where it begins, and the fields on the way from there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operand {
    pub(crate) column: usize,
    pub(crate) term: Term,
    pub(crate) fields: Vec<Field>,
}

/// A field with its place in the text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) column: usize,
    pub(crate) name: String,
}

/// Where a value begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    Dot,
    /// Its name without the `$`.
    Variable(String),
    Literal(Value),
    Function(Function),
    Group(Box<Pipeline>),
}
