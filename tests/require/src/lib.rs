//! Preconditions of tests that the machine may lack.
//!
//! A test that returns early counts as passed without having tested anything. So it asks for its preconditions by [`require!`]: with `CI=true` in
//! the environment a missing one fails the test; without, the test ends with a line that the test runner counts.

/// Ends the test unless the condition holds; see the crate.
///
/// ```
/// use container_require::require;
///
/// fn test() {
///     require!(cfg!(unix), "a Unix system");
/// }
/// test();
/// ```
#[macro_export]
macro_rules! require {
    ($condition:expr, $($missing:tt)+) => {
        if !$crate::holds($condition, ::core::format_args!($($missing)+)) {
            return;
        }
    };
}

/// Returns `condition`, and prints to standard error what is missing when it is false: `skipped: needs …`.
///
/// # Panics
/// When it is false and the environment has `CI=true`.
#[track_caller]
#[must_use]
pub fn holds(condition: bool, missing: std::fmt::Arguments<'_>) -> bool {
    let decides = std::env::var_os("CI").is_some_and(|value| value == "true");
    assert!(condition || !decides, "needs {missing}");
    if !condition {
        eprintln!("skipped: needs {missing}");
    }
    condition
}

/// Is there a program of this name in `PATH`?
#[must_use]
pub fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|directory| directory.join(program).is_file())
}

/// May this user make a user namespace and mount in it? `unshare` of util-linux tries.
#[must_use]
pub fn may_mount_in_a_namespace() -> bool {
    std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "true"])
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    /// Names the precondition that the child asks for.
    const ASKS: &str = "CONTAINER_TEST_ASKS_FOR";

    #[test]
    fn a_missing_precondition_fails_with_ci_and_is_printed_otherwise() {
        if let Some(there) = std::env::var_os(ASKS) {
            require!(there == "something", "a {}", "moon");
            eprintln!("went on");
            return;
        }
        let run = |asked: &str, ci: Option<&str>| {
            let mut command = Command::new(std::env::current_exe().unwrap_or_default());
            command.args([
                "--exact",
                "tests::a_missing_precondition_fails_with_ci_and_is_printed_otherwise",
            ]);
            command.arg("--nocapture").env(ASKS, asked).env_remove("CI");
            let output = command.envs(ci.map(|ci| ("CI", ci))).output();
            let Ok(output) = output else {
                return (false, String::new());
            };
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.success(), said)
        };
        let (ends_well, said) = run("nothing", None);
        assert!(
            ends_well && said.contains("skipped: needs a moon") && !said.contains("went on"),
            "{said}"
        );
        let (ends_well, said) = run("nothing", Some("true"));
        assert!(!ends_well && said.contains("needs a moon"), "{said}");
        let (ends_well, said) = run("something", Some("true"));
        assert!(ends_well && said.contains("went on"), "{said}");
    }

    #[test]
    fn programs_are_looked_for_in_the_path() {
        assert!(crate::is_installed("sh"));
        assert!(!crate::is_installed("no-such-program-anywhere"));
    }
}
