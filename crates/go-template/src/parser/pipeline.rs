//! What is within an action: pipelines, commands and values.

use serde_json::Value;

use super::Parser;
use super::tokens::{Tokens, described};
use crate::TemplateError;
use crate::functions::Function;
use crate::lexer::{Placed, Token};
use crate::tree::{Command, Field, Operand, Pipeline, Target, Term};

/// Words that begin an action and are no functions.
const KEYWORDS: [&str; 7] = ["break", "continue", "else", "end", "if", "range", "with"];

impl Parser {
    /// A pipeline up to the end of its action or its parenthesis.
    pub(super) fn pipeline(&mut self, tokens: &mut Tokens) -> Result<Pipeline, TemplateError> {
        let target = match (tokens.peek_after(0), tokens.peek_after(1)) {
            (Some(Token::Variable(name)), Some(assignment @ (Token::Declare | Token::Assign))) => Some(Target {
                variable: name.clone(),
                is_declaring: *assignment == Token::Declare,
            }),
            _ => None,
        };
        if let Some(Target { variable, is_declaring }) = &target {
            let column = tokens.column();
            if variable.is_empty() {
                return Err(TemplateError::new(column, "$ is the data: it cannot be set"));
            }
            if !is_declaring {
                self.check_known(variable, column)?;
            }
            tokens.next();
            tokens.next();
        }
        let mut commands = vec![self.command(tokens)?];
        while tokens.take(&Token::Pipe) {
            commands.push(self.command(tokens)?);
        }
        if let Some(Target {
            variable,
            is_declaring: true,
        }) = &target
        {
            self.variables.push(variable.clone());
        }
        Ok(Pipeline { target, commands })
    }

    fn command(&mut self, tokens: &mut Tokens) -> Result<Command, TemplateError> {
        let head = self.operand(tokens)?;
        let mut arguments = Vec::new();
        while let Some(next) = tokens.peek() {
            match next {
                Placed {
                    token: Token::Pipe | Token::Close,
                    ..
                } => break,
                Placed {
                    is_apart: true,
                    token:
                        Token::Word(_) | Token::Field(_) | Token::Variable(_) | Token::Dot | Token::Literal(_) | Token::Open,
                    ..
                } => arguments.push(self.operand(tokens)?),
                other => {
                    return Err(TemplateError::new(
                        other.column,
                        format!("expected a space, | or }}}} instead of {}", described(&other.token)),
                    ));
                }
            }
        }
        Ok(Command { head, arguments })
    }

    fn operand(&mut self, tokens: &mut Tokens) -> Result<Operand, TemplateError> {
        let column = tokens.column();
        let expected = |instead: &str| {
            let message =
                format!("expected a field such as .ID, a function, a variable or a text instead of {instead}");
            TemplateError::new(column, message)
        };
        let Some(placed) = tokens.next() else {
            return Err(expected("the end"));
        };
        let mut fields = Vec::new();
        let term = match placed.token {
            // `..a` would be a field of `.`, which is written as `.a`.
            Token::Dot => {
                let fields = Vec::new();
                let term = Term::Dot;
                return Ok(Operand { column, term, fields });
            }
            Token::Field(name) => {
                fields.push(Field { column, name });
                Term::Dot
            }
            Token::Variable(name) => {
                self.check_known(&name, column)?;
                Term::Variable(name)
            }
            Token::Literal(value) => Term::Literal(value),
            Token::Word(word) => named(&word, column)?,
            Token::Open => {
                let group = self.nested(column, |parser| parser.pipeline(tokens))?;
                if !tokens.take(&Token::Close) {
                    return Err(TemplateError::new(column, "this parenthesis has no end: ) is missing"));
                }
                Term::Group(Box::new(group))
            }
            other => return Err(expected(&described(&other))),
        };
        while let Some(Placed {
            token: Token::Field(name),
            column,
            is_apart: false,
        }) = tokens.peek()
        {
            let (name, column) = (name.clone(), *column);
            fields.push(Field { column, name });
            tokens.next();
        }
        if matches!(term, Term::Literal(_) | Term::Function(_)) && !fields.is_empty() {
            return Err(TemplateError::new(column, "this has no fields"));
        }
        Ok(Operand { column, term, fields })
    }
}

fn named(word: &str, column: usize) -> Result<Term, TemplateError> {
    match word {
        "true" => Ok(Term::Literal(true.into())),
        "false" => Ok(Term::Literal(false.into())),
        "nil" => Ok(Term::Literal(Value::Null)),
        keyword if KEYWORDS.contains(&keyword) => Err(TemplateError::new(
            column,
            format!("{keyword} stands at the beginning of an action"),
        )),
        name => Function::named(name).map(Term::Function).ok_or_else(|| {
            let message = format!(
                "there is no function {name}: fields begin with a point, and functions are {}",
                Function::names()
            );
            TemplateError::new(column, message)
        }),
    }
}
