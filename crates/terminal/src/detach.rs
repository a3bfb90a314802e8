//! Finds the detach keys in typed input.

use crate::DetachKeys;

/// Finds the detach keys. Keys that may be their beginning are held back.
///
/// [`DetachFilter::feed`] passes them on as soon as another key shows that they are not the detach keys; the caller calls
/// [`DetachFilter::release`] when no key has followed for long enough.
#[derive(Debug)]
pub struct DetachFilter {
    keys: DetachKeys,
    /// How many of the detach keys have been typed. These are held back.
    held_count: usize,
}

/// The result of feeding some keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Keys {
    /// The keys to pass on to the program.
    pub passed: Vec<u8>,
    /// Whether the detach keys are complete. Keys after them are dropped.
    pub detach: bool,
}

impl DetachFilter {
    /// A filter that has seen no keys.
    #[must_use]
    pub fn new(keys: DetachKeys) -> Self {
        Self { keys, held_count: 0 }
    }

    /// Takes the next keys.
    pub fn feed(&mut self, typed: &[u8]) -> Keys {
        let mut passed = Vec::with_capacity(self.held_count + typed.len());
        for &key in typed {
            self.take(key, &mut passed);
            if self.held_count > 0 && self.held_count == self.keys.bytes().len() {
                self.held_count = 0;
                return Keys { passed, detach: true };
            }
        }
        Keys { passed, detach: false }
    }

    /// Whether keys are held back.
    #[must_use]
    pub fn is_holding(&self) -> bool {
        self.held_count > 0
    }

    /// Returns the keys that are held back, which then count as ordinary keys.
    pub fn release(&mut self) -> Vec<u8> {
        let held = self.keys.bytes().get(..self.held_count).unwrap_or_default().to_vec();
        self.held_count = 0;
        held
    }

    /// Holds the key back if it continues the detach keys, else passes on the keys that cannot be their beginning.
    fn take(&mut self, key: u8, passed: &mut Vec<u8>) {
        let keys = self.keys.bytes();
        let mut seen = keys.get(..self.held_count).unwrap_or_default().to_vec();
        seen.push(key);
        while !keys.starts_with(&seen) {
            passed.push(seen.remove(0));
        }
        self.held_count = seen.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CTRL_P: u8 = 0x10;

    fn filter(keys: &str) -> DetachFilter {
        DetachFilter::new(keys.parse().unwrap())
    }

    fn passed(bytes: &[u8]) -> Keys {
        Keys {
            passed: bytes.to_vec(),
            detach: false,
        }
    }

    #[test]
    fn the_keys_detach_also_when_they_arrive_apart() {
        let mut apart = filter("ctrl-p,ctrl-q");
        assert_eq!(apart.feed(b"ls\x10"), passed(b"ls"));
        assert_eq!(
            apart.feed(b"\x11exit"),
            Keys {
                passed: Vec::new(),
                detach: true
            }
        );
        assert!(filter("ctrl-p,ctrl-q").feed(b"a\x10\x11").detach);
        assert!(filter("ctrl-x").feed(b"a\x18b").detach);
        assert!(filter("b,y,e").feed(b"goodbye").detach);
    }

    #[test]
    fn keys_that_only_begin_the_sequence_are_passed_with_the_next_key() {
        let mut filter = filter("ctrl-p,ctrl-q");
        assert_eq!(filter.feed(b"\x10"), passed(b""));
        assert_eq!(filter.feed(b"x"), passed(b"\x10x"));
        assert_eq!(filter.feed(b"\x10\x10"), passed(b"\x10"));
        assert!(filter.feed(b"\x11").detach);
    }

    #[test]
    fn released_keys_do_not_count_for_the_sequence() {
        let mut filter = filter("ctrl-p,ctrl-q");
        assert!(!filter.is_holding());
        filter.feed(&[CTRL_P]);
        assert!(filter.is_holding());
        assert_eq!(filter.release(), [CTRL_P]);
        assert_eq!(filter.feed(b"\x11"), passed(b"\x11"));
        assert_eq!(filter.release(), b"");
    }

    #[test]
    fn keys_that_repeat_themselves_are_found_at_any_place() {
        assert_eq!(filter("a,a,b").feed(b"xaaab").passed, b"xa");
        assert!(filter("a,a,b").feed(b"aaab").detach);
        assert!(filter("a,b,a,c").feed(b"abababac").detach);
    }

    #[test]
    fn without_keys_nothing_detaches_and_nothing_waits() {
        let mut none = filter("");
        assert_eq!(none.feed(b"\x10\x11"), passed(b"\x10\x11"));
        assert!(!none.is_holding());
    }

    proptest! {
        #[test]
        fn everything_else_passes_unchanged(
            typed in proptest::collection::vec(0_u8..4, 0..40),
            keys in proptest::collection::vec(0_u8..4, 0..4),
            cut: prop::sample::Index,
        ) {
            let found = typed.windows(keys.len().max(1)).position(|window| window == keys);
            let names: Vec<_> = keys.iter().map(|key| ["ctrl-@", "ctrl-a", "ctrl-b", "ctrl-c"][usize::from(*key)]).collect();
            let (first, second) = typed.split_at(cut.index(typed.len() + 1));
            let mut filter = filter(&names.join(","));
            let mut result = filter.feed(first);
            if !result.detach {
                let rest = filter.feed(second);
                result.passed.extend(rest.passed);
                result.detach = rest.detach;
            }
            if !result.detach {
                result.passed.extend(filter.release());
            }
            prop_assert_eq!(result.detach, found.is_some());
            prop_assert_eq!(&result.passed[..], &typed[..found.unwrap_or(typed.len())]);
        }
    }
}
