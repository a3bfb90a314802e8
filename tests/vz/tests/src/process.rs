//! A process for every case, because breaking a rule of the framework ends the process.

use std::process::{Command, ExitStatus};
use std::time::Duration;
use std::{env, thread};

/// Set for the process of a case, to the name of its test.
const CASE: &str = "CONTAINER_VZ_TEST_CASE";
/// The faults that the stand-in plays.
const FAULTS: &str = "CONTAINER_VZ_STUB_FAULTS";
/// Makes the stand-in list at the end what is still alive.
const LEAKS: &str = "CONTAINER_VZ_STUB_LEAKS";
/// What is written when a case has come to its end.
const END: &str = "the case has come to its end";

/// Longer than any case takes.
const LIMIT: Duration = Duration::from_secs(60);

/// How the process of a case ended.
#[derive(Debug)]
pub struct Outcome {
    status: ExitStatus,
    output: String,
}

/// Runs `case` in a process of its own with these faults. It must be called once in a test, by the function that is the test.
///
/// # Panics
/// In the process of the case: when it does. In that of the test: when the process cannot be started.
pub fn alone<F: FnOnce()>(faults: &str, case: F) -> Outcome {
    let name = test_name::<F>();
    if env::var(CASE).is_ok_and(|wanted| wanted == name) {
        end_after(LIMIT);
        case();
        println!("{END}");
        std::process::exit(0);
    }
    let output = env::current_exe().and_then(|program| {
        Command::new(program)
            .args(["--exact", &name, "--nocapture", "--test-threads=1"])
            .env(CASE, &name)
            .env(FAULTS, faults)
            .env(LEAKS, "1")
            .output()
    });
    match output {
        Ok(output) => Outcome {
            status: output.status,
            output: [output.stdout, output.stderr]
                .map(|text| String::from_utf8_lossy(&text).into_owned())
                .join(
                    "
",
                ),
        },
        Err(error) => Outcome {
            status: ExitStatus::default(),
            output: format!("cannot start the process of a case: {error}"),
        },
    }
}

/// Ends this process when it still runs then.
fn end_after(limit: Duration) {
    thread::spawn(move || {
        thread::sleep(limit);
        eprintln!("the case has not ended after {} s", limit.as_secs());
        std::process::exit(1);
    });
}

/// The name of the test whose closure has the type `F`: the closure's path without the crate and the closure itself.
fn test_name<F>() -> String {
    let path: Vec<&str> = std::any::type_name::<F>().split("::").collect();
    path.get(1..path.len().saturating_sub(1)).unwrap_or_default().join("::")
}

impl Outcome {
    /// Checks that the case came to its end.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn succeeded(&self) {
        let has_ended = self.status.success() && self.output.contains(END);
        assert!(has_ended, "{}:\n{}", self.status, self.output);
    }

    /// Checks that the stand-in ended the process with a sentence that has `words` in it.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn aborted_with(&self, words: &str) {
        let sentences = self
            .output
            .lines()
            .filter_map(|line| line.strip_prefix("container-vz-stub: "));
        let is_said = sentences.clone().any(|sentence| sentence.contains(words));
        assert!(!self.status.success() && is_said, "{}:\n{}", self.status, self.output);
    }

    /// Checks that the stand-in listed an object of `class` at the end of the process.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn leaked(&self, class: &str) {
        let line = format!("container-vz-stub: still alive: {class}");
        let is_listed = self.output.lines().any(|listed| listed == line);
        assert!(is_listed, "{}:\n{}", self.status, self.output);
    }
}
