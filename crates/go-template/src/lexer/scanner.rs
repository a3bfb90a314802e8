//! The place in a template's text.

use super::{ActionEnd, is_space, is_word};
use crate::TemplateError;

/// What is ahead in a text.
pub(super) struct Scanner {
    characters: Vec<char>,
    at: usize,
    first_column: usize,
}

impl Scanner {
    pub(super) fn new(text: &str, first_column: usize) -> Self {
        Self {
            characters: text.chars().collect(),
            at: 0,
            first_column,
        }
    }

    /// Column of the next character.
    pub(super) fn column(&self) -> usize {
        self.first_column + self.at
    }

    pub(super) fn peek(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let next = self.peek(0)?;
        self.at += 1;
        Some(next)
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.at += count;
    }

    /// Whether the next characters are these; they are passed then.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let is_next = expected
            .chars()
            .enumerate()
            .all(|(ahead, char)| self.peek(ahead) == Some(char));
        if is_next {
            self.at += expected.chars().count();
        }
        is_next
    }

    /// Passes white space; tells whether there was any.
    pub(super) fn skip_space(&mut self) -> bool {
        let begin = self.at;
        while self.peek(0).is_some_and(is_space) {
            self.at += 1;
        }
        self.at > begin
    }

    /// Letters, digits and underscores; nothing if there are none.
    pub(super) fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(char) = self.peek(0).filter(|char| is_word(*char)) {
            word.push(char);
            self.at += 1;
        }
        word
    }

    /// Everything up to the next action. `\t` and `\n`, which a shell's single quotes leave as they are, are a tab and a line end.
    pub(super) fn text(&mut self) -> String {
        let mut text = String::new();
        while let Some(char) = self.peek(0) {
            match (char, self.peek(1)) {
                ('{', Some('{')) => break,
                ('\\', Some(escaped @ ('t' | 'n'))) => {
                    text.push(if escaped == 't' { '\t' } else { '\n' });
                    self.at += 1;
                }
                _ => text.push(char),
            }
            self.at += 1;
        }
        text
    }

    /// Whether the action that was just opened is a comment. White space before it is passed.
    pub(super) fn comment_begins(&mut self) -> bool {
        let begin = self.at;
        self.skip_space();
        let is_comment = self.take("/*");
        if !is_comment {
            self.at = begin;
        }
        is_comment
    }

    /// Passes the rest of a comment whose action was opened in column `opened`.
    pub(super) fn comment(&mut self, opened: usize) -> Result<ActionEnd, TemplateError> {
        while !self.take("*/") {
            if self.next().is_none() {
                return Err(TemplateError::new(opened, "this comment has no end: */}} is missing"));
            }
        }
        let is_apart = self.skip_space();
        if is_apart && self.take("-}}") {
            return Ok(ActionEnd { is_trimming: true });
        }
        if self.take("}}") {
            return Ok(ActionEnd { is_trimming: false });
        }
        let column = self.column();
        Err(TemplateError::new(column, "expected }} after the comment"))
    }
}
