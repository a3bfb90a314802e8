//! The keys that leave a session without ending it: Ctrl-P Ctrl-Q, as in Docker.

/// Ctrl-P, ASCII DLE.
const CTRL_P: u8 = 0x10;
/// Ctrl-Q, ASCII DC1.
const CTRL_Q: u8 = 0x11;

/// Looks for the detach keys in what is typed.
///
/// A Ctrl-P is held back until the next key shows what it was meant for, so a shell's "previous command" takes one more key;
/// that is the price everywhere where these keys detach.
#[derive(Debug, Default)]
pub struct DetachFilter {
    held: bool,
}

/// What came of some keys.
#[derive(Debug, PartialEq, Eq)]
pub struct Keys {
    /// What the program gets.
    pub passed: Vec<u8>,
    /// Whether the session is to be left; keys after the detach keys are dropped.
    pub detach: bool,
}

impl DetachFilter {
    /// Takes the next keys.
    pub fn feed(&mut self, typed: &[u8]) -> Keys {
        let mut passed = Vec::with_capacity(typed.len() + 1);
        for &key in typed {
            if self.held {
                self.held = false;
                if key == CTRL_Q {
                    return Keys { passed, detach: true };
                }
                passed.push(CTRL_P);
            }
            if key == CTRL_P {
                self.held = true;
            } else {
                passed.push(key);
            }
        }
        Keys { passed, detach: false }
    }

    /// What was held back when no more keys follow.
    pub fn finish(&mut self) -> Vec<u8> {
        if std::mem::take(&mut self.held) {
            vec![CTRL_P]
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_keys_detach_also_when_they_arrive_apart() {
        let mut filter = DetachFilter::default();
        assert_eq!(
            filter.feed(b"ls\x10"),
            Keys {
                passed: b"ls".to_vec(),
                detach: false
            }
        );
        assert_eq!(
            filter.feed(b"\x11exit"),
            Keys {
                passed: Vec::new(),
                detach: true
            }
        );
        assert!(DetachFilter::default().feed(b"a\x10\x11").detach);
    }

    #[test]
    fn a_lone_ctrl_p_is_passed_with_the_next_key() {
        let mut filter = DetachFilter::default();
        assert_eq!(filter.feed(b"\x10").passed, b"");
        assert_eq!(filter.feed(b"x").passed, b"\x10x");
        assert_eq!(filter.feed(b"\x10\x10").passed, b"\x10");
        assert!(filter.feed(b"\x11").detach);
    }

    proptest! {
        #[test]
        fn everything_else_passes_unchanged(typed: Vec<u8>, cut: prop::sample::Index) {
            prop_assume!(!typed.windows(2).any(|pair| pair == [CTRL_P, CTRL_Q]));
            let (first, second) = typed.split_at(cut.index(typed.len() + 1));
            let mut filter = DetachFilter::default();
            let mut passed = filter.feed(first).passed;
            passed.extend(filter.feed(second).passed);
            passed.extend(filter.finish());
            prop_assert_eq!(passed, typed);
        }
    }
}
