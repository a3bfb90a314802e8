//! From the pieces of a template to its tree: blocks and what is in them.

mod pipeline;
mod tokens;

use crate::lexer::{Piece, Placed, Token};
use crate::tree::{Branch, Choice, Node, Range};
use crate::{TemplateError, limits};
use tokens::Tokens;

/// Words of Go's templates that this one does not have.
const LEFT_OUT: [&str; 3] = ["block", "define", "template"];

/// The tree of a whole template.
pub(crate) fn parse(pieces: Vec<Piece>) -> Result<Vec<Node>, TemplateError> {
    let mut parser = Parser {
        pieces: pieces.into_iter(),
        variables: vec![String::new()],
        depth: 0,
        loops: 0,
    };
    let (nodes, end) = parser.body()?;
    match end {
        None => Ok(nodes),
        Some(end) => Err(TemplateError::new(
            end.column,
            format!("{} without an if, with or range before it", end.word),
        )),
    }
}

struct Parser {
    pieces: std::vec::IntoIter<Piece>,
    /// Those that are known at this place, the newest last. The nameless one is the data.
    variables: Vec<String>,
    depth: usize,
    loops: usize,
}

/// `end` or `else`, which a body ends with.
struct BodyEnd {
    column: usize,
    word: String,
    /// What follows it in its action.
    rest: Tokens,
}

impl Parser {
    /// Nodes up to the `end` or `else` of the block that they are in.
    fn body(&mut self) -> Result<(Vec<Node>, Option<BodyEnd>), TemplateError> {
        let mut nodes = Vec::new();
        while let Some(piece) = self.pieces.next() {
            let (column, tokens) = match piece {
                Piece::Text(text) => {
                    nodes.push(Node::Text(text));
                    continue;
                }
                Piece::Action { column, tokens } => (column, tokens),
            };
            let mut tokens = Tokens::new(tokens, column);
            match tokens.peek() {
                Some(Placed {
                    token: Token::Word(word),
                    column,
                    ..
                }) if matches!(word.as_str(), "end" | "else") => {
                    let (word, column) = (word.clone(), *column);
                    tokens.next();
                    let rest = tokens;
                    return Ok((nodes, Some(BodyEnd { column, word, rest })));
                }
                _ => nodes.push(self.action(tokens)?),
            }
        }
        Ok((nodes, None))
    }

    fn action(&mut self, mut tokens: Tokens) -> Result<Node, TemplateError> {
        let column = tokens.column();
        let keyword = match tokens.peek().map(|placed| &placed.token) {
            Some(Token::Word(word)) => word.clone(),
            _ => String::new(),
        };
        match keyword.as_str() {
            "if" | "with" => {
                tokens.next();
                self.nested(column, |parser| parser.choice(keyword == "with", tokens, column))
            }
            "range" => {
                tokens.next();
                self.nested(column, |parser| parser.range(tokens, column))
            }
            "break" | "continue" => {
                tokens.next();
                tokens.finish()?;
                if self.loops == 0 {
                    return Err(TemplateError::new(column, format!("{keyword} outside of a range")));
                }
                let is_break = keyword == "break";
                Ok(if is_break { Node::Break } else { Node::Continue })
            }
            word if LEFT_OUT.contains(&word) => Err(TemplateError::new(
                column,
                format!("{word} is not supported: a format is one template"),
            )),
            _ => {
                let pipeline = self.pipeline(&mut tokens)?;
                tokens.finish()?;
                Ok(Node::Print(pipeline))
            }
        }
    }

    /// A block: variables that it declares are unknown after it.
    fn nested<T>(
        &mut self,
        column: usize,
        parse: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.depth == limits::DEPTH {
            let limit = limits::DEPTH;
            return Err(TemplateError::new(
                column,
                format!("blocks and parentheses are more than {limit} deep in each other"),
            ));
        }
        self.depth += 1;
        let known = self.variables.len();
        let parsed = parse(self)?;
        self.variables.truncate(known);
        self.depth -= 1;
        Ok(parsed)
    }

    /// The rest of an `if` or a `with`.
    fn choice(&mut self, is_with: bool, tokens: Tokens, column: usize) -> Result<Node, TemplateError> {
        let (mut is_with, mut tokens) = (is_with, tokens);
        let mut branches = Vec::new();
        loop {
            let condition = self.pipeline(&mut tokens)?;
            tokens.finish()?;
            let known = self.variables.len();
            let (body, end) = self.body()?;
            self.variables.truncate(known);
            branches.push(Branch {
                condition,
                is_with,
                body,
            });
            let mut end = end.ok_or_else(|| no_end(column))?;
            if end.word == "end" {
                end.rest.finish()?;
                let otherwise = Vec::new();
                return Ok(Node::Choice(Choice { branches, otherwise }));
            }
            match end.rest.peek().map(|placed| &placed.token) {
                Some(Token::Word(word)) if matches!(word.as_str(), "if" | "with") => {
                    is_with = word == "with";
                    end.rest.next();
                    tokens = end.rest;
                }
                _ => {
                    let otherwise = self.otherwise(end, column)?;
                    return Ok(Node::Choice(Choice { branches, otherwise }));
                }
            }
        }
    }

    /// What is between an `else` and its `end`.
    fn otherwise(&mut self, end: BodyEnd, column: usize) -> Result<Vec<Node>, TemplateError> {
        end.rest.finish()?;
        let known = self.variables.len();
        let (nodes, end) = self.body()?;
        self.variables.truncate(known);
        let end = end.ok_or_else(|| no_end(column))?;
        if end.word == "else" {
            return Err(TemplateError::new(end.column, "a second else: expected end"));
        }
        end.rest.finish()?;
        Ok(nodes)
    }

    /// The rest of a `range`.
    fn range(&mut self, mut tokens: Tokens, column: usize) -> Result<Node, TemplateError> {
        let (variables, is_declaring) = tokens.range_variables()?;
        let over = self.pipeline(&mut tokens)?;
        tokens.finish()?;
        if !is_declaring {
            for variable in &variables {
                self.check_known(variable, column)?;
            }
        }
        let known = self.variables.len();
        if is_declaring {
            self.variables.extend(variables.iter().cloned());
        }
        self.loops += 1;
        let (body, end) = self.body()?;
        self.loops -= 1;
        self.variables.truncate(known);
        let end = end.ok_or_else(|| no_end(column))?;
        let otherwise = if end.word == "else" {
            self.otherwise(end, column)?
        } else {
            end.rest.finish()?;
            Vec::new()
        };
        Ok(Node::Range(Range {
            variables,
            is_declaring,
            over,
            body,
            otherwise,
        }))
    }

    fn check_known(&self, variable: &String, column: usize) -> Result<(), TemplateError> {
        if self.variables.contains(variable) {
            return Ok(());
        }
        Err(TemplateError::new(
            column,
            format!("there is no variable ${variable}: {{{{${variable} := …}}}} makes one"),
        ))
    }
}

fn no_end(column: usize) -> TemplateError {
    TemplateError::new(column, "this block has no end: {{end}} is missing")
}

#[cfg(test)]
mod tests;
