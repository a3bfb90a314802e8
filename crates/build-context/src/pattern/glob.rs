//! Patterns of sources, as Go's `filepath.Match` has them on Unix.
//!
//! `*` is any characters but slashes, `?` one such character, `[a-z]` one character of a class, `[^a-z]` one of all others, which may be a slash; `\` takes the
//! meaning off the character behind it. Names are bytes: a `?` takes one byte where they are not UTF-8.

use super::Malformed;
use super::program::{Program, Set, Step, characters};

/// A pattern of a source, as Go's `filepath.Match` has it on Unix: `*`, `?`, `[a-z]`, `[^a-z]` and `\`.
#[derive(Debug, Clone)]
pub struct Glob {
    /// What is between the stars, with whether a star is before it. Only the first may have none.
    chunks: Vec<(bool, Vec<Token>)>,
    /// A matcher that may say yes too often, for names that are not complete.
    program: Program,
}

#[derive(Debug, Clone)]
enum Token {
    Byte(u8),
    Any,
    Class {
        ranges: Vec<(char, char)>,
        is_negated: bool,
    },
}

impl Glob {
    /// Whether a text has more meaning than its characters, so that it is a pattern and not a name.
    #[must_use]
    pub fn is_pattern(text: &[u8]) -> bool {
        let mut bytes = text.iter();
        while let Some(byte) = bytes.next() {
            match byte {
                b'*' | b'?' | b'[' => return true,
                b'\\' => {
                    bytes.next();
                }
                _ => {}
            }
        }
        false
    }

    /// Reads a pattern.
    ///
    /// # Errors
    /// [`Malformed`]
    pub fn parse(mut text: &[u8]) -> Result<Self, Malformed> {
        let mut chunks = vec![(false, Vec::new())];
        while let Some((first, rest)) = text.split_first() {
            let token = match first {
                b'*' => {
                    match chunks.last_mut() {
                        Some((has_star, tokens)) if tokens.is_empty() => *has_star = true,
                        _ => chunks.push((true, Vec::new())),
                    }
                    text = rest;
                    continue;
                }
                b'?' => Token::Any,
                b'[' => {
                    let (token, rest) = class(rest)?;
                    push(&mut chunks, token);
                    text = rest;
                    continue;
                }
                b'\\' => {
                    let (escaped, rest) = rest.split_first().ok_or(Malformed)?;
                    push(&mut chunks, Token::Byte(*escaped));
                    text = rest;
                    continue;
                }
                byte => Token::Byte(*byte),
            };
            push(&mut chunks, token);
            text = rest;
        }
        let program = program(&chunks);
        Ok(Self { chunks, program })
    }

    /// Whether it matches a whole name, which may have slashes.
    ///
    /// As in Go, what is between two stars is looked for once, from left to right, and taken where it is found first.
    #[must_use]
    pub fn matches(&self, mut name: &[u8]) -> bool {
        for (at, (has_star, tokens)) in self.chunks.iter().enumerate() {
            let is_last = at + 1 == self.chunks.len();
            if *has_star && tokens.is_empty() {
                return !name.contains(&b'/');
            }
            // A star takes no slash.
            let most = match has_star {
                true => name.iter().position(|byte| *byte == b'/').unwrap_or(name.len()),
                false => 0,
            };
            let found = (0..=most).find_map(|skipped| {
                let rest = after(tokens, &name[skipped..])?;
                (!is_last || rest.is_empty()).then_some(rest)
            });
            match found {
                Some(rest) => name = rest,
                None => return false,
            }
        }
        name.is_empty()
    }

    /// Whether it may match something below a directory. It says yes too often rather than too rarely, and no for nearly every directory that has no match.
    #[must_use]
    pub fn may_match_below(&self, directory: &[u8]) -> bool {
        self.program.may_match_beyond(&[directory, b"/"].concat())
    }
}

fn push(chunks: &mut [(bool, Vec<Token>)], token: Token) {
    if let Some((_, tokens)) = chunks.last_mut() {
        tokens.push(token);
    }
}

/// What is left of a name that starts with tokens.
fn after<'a>(tokens: &[Token], mut name: &'a [u8]) -> Option<&'a [u8]> {
    for token in tokens {
        name = match token {
            Token::Byte(byte) => name.strip_prefix(&[*byte])?,
            Token::Any => {
                let (character, rest) = first_character(name)?;
                (character != '/').then_some(rest)?
            }
            Token::Class { ranges, is_negated } => {
                let (character, rest) = first_character(name)?;
                let is_listed = ranges.iter().any(|(first, last)| (*first..=*last).contains(&character));
                (is_listed != *is_negated).then_some(rest)?
            }
        };
    }
    Some(name)
}

fn first_character(bytes: &[u8]) -> Option<(char, &[u8])> {
    let character = characters(bytes.get(..4).unwrap_or(bytes)).next()?;
    let is_text = bytes.starts_with(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some((character, &bytes[if is_text { character.len_utf8() } else { 1 }..]))
}

/// The class whose `[` was read, and what is behind its `]`.
fn class(mut text: &[u8]) -> Result<(Token, &[u8]), Malformed> {
    let is_negated = text.first() == Some(&b'^');
    text = &text[usize::from(is_negated)..];
    let mut ranges = Vec::new();
    loop {
        if let Some(rest) = text.strip_prefix(b"]")
            && !ranges.is_empty()
        {
            return Ok((Token::Class { ranges, is_negated }, rest));
        }
        let (first, rest) = class_character(text)?;
        let (last, rest) = match rest.strip_prefix(b"-") {
            Some(rest) => class_character(rest)?,
            None => (first, rest),
        };
        ranges.push((first, last));
        text = rest;
    }
}

/// A character of a class, which is not its last one.
fn class_character(text: &[u8]) -> Result<(char, &[u8]), Malformed> {
    let text = match text {
        [] | [b'-' | b']', ..] => return Err(Malformed),
        [b'\\', rest @ ..] => rest,
        text => text,
    };
    let (character, rest) = first_character(text).ok_or(Malformed)?;
    let is_text = text.len() - rest.len() == character.len_utf8();
    if !is_text || rest.is_empty() {
        return Err(Malformed);
    }
    Ok((character, rest))
}

fn program(chunks: &[(bool, Vec<Token>)]) -> Program {
    let mut steps = Vec::new();
    for (has_star, tokens) in chunks {
        if *has_star {
            steps.push(Step::Many(Set::all_but('/')));
        }
        for run in tokens.chunk_by(|one, other| matches!((one, other), (Token::Byte(_), Token::Byte(_)))) {
            let bytes: Vec<u8> = run
                .iter()
                .filter_map(|token| match token {
                    Token::Byte(byte) => Some(*byte),
                    _ => None,
                })
                .collect();
            steps.extend(characters(&bytes).map(|character| Step::One(Set::one(character))));
            match run.first() {
                Some(Token::Any) => steps.push(Step::One(Set::all_but('/'))),
                Some(Token::Class { ranges, is_negated }) => steps.push(Step::One(Set {
                    ranges: ranges.clone(),
                    is_negated: *is_negated,
                })),
                _ => {}
            }
        }
    }
    Program::new(steps)
}

#[cfg(test)]
mod tests;
