//! Shell patterns: `?` for a character, `*` for any number of them. Neither stands for the end of a line.
//!
//! All possible matches are followed at the same time, so that the work is at most the length of the text times that of the pattern.

use std::mem;

use super::error::ExpandProblem;

/// Longer patterns are refused: what they cost is in proportion to their length, for each character of a value.
const LIMIT_CHARS: usize = 256;

/// A pattern.
pub(super) struct Pattern {
    elements: Vec<Element>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Char(char),
    AnyChar,
    AnyText,
}

impl Pattern {
    /// Reads a pattern, in which `\` takes the meaning off `*`, `?` and `\`, and is nothing before `/` and `}`.
    pub(super) fn parse(text: &str) -> Result<Self, ExpandProblem> {
        let chars = text.chars().count();
        if chars > LIMIT_CHARS {
            return Err(ExpandProblem::PatternTooLong {
                chars,
                limit: LIMIT_CHARS,
            });
        }
        let mut elements = Vec::with_capacity(chars);
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            elements.push(match char {
                '*' if elements.last() == Some(&Element::AnyText) => continue,
                '*' => Element::AnyText,
                '?' => Element::AnyChar,
                '\\' => match chars.next() {
                    Some(escaped @ ('*' | '?' | '\\' | '/' | '}')) => Element::Char(escaped),
                    _ => return Err(ExpandProblem::InvalidPattern { pattern: text.into() }),
                },
                char => Element::Char(char),
            });
        }
        Ok(Self { elements })
    }

    /// `text` without what matches at its start.
    pub(super) fn without_prefix(&self, text: &str, longest: bool) -> String {
        let chars: Vec<char> = text.chars().collect();
        let matched = prefix(&self.elements, &chars, longest).unwrap_or(0);
        chars.get(matched..).unwrap_or_default().iter().collect()
    }

    /// `text` without what matches at its end.
    pub(super) fn without_suffix(&self, text: &str, longest: bool) -> String {
        let reversed: Vec<char> = text.chars().rev().collect();
        let elements: Vec<Element> = self.elements.iter().rev().copied().collect();
        let matched = prefix(&elements, &reversed, longest).unwrap_or(0);
        reversed.get(matched..).unwrap_or_default().iter().rev().collect()
    }

    /// `text` with `by` in the place of what matches, the leftmost and there the longest, or of all such. `None` when that has more than
    /// `limit_bytes`.
    pub(super) fn replace(&self, text: &str, by: &str, all: bool, limit_bytes: usize) -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        let mut replaced = String::new();
        // How much of `chars` is in `replaced`, and where the next match may start.
        let (mut copied, mut from) = (0, 0);
        while let Some((start, end)) = find(&self.elements, &chars, from) {
            // Nothing, right after a match, is not a match of its own.
            if end > copied || start == 0 {
                replaced.extend(chars.get(copied..start)?);
                replaced.push_str(by);
                copied = end;
            }
            from = if end > start { end } else { end + 1 };
            if replaced.len() > limit_bytes {
                return None;
            }
            if !all || from > chars.len() {
                break;
            }
        }
        replaced.extend(chars.get(copied..)?);
        (replaced.len() <= limit_bytes).then_some(replaced)
    }
}

/// How many of `chars` from the first one on match.
fn prefix(elements: &[Element], chars: &[char], longest: bool) -> Option<usize> {
    let mut states = States::new(elements);
    let mut matched = None;
    states.begin(0);
    for position in 0..=chars.len() {
        if states.accepted().is_some() {
            matched = Some(position);
            if !longest {
                break;
            }
        }
        match chars.get(position) {
            Some(char) if states.are_alive() => states.step(*char),
            _ => break,
        }
    }
    matched
}

/// Where the leftmost match at or after `from` starts, and where the longest such ends.
fn find(elements: &[Element], chars: &[char], from: usize) -> Option<(usize, usize)> {
    let mut states = States::new(elements);
    let mut found: Option<(usize, usize)> = None;
    for position in from..=chars.len() {
        if found.is_none() {
            states.begin(position);
        }
        if let Some(start) = states.accepted() {
            found = Some((start, position));
            states.keep_up_to(start);
        }
        match chars.get(position) {
            Some(char) if found.is_none() || states.are_alive() => states.step(*char),
            _ => break,
        }
    }
    found
}

/// How far into the pattern the possible matches are, and for each place the earliest start of a match that is there.
struct States<'a> {
    elements: &'a [Element],
    starts: Vec<Option<usize>>,
    next: Vec<Option<usize>>,
}

impl<'a> States<'a> {
    fn new(elements: &'a [Element]) -> Self {
        let starts = vec![None; elements.len() + 1];
        let next = starts.clone();
        Self { elements, starts, next }
    }

    /// A match may start at `position`, which is after all earlier starts.
    fn begin(&mut self, position: usize) {
        if let Some(first) = self.starts.first_mut() {
            first.get_or_insert(position);
        }
        self.pass_any_text();
    }

    fn step(&mut self, char: char) {
        self.next.fill(None);
        for (place, element) in self.elements.iter().enumerate() {
            let Some(start) = self.starts.get(place).copied().flatten() else {
                continue;
            };
            let to = match element {
                Element::Char(expected) if *expected == char => place + 1,
                Element::AnyChar if char != '\n' => place + 1,
                Element::AnyText if char != '\n' => place,
                _ => continue,
            };
            put(&mut self.next, to, start);
        }
        mem::swap(&mut self.starts, &mut self.next);
        self.pass_any_text();
    }

    /// `*` may stand for nothing.
    fn pass_any_text(&mut self) {
        for (place, element) in self.elements.iter().enumerate() {
            if let (Element::AnyText, Some(start)) = (element, self.starts.get(place).copied().flatten()) {
                put(&mut self.starts, place + 1, start);
            }
        }
    }

    /// Drops the matches that start after `start`.
    fn keep_up_to(&mut self, start: usize) {
        for state in &mut self.starts {
            *state = state.filter(|&other| other <= start);
        }
    }

    /// The earliest start of a match that ends here.
    fn accepted(&self) -> Option<usize> {
        self.starts.last().copied().flatten()
    }

    fn are_alive(&self) -> bool {
        self.starts.iter().any(Option::is_some)
    }
}

fn put(states: &mut [Option<usize>], place: usize, start: usize) {
    if let Some(state) = states.get_mut(place) {
        *state = Some(state.map_or(start, |other| other.min(start)));
    }
}
