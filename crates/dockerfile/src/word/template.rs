//! The parts of a word.
//!
//! What a word says does not depend on the values of its variables, so that it is taken apart before any is known. All parts of a
//! substitution are expanded, also the one that is not used in the end.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::Chars;

use super::error::ExpandProblem;
use crate::escape::Escape;

/// How many substitutions may be within each other. A call of its own reads each.
const DEPTH_LIMIT: usize = 64;

/// What quotes do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Quotes {
    /// They quote and are gone.
    Quote,
    /// They are characters like others.
    Keep,
}

/// A word, taken apart.
pub(super) struct Template {
    pub(super) parts: Vec<Part>,
}

/// One part of a word.
pub(super) struct Part {
    pub(super) content: Content,
    /// Whether it is neither quoted nor escaped, so that its blanks separate words.
    pub(super) splits: bool,
}

/// What a part stands for.
pub(super) enum Content {
    Text(String),
    Substitution(Substitution),
}

/// `$name`, or `${name…}`
pub(super) struct Substitution {
    pub(super) name: String,
    pub(super) operation: Operation,
}

/// What is done about the value.
pub(super) enum Operation {
    Value,
    /// `-`: `word` when there is no value.
    Default {
        word: Template,
        empty_is_missing: bool,
    },
    /// `+`: `word` when there is a value.
    Alternative {
        word: Template,
        empty_is_missing: bool,
    },
    /// `?`: fail with `word` when there is no value.
    Required {
        word: Template,
        empty_is_missing: bool,
    },
    /// `#`
    WithoutPrefix(Template),
    /// `%`
    WithoutSuffix(Template),
    /// `/` and `//`
    Replace {
        pattern: Template,
        text: Template,
        all: bool,
    },
}

impl Template {
    pub(super) fn parse(text: &str, escape: Escape, quotes: Quotes) -> Result<Self, ExpandProblem> {
        let mut parser = Parser {
            chars: text.chars().peekable(),
            escape: escape.char(),
            quotes,
            depth: 0,
        };
        parser.parts(None, Escapes::Take)
    }

    /// The names of all variables.
    pub(super) fn variables(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        self.collect(&mut names);
        names
    }

    fn collect(&self, names: &mut BTreeSet<String>) {
        for part in &self.parts {
            let Content::Substitution(substitution) = &part.content else {
                continue;
            };
            names.insert(substitution.name.clone());
            match &substitution.operation {
                Operation::Value => {}
                Operation::Default { word, .. }
                | Operation::Alternative { word, .. }
                | Operation::Required { word, .. }
                | Operation::WithoutPrefix(word)
                | Operation::WithoutSuffix(word) => word.collect(names),
                Operation::Replace { pattern, text, .. } => {
                    pattern.collect(names);
                    text.collect(names);
                }
            }
        }
    }

    fn push(&mut self, char: char, splits: bool) {
        if let Some(Part {
            content: Content::Text(text),
            splits: same,
        }) = self.parts.last_mut()
            && *same == splits
        {
            text.push(char);
            return;
        }
        self.parts.push(Part {
            content: Content::Text(char.into()),
            splits,
        });
    }

    fn push_substitution(&mut self, content: Content, splits: bool) {
        match content {
            Content::Text(text) => text.chars().for_each(|char| self.push(char, splits)),
            Content::Substitution(_) => self.parts.push(Part { content, splits }),
        }
    }
}

/// What becomes of the escape character.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// It is gone.
    Take,
    /// It stays, for the pattern to see.
    Leave,
}

struct Parser<'a> {
    chars: Peekable<Chars<'a>>,
    escape: char,
    quotes: Quotes,
    depth: usize,
}

