//! How it is found out whether a container works.

use serde::{Deserialize, Serialize};

use crate::UnknownFields;

/// A command that is run in the container again and again: exit code 0 says that the container works. Docker's `HEALTHCHECK`, with all values told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealthCheck {
    /// `["CMD", program, argument…]` or `["CMD-SHELL", line]`.
    pub test: Vec<String>,
    /// What a line is an argument of; empty means [`HealthCheck::SHELL`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shell: Vec<String>,
    /// From the end of a check to the next one, nanoseconds.
    pub interval_ns: u64,
    /// After so long a check has failed, nanoseconds.
    pub timeout_ns: u64,
    /// From the start of the program on, failures do not count for so long, nanoseconds.
    pub start_period_ns: u64,
    /// Instead of the interval within the start period, nanoseconds.
    pub start_interval_ns: u64,
    /// So many failures in a row make the container unhealthy.
    pub retries: u32,
    /// Fields of other versions.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl HealthCheck {
    /// The shell of images that name none.
    pub const SHELL: [&str; 2] = ["/bin/sh", "-c"];

    /// The program and its arguments; empty when the test is none that this program knows.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        match self.test.split_first() {
            Some((kind, words)) if kind == "CMD" => words.to_vec(),
            Some((kind, line)) if kind == "CMD-SHELL" && !line.is_empty() => {
                let shell = match self.shell.as_slice() {
                    [] => Self::SHELL.map(str::to_owned).to_vec(),
                    shell => shell.to_vec(),
                };
                shell.into_iter().chain(line.iter().cloned()).collect()
            }
            _ => Vec::new(),
        }
    }
}

impl Default for HealthCheck {
    /// No test, and Docker's defaults (Dockerfile reference, `HEALTHCHECK`).
    fn default() -> Self {
        const SECOND_NS: u64 = 1_000_000_000;
        Self {
            test: Vec::new(),
            shell: Vec::new(),
            interval_ns: 30 * SECOND_NS,
            timeout_ns: 30 * SECOND_NS,
            start_period_ns: 0,
            start_interval_ns: 5 * SECOND_NS,
            retries: 3,
            unknown: UnknownFields::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_a_program_or_a_line_for_the_shell() {
        let arguments = |test: &[&str], shell: &[&str]| {
            let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
            let check = HealthCheck {
                test: owned(test),
                shell: owned(shell),
                ..HealthCheck::default()
            };
            check.arguments()
        };
        assert_eq!(arguments(&["CMD", "curl", "-f", "x"], &["bash"]), ["curl", "-f", "x"]);
        assert_eq!(arguments(&["CMD-SHELL", "a || b"], &[]), ["/bin/sh", "-c", "a || b"]);
        assert_eq!(arguments(&["CMD-SHELL", "a"], &["bash", "-ec"]), ["bash", "-ec", "a"]);
        for none in [&[][..], &["NONE"], &["CMD"], &["CMD-SHELL"], &["HTTP", "/"]] {
            assert!(arguments(none, &[]).is_empty(), "{none:?}");
        }
    }
}
