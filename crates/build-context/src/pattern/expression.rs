//! One pattern of an ignore file, as BuildKit's matcher (`moby/patternmatcher`) takes it.
//!
//! That matcher makes a regular expression of a pattern, character by character, and compiles that; patterns without `*`, `?`, `[`, `]` and `\` are compared as
//! bytes, and so is what is before a last or behind a first `**`. What follows from that, wanted or not, is part of the language: `\d` is a digit, `^` the
//! start of a name, and `[*]` is no class of a star. So the expression is made here too, and then read as Go's `regexp` reads it.
//!
//! What that package refuses is refused. So are, though it takes them, `\p`, `\x`, `\Q` and octal numbers, which nobody writes for a file's name.

use super::Malformed;
use super::program::{Program, Set, Step, characters};

/// A pattern, without a `!` before it.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    /// The name itself.
    Exact(Vec<u8>),
    /// What it starts with.
    Prefix(Vec<u8>),
    /// What it ends with, or without the slash at the start of that, all of it.
    Suffix(Vec<u8>),
    /// Anything else.
    Program(Program),
}

impl Expression {
    /// Reads a pattern that has been cleaned as a path.
    pub(super) fn parse(pattern: &[u8]) -> Result<Self, Malformed> {
        let translation = Translation::of(pattern);
        let text = || pattern.to_vec();
        Ok(match translation.kind {
            Kind::Exact => Self::Exact(text()),
            Kind::Prefix => Self::Prefix(pattern.strip_suffix(b"**").unwrap_or(pattern).to_vec()),
            Kind::Suffix => Self::Suffix(pattern.strip_prefix(b"**").unwrap_or(pattern).to_vec()),
            Kind::Regular => Self::Program(Program::new(steps(&translation.expression)?)),
        })
    }

    pub(super) fn matches(&self, name: &[u8]) -> bool {
        match self {
            Self::Exact(text) => name == text,
            Self::Prefix(text) => name.starts_with(text),
            Self::Suffix(text) => name.ends_with(text) || text.strip_prefix(b"/") == Some(name),
            Self::Program(program) => program.matches(name),
        }
    }

    /// Whether it may match something below a directory. It says yes too often rather than too rarely.
    pub(super) fn may_match_below(&self, directory: &[u8]) -> bool {
        let start = [directory, b"/"].concat();
        match self {
            Self::Exact(text) => text.starts_with(&start),
            Self::Prefix(text) => text.starts_with(&start) || start.starts_with(text),
            Self::Suffix(_) => true,
            Self::Program(program) => program.may_match_beyond(&start),
        }
    }
}

/// How a pattern is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
    Suffix,
    Regular,
}

/// A pattern as a regular expression, which matches from start to end.
struct Translation {
    kind: Kind,
    expression: Vec<char>,
}

impl Translation {
    fn of(pattern: &[u8]) -> Self {
        let mut kind = Kind::Exact;
        let mut expression = Vec::new();
        let mut rest = characters(pattern).peekable();
        let mut is_first = true;
        while let Some(character) = rest.next() {
            match character {
                '*' if rest.next_if_eq(&'*').is_some() => {
                    let _ = rest.next_if_eq(&'/');
                    match (rest.peek(), kind) {
                        (None, Kind::Exact) => kind = Kind::Prefix,
                        (None, _) => {
                            expression.extend(".*".chars());
                            kind = Kind::Regular;
                        }
                        (Some(_), _) => {
                            expression.extend("(.*/)?".chars());
                            kind = Kind::Regular;
                        }
                    }
                    if is_first {
                        kind = Kind::Suffix;
                    }
                }
                '*' => {
                    expression.extend("[^/]*".chars());
                    kind = Kind::Regular;
                }
                '?' => {
                    expression.extend("[^/]".chars());
                    kind = Kind::Regular;
                }
                '.' | '+' | '(' | ')' | '|' | '{' | '}' | '$' => expression.extend(['\\', character]),
                '\\' => {
                    expression.push('\\');
                    if let Some(escaped) = rest.next() {
                        expression.push(escaped);
                        kind = Kind::Regular;
                    }
                }
                '[' | ']' => {
                    expression.push(character);
                    kind = Kind::Regular;
                }
                character => expression.push(character),
            }
            is_first = false;
        }
        Self { kind, expression }
    }
}

