//! From a template's text to the text between actions, and the tokens of actions.

mod literal;
mod scanner;

use serde_json::Value;

use crate::TemplateError;
use scanner::Scanner;

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Text(String),
    Action { column: usize, tokens: Vec<Placed> },
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    pub(crate) column: usize,
    /// Whether white space is before it, so that it is no part of what is before.
    pub(crate) is_apart: bool,
    pub(crate) token: Token,
}

/// What actions are made of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Word(String),
    /// Without its point.
    Field(String),
    /// Without its `$`.
    Variable(String),
    Dot,
    Literal(Value),
    Pipe,
    Comma,
    Declare,
    Assign,
    Open,
    Close,
}

/// Where the text stands in relation to the actions around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ActionEnd {
    is_trimming: bool,
}

/// The stretches of `text`, whose first character is in column `first_column`.
pub(crate) fn pieces(text: &str, first_column: usize) -> Result<Vec<Piece>, TemplateError> {
    let mut scanner = Scanner::new(text, first_column);
    let mut pieces = Vec::new();
    let mut is_trimming = false;
    loop {
        let mut between = scanner.text();
        if is_trimming {
            between = between.trim_start_matches(is_space).to_owned();
        }
        let column = scanner.column();
        if !scanner.take("{{") {
            push_text(&mut pieces, between);
            return Ok(pieces);
        }
        if scanner.peek(0) == Some('-') && scanner.peek(1).is_some_and(is_space) {
            scanner.skip(1);
            between.truncate(between.trim_end_matches(is_space).len());
        }
        push_text(&mut pieces, between);
        let end = if scanner.comment_begins() {
            scanner.comment(column)?
        } else {
            let (tokens, end) = action(&mut scanner, column)?;
            pieces.push(Piece::Action { column, tokens });
            end
        };
        is_trimming = end.is_trimming;
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: String) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

fn action(scanner: &mut Scanner, opened: usize) -> Result<(Vec<Placed>, ActionEnd), TemplateError> {
    let mut tokens = Vec::new();
    loop {
        let is_apart = scanner.skip_space();
        if is_apart && scanner.take("-}}") {
            return Ok((tokens, ActionEnd { is_trimming: true }));
        }
        if scanner.take("}}") {
            return Ok((tokens, ActionEnd { is_trimming: false }));
        }
        let column = scanner.column();
        let token = token(scanner, opened)?;
        tokens.push(Placed {
            column,
            is_apart,
            token,
        });
    }
}

fn token(scanner: &mut Scanner, opened: usize) -> Result<Token, TemplateError> {
    let column = scanner.column();
    let Some(first) = scanner.peek(0) else {
        return Err(TemplateError::new(opened, "this action has no end: }} is missing"));
    };
    let is_number = |char: Option<char>| char.is_some_and(|char| char.is_ascii_digit());
    let second = scanner.peek(1);
    let simple = match first {
        '|' => Some(Token::Pipe),
        ',' => Some(Token::Comma),
        '(' => Some(Token::Open),
        ')' => Some(Token::Close),
        '=' => Some(Token::Assign),
        _ => None,
    };
    if let Some(token) = simple {
        scanner.skip(1);
        return Ok(token);
    }
    match first {
        ':' if scanner.take(":=") => Ok(Token::Declare),
        '"' => Ok(Token::Literal(literal::quoted(scanner)?.into())),
        '`' => Ok(Token::Literal(literal::raw(scanner)?.into())),
        '\'' => Ok(Token::Literal(literal::character(scanner)?.into())),
        '$' => {
            scanner.skip(1);
            Ok(Token::Variable(scanner.word()))
        }
        '.' if !is_number(second) => {
            scanner.skip(1);
            let name = scanner.word();
            Ok(if name.is_empty() {
                Token::Dot
            } else {
                Token::Field(name)
            })
        }
        '.' | '+' | '-' | '0'..='9' if is_number(Some(first)) || is_number(second) || second == Some('.') => {
            Ok(Token::Literal(literal::number(scanner)?))
        }
        _ if is_word(first) => Ok(Token::Word(scanner.word())),
        other => Err(TemplateError::new(
            column,
            format!("{other:?} means nothing here: expected a field, a variable, a function, a text or }}}}"),
        )),
    }
}

/// White space as Go's templates have it.
fn is_space(char: char) -> bool {
    matches!(char, ' ' | '\t' | '\r' | '\n')
}

fn is_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

#[cfg(test)]
mod tests;
