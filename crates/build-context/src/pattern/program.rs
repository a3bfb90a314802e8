//! Matching in time that is linear in pattern and name.
//!
//! A program is a sequence of steps without alternatives between them, so that the states of a match are positions in it. All of them are followed at once;
//! nothing is ever tried again, whatever the pattern.

/// What a byte that is not UTF-8 is to a pattern: Go's `utf8.RuneError`.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// A set of characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Set {
    /// First and last characters.
    pub(super) ranges: Vec<(char, char)>,
    /// All but those.
    pub(super) is_negated: bool,
}

impl Set {
    pub(super) fn one(character: char) -> Self {
        Self {
            ranges: vec![(character, character)],
            is_negated: false,
        }
    }

    pub(super) fn all_but(character: char) -> Self {
        Self {
            is_negated: true,
            ..Self::one(character)
        }
    }

    fn contains(&self, character: char) -> bool {
        let is_listed = self
            .ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&character));
        is_listed != self.is_negated
    }
}

/// A step of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// One character of a set.
    One(Set),
    /// Any number of characters of a set.
    Many(Set),
    /// Any characters of one line with a slash behind them, or nothing: the regular expression `(.*/)?`.
    Directories,
    /// Nothing, at the start of the name.
    Start,
    /// Nothing, at its end.
    End,
    /// Nothing, where a word begins or ends, or where none does.
    WordBoundary {
        /// Which of the two.
        is_one: bool,
    },
}

/// A compiled pattern, which matches a name from its start to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    steps: Vec<Step>,
}

/// What is behind a position in a name.
#[derive(Clone, Copy)]
enum Next {
    Character(char),
    End,
    /// The name goes on, nobody knows how.
    Open,
}

/// The states that a match is in.
struct Reached {
    /// Positions in the program, and the number of positions more for one inside of [`Step::Directories`].
    states: Vec<usize>,
    /// For each state after how many characters it was reached last, counted from one.
    listed_at: Vec<usize>,
    characters: usize,
}

impl Program {
    pub(super) fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// Whether it matches the whole of a name.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        self.run(name, Next::End).contains(&self.steps.len())
    }

    /// Whether it may match a name that starts with this and goes on. It says yes too often rather than too rarely.
    pub(super) fn may_match_beyond(&self, start: &[u8]) -> bool {
        !self.run(start, Next::Open).is_empty()
    }

    /// The states after all of a name.
    fn run(&self, name: &[u8], end: Next) -> Vec<usize> {
        let mut characters = characters(name).peekable();
        let next = |peeked: Option<&char>| peeked.map_or(end, |character| Next::Character(*character));
        let mut reached = Reached {
            states: Vec::new(),
            listed_at: vec![0; 2 * (self.steps.len() + 1)],
            characters: 1,
        };
        self.reach(&mut reached, 0, None, next(characters.peek()));
        while let Some(character) = characters.next() {
            let states = std::mem::take(&mut reached.states);
            if states.is_empty() {
                break;
            }
            reached.characters += 1;
            for state in states {
                self.take(&mut reached, state, character, next(characters.peek()));
            }
        }
        reached.states
    }

    /// Goes from one state over `character`.
    fn take(&self, reached: &mut Reached, state: usize, character: char, next: Next) {
        let previous = Some(character);
        if let Some(position) = state.checked_sub(self.steps.len() + 1) {
            if character != '\n' {
                reached.list(state);
            }
            if character == '/' {
                self.reach(reached, position + 1, previous, next);
            }
            return;
        }
        match self.steps.get(state) {
            Some(Step::One(set)) if set.contains(character) => self.reach(reached, state + 1, previous, next),
            Some(Step::Many(set)) if set.contains(character) => self.reach(reached, state, previous, next),
            _ => {}
        }
    }

    /// Lists a position, and all that are reached from it without a character.
    fn reach(&self, reached: &mut Reached, position: usize, previous: Option<char>, next: Next) {
        let count = self.steps.len();
        let mut position = position;
        while reached.list(position) && position < count {
            let goes_on = match &self.steps[position] {
                Step::One(_) => false,
                Step::Many(_) => true,
                Step::Directories => {
                    reached.list(position + count + 1);
                    true
                }
                Step::Start => previous.is_none(),
                Step::End => !matches!(next, Next::Character(_)),
                Step::WordBoundary { is_one } => is_word_boundary(previous, next).is_none_or(|found| found == *is_one),
            };
            if !goes_on {
                break;
            }
            position += 1;
        }
    }
}

impl Reached {
    /// Whether the state is a new one.
    fn list(&mut self, state: usize) -> bool {
        let is_new = std::mem::replace(&mut self.listed_at[state], self.characters) != self.characters;
        if is_new {
            self.states.push(state);
        }
        is_new
    }
}

/// As in Go's regular expressions, whose words are of ASCII; nothing where that is not known.
fn is_word_boundary(previous: Option<char>, next: Next) -> Option<bool> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let is_after_word = previous.is_some_and(is_word);
    match next {
        Next::Character(character) => Some(is_word(character) != is_after_word),
        Next::End => Some(is_after_word),
        Next::Open => None,
    }
}

/// Bytes as Go takes them for text: each that is not UTF-8 is one replacement character.
pub(super) fn characters(bytes: &[u8]) -> impl Iterator<Item = char> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let invalid = chunk.invalid().iter().map(|_| REPLACEMENT);
        chunk.valid().chars().chain(invalid)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_position_is_followed_at_once() {
        // (a*)(a*)…b, on which a matcher that tries again would take for ever.
        let steps = std::iter::repeat_n(Step::Many(Set::one('a')), 64).chain([Step::One(Set::one('b'))]);
        let program = Program::new(steps.collect());
        let mut name = vec![b'a'; 4096];
        assert!(!program.matches(&name));
        assert!(program.may_match_beyond(&name));
        name.push(b'b');
        assert!(program.matches(&name));
        name.push(b'/');
        assert!(!program.may_match_beyond(&name));
    }

    #[test]
    fn bytes_that_are_no_text_are_one_character_each() {
        let program = Program::new(vec![Step::One(Set::all_but('/')), Step::One(Set::one(REPLACEMENT))]);
        assert!(program.matches(b"\xe2\x82"));
        assert!(!program.matches(b"\xe2"));
    }
}