/// Reads as much of Go's regular expressions as [`Translation`] writes.
fn steps(expression: &[char]) -> Result<Vec<Step>, Malformed> {
    let mut steps = Vec::new();
    let mut rest = expression;
    while let Some((first, behind)) = rest.split_first() {
        rest = match first {
            '(' => {
                steps.push(Step::Directories);
                behind.get("(.*/)?".len() - 1..).ok_or(Malformed)?
            }
            '.' => {
                steps.push(Step::Many(Set::all_but('\n')));
                behind.get(".*".len() - 1..).ok_or(Malformed)?
            }
            '[' => {
                let (set, behind) = class(behind)?;
                match behind {
                    ['*', behind @ ..] => {
                        steps.push(Step::Many(set));
                        behind
                    }
                    behind => {
                        steps.push(Step::One(set));
                        behind
                    }
                }
            }
            '^' => {
                steps.push(Step::Start);
                behind
            }
            '\\' => {
                let (escaped, behind) = behind.split_first().ok_or(Malformed)?;
                steps.extend(escape(*escaped)?);
                behind
            }
            character => {
                steps.push(Step::One(Set::one(*character)));
                behind
            }
        };
    }
    Ok(steps)
}

/// What a character means behind a `\` (Go, regexp/syntax, "Escape sequences", "Perl character classes", "Empty strings").
fn escape(character: char) -> Result<Option<Step>, Malformed> {
    Ok(Some(match character {
        'A' => Step::Start,
        'z' => Step::End,
        'b' => Step::WordBoundary { is_one: true },
        'B' => Step::WordBoundary { is_one: false },
        character => Step::One(match named_class(character) {
            Some(set) => set,
            None => Set::one(escaped_character(character)?),
        }),
    }))
}

fn named_class(character: char) -> Option<Set> {
    let ranges = match character.to_ascii_lowercase() {
        'd' => vec![('0', '9')],
        's' => vec![('\t', '\n'), ('\x0c', '\r'), (' ', ' ')],
        'w' => vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return None,
    };
    Some(Set {
        ranges,
        is_negated: character.is_ascii_uppercase(),
    })
}

fn escaped_character(character: char) -> Result<char, Malformed> {
    match character {
        'a' => Ok('\x07'),
        'f' => Ok('\x0c'),
        'n' => Ok('\n'),
        'r' => Ok('\r'),
        't' => Ok('\t'),
        'v' => Ok('\x0b'),
        '_' => Ok('_'),
        character if character.is_ascii_alphanumeric() || !character.is_ascii() => Err(Malformed),
        character => Ok(character),
    }
}

/// The class whose `[` was read, and what is behind its `]`.
fn class(mut rest: &[char]) -> Result<(Set, &[char]), Malformed> {
    let is_negated = rest.first() == Some(&'^');
    rest = &rest[usize::from(is_negated)..];
    let mut ranges = Vec::new();
    let mut is_first = true;
    loop {
        if let [']', behind @ ..] = rest
            && !is_first
        {
            return Ok((Set { ranges, is_negated }, behind));
        }
        is_first = false;
        // A class with a name, which none of these texts can have been meant for.
        if rest.starts_with(&['[', ':']) {
            return Err(Malformed);
        }
        if let ['\\', name, behind @ ..] = rest
            && let Some(set) = named_class(*name)
        {
            ranges.extend(positive(&set));
            rest = behind;
            continue;
        }
        let (first, behind) = class_character(rest)?;
        rest = behind;
        let mut last = first;
        if let ['-', behind @ ..] = rest
            && behind.first() != Some(&']')
        {
            (last, rest) = class_character(behind)?;
        }
        if last < first {
            return Err(Malformed);
        }
        ranges.push((first, last));
    }
}

/// The ranges of a set that are in it, whatever it says of others.
fn positive(set: &Set) -> Vec<(char, char)> {
    if !set.is_negated {
        return set.ranges.clone();
    }
    let mut ranges = Vec::new();
    let mut next = Some('\0');
    for (first, last) in &set.ranges {
        if let (Some(from), Some(to)) = (next, char::from_u32(u32::from(*first).wrapping_sub(1)))
            && from <= to
        {
            ranges.push((from, to));
        }
        next = char::from_u32(u32::from(*last) + 1);
    }
    ranges.extend(next.map(|from| (from, char::MAX)));
    ranges
}

fn class_character(rest: &[char]) -> Result<(char, &[char]), Malformed> {
    match rest {
        [] | ['\\'] => Err(Malformed),
        ['\\', escaped, behind @ ..] => Ok((escaped_character(*escaped)?, behind)),
        [character, behind @ ..] => Ok((*character, behind)),
    }
}

#[cfg(test)]
mod tests;
