//! How many tests ended how, in the form in which `cargo test` sums up.

use std::fmt;

/// What has been counted so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// Adds what another run has counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.failed == 0 { "ok" } else { "FAILED" };
        write!(
            formatter,
            "test result: {verdict}. {} passed; {} failed; {} ignored",
            self.passed, self.failed, self.ignored
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_decides_the_verdict() {
        let mut tally = Tally {
            passed: 5,
            failed: 0,
            ignored: 1,
        };
        assert_eq!(tally.to_string(), "test result: ok. 5 passed; 0 failed; 1 ignored");
        tally.add(&Tally {
            passed: 2,
            failed: 1,
            ignored: 0,
        });
        assert_eq!(tally.to_string(), "test result: FAILED. 7 passed; 1 failed; 1 ignored");
    }
}
