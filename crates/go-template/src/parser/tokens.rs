//! The tokens of one action.

use std::collections::VecDeque;

use crate::TemplateError;
use crate::lexer::{Placed, Token};

/// What is left of an action.
pub(super) struct Tokens {
    ahead: VecDeque<Placed>,
    /// Column of the last token that was taken, or of the action.
    last_column: usize,
}

impl Tokens {
    pub(super) fn new(tokens: Vec<Placed>, column: usize) -> Self {
        Self {
            ahead: tokens.into(),
            last_column: column,
        }
    }

    pub(super) fn peek(&self) -> Option<&Placed> {
        self.ahead.front()
    }

    /// The token behind the next ones.
    pub(super) fn peek_after(&self, count: usize) -> Option<&Token> {
        self.ahead.get(count).map(|placed| &placed.token)
    }

    pub(super) fn next(&mut self) -> Option<Placed> {
        let next = self.ahead.pop_front()?;
        self.last_column = next.column;
        Some(next)
    }

    /// Passes the next token if it is this one.
    pub(super) fn take(&mut self, token: &Token) -> bool {
        let is_next = self.peek_after(0) == Some(token);
        if is_next {
            self.next();
        }
        is_next
    }

    /// Column of the next token, or of the last one.
    pub(super) fn column(&self) -> usize {
        self.peek().map_or(self.last_column, |placed| placed.column)
    }

    /// Nothing may be left.
    pub(super) fn finish(&self) -> Result<(), TemplateError> {
        match self.peek() {
            None => Ok(()),
            Some(placed) => Err(TemplateError::new(
                placed.column,
                format!("expected }}}} instead of {}", described(&placed.token)),
            )),
        }
    }

    /// `$value :=` or `$index, $value :=` of a `range`, and whether the variables are new; none if it has none.
    pub(super) fn range_variables(&mut self) -> Result<(Vec<String>, bool), TemplateError> {
        let count = match (self.peek_after(0), self.peek_after(1), self.peek_after(2)) {
            (Some(Token::Variable(_)), Some(Token::Comma), Some(Token::Variable(_))) => 2,
            (Some(Token::Variable(_)), Some(Token::Declare | Token::Assign), _) => 1,
            _ => return Ok((Vec::new(), false)),
        };
        let mut variables = Vec::new();
        while variables.len() < count {
            if let Some(Token::Variable(name)) = self.next().map(|placed| placed.token) {
                variables.push(name);
            }
        }
        let is_declaring = self.take(&Token::Declare);
        if is_declaring || self.take(&Token::Assign) {
            return Ok((variables, is_declaring));
        }
        Err(TemplateError::new(
            self.column(),
            "expected := after the variables of range",
        ))
    }
}

/// A token as a message names it.
pub(super) fn described(token: &Token) -> String {
    match token {
        Token::Word(word) => word.clone(),
        Token::Field(name) => format!(".{name}"),
        Token::Variable(name) => format!("${name}"),
        Token::Dot => ".".to_owned(),
        Token::Literal(value) => value.to_string(),
        Token::Pipe => "|".to_owned(),
        Token::Comma => "a comma".to_owned(),
        Token::Declare => ":=".to_owned(),
        Token::Assign => "=".to_owned(),
        Token::Open => "(".to_owned(),
        Token::Close => ")".to_owned(),
    }
}
