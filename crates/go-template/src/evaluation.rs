//! Applying the tree of a template to a value.

mod values;

use std::borrow::Cow;

use serde_json::Value;

use crate::functions::{Function, Held};
use crate::purpose::Purpose;
use crate::tree::{Choice, Command, Node, Pipeline, Range};
use crate::{Data, TemplateError, limits, text, truth};

/// How a body goes on.
enum Flow {
    Next,
    Break,
    Continue,
}

/// What nodes make of a value.
pub(crate) fn evaluate(nodes: &[Node], data: Data<'_>, purpose: Purpose) -> Result<String, TemplateError> {
    let mut evaluation = Evaluation {
        data,
        purpose,
        dot: Cow::Borrowed(data.value),
        variables: vec![("", Cow::Borrowed(data.value))],
        output: String::new(),
        steps: 0,
    };
    evaluation.body(nodes)?;
    Ok(evaluation.output)
}

struct Evaluation<'a> {
    data: Data<'a>,
    purpose: Purpose,
    /// The value of `.`.
    dot: Held<'a>,
    /// The newest last. The nameless one is the data.
    variables: Vec<(&'a str, Held<'a>)>,
    output: String,
    steps: usize,
}

impl<'a> Evaluation<'a> {
    fn body(&mut self, nodes: &'a [Node]) -> Result<Flow, TemplateError> {
        for node in nodes {
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Print(pipeline) => {
                    let value = self.pipeline(pipeline)?;
                    if pipeline.target.is_none() {
                        self.write(&text::shown(&value))?;
                    }
                }
                Node::Choice(choice) => match self.scoped(|this| this.choice(choice))? {
                    Flow::Next => {}
                    other => return Ok(other),
                },
                Node::Range(range) => match self.scoped(|this| this.range(range))? {
                    Flow::Next => {}
                    other => return Ok(other),
                },
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Next)
    }

    /// Forgets variables that are declared on the way.
    fn scoped<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> Result<T, TemplateError>) -> Result<T, TemplateError> {
        let known = self.variables.len();
        let value = evaluate(self)?;
        self.variables.truncate(known);
        Ok(value)
    }

    /// The body with another value of `.`.
    fn body_of(&mut self, dot: Held<'a>, nodes: &'a [Node]) -> Result<Flow, TemplateError> {
        let outer = std::mem::replace(&mut self.dot, dot);
        let flow = self.scoped(|this| this.body(nodes))?;
        self.dot = outer;
        Ok(flow)
    }

    fn choice(&mut self, choice: &'a Choice) -> Result<Flow, TemplateError> {
        for branch in &choice.branches {
            let value = self.pipeline(&branch.condition)?;
            if truth::is_true(&value) {
                return match branch.is_with {
                    true => self.body_of(value, &branch.body),
                    false => self.body(&branch.body),
                };
            }
        }
        self.body(&choice.otherwise)
    }

    fn range(&mut self, range: &'a Range) -> Result<Flow, TemplateError> {
        let over = self.pipeline(&range.over)?;
        let column = range.over.commands.first().map_or(1, |command| command.head.column);
        let elements = values::elements(over).map_err(|message| TemplateError::new(column, message))?;
        if elements.is_empty() {
            return self.body(&range.otherwise);
        }
        for (key, value) in elements {
            self.step(column)?;
            let values = match range.variables.len() {
                2 => vec![Cow::Owned(key), value.clone()],
                count => vec![value.clone(); count],
            };
            let flow = self.scoped(|this| {
                for (name, value) in range.variables.iter().zip(values) {
                    this.set(name, value, range.is_declaring);
                }
                this.body_of(value, &range.body)
            })?;
            if matches!(flow, Flow::Break) {
                break;
            }
        }
        Ok(Flow::Next)
    }

    fn set(&mut self, name: &'a str, value: Held<'a>, is_declaring: bool) {
        let known = self.variables.iter_mut().rev().find(|(known, _)| *known == name);
        match known {
            Some((_, variable)) if !is_declaring => *variable = value,
            _ => self.variables.push((name, value)),
        }
    }

    fn pipeline(&mut self, pipeline: &'a Pipeline) -> Result<Held<'a>, TemplateError> {
        let mut value = None;
        for command in &pipeline.commands {
            value = Some(self.command(command, value)?);
        }
        let value = value.unwrap_or(Cow::Owned(Value::Null));
        if let Some(target) = &pipeline.target {
            self.set(&target.variable, value.clone(), target.is_declaring);
        }
        Ok(value)
    }

    /// The value of a command that gets `piped` as its last argument.
    fn command(&mut self, command: &'a Command, piped: Option<Held<'a>>) -> Result<Held<'a>, TemplateError> {
        let column = command.head.column;
        self.step(column)?;
        if let Some(function) = command.head.function() {
            return self.call(function, command, piped);
        }
        let mut arguments = Vec::new();
        for argument in &command.arguments {
            arguments.push(self.operand(argument)?);
        }
        arguments.extend(piped);
        if arguments.is_empty() {
            return self.operand(&command.head);
        }
        self.looked_up(&command.head, &arguments)
    }

    fn call(
        &mut self,
        function: Function,
        command: &'a Command,
        piped: Option<Held<'a>>,
    ) -> Result<Held<'a>, TemplateError> {
        let column = command.head.column;
        let at = |message: String| TemplateError::new(column, message);
        let count = command.arguments.len() + usize::from(piped.is_some());
        function.check_count(count).map_err(at)?;
        let mut arguments = Vec::with_capacity(count);
        for argument in &command.arguments {
            let value = self.operand(argument)?;
            let is_true = truth::is_true(&value);
            arguments.push(value);
            // What comes after the one that decides is not looked at, so that it may ask for what is not there.
            if matches!((function, is_true), (Function::And, false) | (Function::Or, true)) {
                return function.call(arguments, self.purpose).map_err(at);
            }
        }
        arguments.extend(piped);
        function.call(arguments, self.purpose).map_err(at)
    }

    fn write(&mut self, text: &str) -> Result<(), TemplateError> {
        if self.output.len() + text.len() > limits::OUTPUT_BYTES {
            let limit = limits::OUTPUT_BYTES >> 20;
            return Err(TemplateError::new(
                1,
                format!("the template makes more than {limit} MiB of one value"),
            ));
        }
        self.output.push_str(text);
        Ok(())
    }

    fn step(&mut self, column: usize) -> Result<(), TemplateError> {
        self.steps(1, column)
    }

    fn steps(&mut self, count: usize, column: usize) -> Result<(), TemplateError> {
        self.steps += count;
        if self.steps <= limits::STEPS {
            return Ok(());
        }
        let limit = limits::STEPS;
        Err(TemplateError::new(
            column,
            format!("the template takes more than {limit} steps"),
        ))
    }
}

#[cfg(test)]
mod tests;