impl Parser<'_> {
    /// Reads up to `stop`, which is taken as well, or to the end.
    fn parts(&mut self, stop: Option<char>, escapes: Escapes) -> Result<Template, ExpandProblem> {
        let mut template = Template { parts: Vec::new() };
        loop {
            let Some(&char) = self.chars.peek() else {
                return if stop.is_some() {
                    Err(ExpandProblem::UnclosedBrace)
                } else {
                    Ok(template)
                };
            };
            if char == '$' {
                let content = self.dollar()?;
                template.push_substitution(content, true);
                continue;
            }
            self.chars.next();
            match char {
                _ if Some(char) == stop => return Ok(template),
                '\'' if self.quotes == Quotes::Quote => self.single_quoted(&mut template)?,
                '"' if self.quotes == Quotes::Quote => self.double_quoted(&mut template, escapes)?,
                _ if char == self.escape => {
                    if escapes == Escapes::Leave {
                        template.push(char, false);
                    }
                    if let Some(escaped) = self.chars.next() {
                        template.push(escaped, false);
                    }
                }
                _ => template.push(char, true),
            }
        }
    }

    /// Nothing within single quotes has a meaning.
    fn single_quoted(&mut self, template: &mut Template) -> Result<(), ExpandProblem> {
        loop {
            match self.chars.next().ok_or(ExpandProblem::UnclosedQuote('\''))? {
                '\'' => return Ok(()),
                char => template.push(char, false),
            }
        }
    }

    /// Within double quotes, variables have a meaning, and the escape character before `"`, `$` and itself.
    fn double_quoted(&mut self, template: &mut Template, escapes: Escapes) -> Result<(), ExpandProblem> {
        const QUOTE: char = '"';
        loop {
            if self.chars.peek() == Some(&'$') {
                let content = self.dollar()?;
                template.push_substitution(content, false);
                continue;
            }
            match self.chars.next().ok_or(ExpandProblem::UnclosedQuote(QUOTE))? {
                QUOTE => return Ok(()),
                char if char == self.escape => {
                    let escape = self.escape;
                    let escaped = self
                        .chars
                        .next_if(|&next| next == QUOTE || next == '$' || next == escape);
                    if escapes == Escapes::Leave || escaped.is_none() {
                        template.push(char, false);
                    }
                    if let Some(escaped) = escaped {
                        template.push(escaped, false);
                    }
                }
                char => template.push(char, false),
            }
        }
    }

    /// At `$`.
    fn dollar(&mut self) -> Result<Content, ExpandProblem> {
        self.chars.next();
        if self.chars.next_if_eq(&'{').is_none() {
            let name = self.name();
            return Ok(if name.is_empty() {
                Content::Text('$'.into())
            } else {
                let operation = Operation::Value;
                Content::Substitution(Substitution { name, operation })
            });
        }
        match self.chars.peek() {
            None => return Err(ExpandProblem::UnclosedBrace),
            Some('{' | '}' | ':') => return Err(ExpandProblem::BadSubstitution),
            Some(_) => {}
        }
        if self.depth == DEPTH_LIMIT {
            return Err(ExpandProblem::TooDeep { limit: DEPTH_LIMIT });
        }
        self.depth += 1;
        let name = self.name();
        let operation = self.operation()?;
        self.depth -= 1;
        Ok(Content::Substitution(Substitution { name, operation }))
    }

    /// What follows the name, with the closing brace.
    fn operation(&mut self) -> Result<Operation, ExpandProblem> {
        let operator = self.chars.next().ok_or(ExpandProblem::UnclosedBrace)?;
        if operator == '}' {
            return Ok(Operation::Value);
        }
        if operator == '/' {
            let all = self.chars.next_if_eq(&'/').is_some();
            let pattern = self.parts(Some('/'), Escapes::Leave);
            let pattern = pattern.map_err(|problem| match problem {
                ExpandProblem::UnclosedBrace if self.chars.peek().is_none() => ExpandProblem::MissingSlash,
                other => other,
            })?;
            let text = self.parts(Some('}'), Escapes::Leave)?;
            return Ok(Operation::Replace { pattern, text, all });
        }
        let empty_is_missing = operator == ':';
        let modifier = if empty_is_missing {
            self.chars.next().ok_or(ExpandProblem::UnclosedBrace)?
        } else {
            operator
        };
        let escapes = if matches!(modifier, '#' | '%') {
            Escapes::Leave
        } else {
            Escapes::Take
        };
        match modifier {
            '-' | '+' | '?' | '#' | '%' => {}
            _ if empty_is_missing => return Err(ExpandProblem::UnsupportedModifier(format!(":{modifier}"))),
            _ => return Err(ExpandProblem::UnsupportedModifier(modifier.into())),
        }
        let word = self.parts(Some('}'), escapes)?;
        Ok(match modifier {
            '-' => Operation::Default { word, empty_is_missing },
            '+' => Operation::Alternative { word, empty_is_missing },
            '?' => Operation::Required { word, empty_is_missing },
            '#' => Operation::WithoutPrefix(word),
            _ => Operation::WithoutSuffix(word),
        })
    }

    /// Letters, digits and `_`; only digits when the first one is a digit; one character when it is a special parameter of shells
    /// (POSIX.1-2017, 2.5.2). May be empty.
    fn name(&mut self) -> String {
        if let Some(special) = self.chars.next_if(|char| "@*#?-$!0".contains(*char)) {
            return special.into();
        }
        let is_number = self.chars.peek().is_some_and(|char| char.is_numeric());
        let mut name = String::new();
        while let Some(char) = self
            .chars
            .next_if(|char| char.is_numeric() || (!is_number && (char.is_alphabetic() || *char == '_')))
        {
            name.push(char);
        }
        name
    }
}
