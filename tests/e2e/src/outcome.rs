//! Commands that are started and waited for with a bound, and their results.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::COMMAND_LIMIT;

/// The result of a command.
#[derive(Debug)]
pub struct Outcome {
    /// The command, for messages.
    pub line: String,
    /// Exit code; 128 + n when signal n ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: String,
}

impl Outcome {
    /// Standard output as text, without the last line end.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).trim_end_matches('\n').to_owned()
    }

    /// Standard output as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap_or_else(|error| panic!("{}: no JSON: {error}\n{self:?}", self.line))
    }

    /// # Panics
    /// When the command failed.
    #[track_caller]
    pub fn success(self) -> Self {
        self.with_code(0)
    }

    /// # Panics
    /// When the exit code is another.
    #[track_caller]
    pub fn with_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            code,
            "`{}`: {}{}",
            self.line,
            String::from_utf8_lossy(&self.stdout),
            self.stderr
        );
        self
    }

    /// Checks that the command failed with this code, a message of one line that contains all of `words`, and without a panic.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn failure(self, code: i32, words: &[&str]) {
        let this = self.with_code(code);
        assert!(!this.stderr.contains("panicked"), "{}", this.stderr);
        let message = this
            .stderr
            .lines()
            .find(|line| line.starts_with("Error: "))
            .unwrap_or_default();
        assert!(
            !message.is_empty(),
            "`{}` explains nothing: {:?}",
            this.line,
            this.stderr
        );
        for word in words {
            assert!(
                this.stderr.contains(word),
                "{word:?} is not in the message: {}",
                this.stderr
            );
        }
    }
}

/// A command that runs.
pub struct Started {
    line: String,
    child: Child,
    stdout: JoinHandle<Vec<u8>>,
    stderr: JoinHandle<Vec<u8>>,
    input: Option<JoinHandle<()>>,
}

impl Started {
    /// Starts a command with `input` on standard input; `None` leaves it as the command has it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(mut command: Command, input: Option<Vec<u8>>) -> Self {
        let line = format!("{command:?}");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if input.is_some() {
            command.stdin(Stdio::piped());
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{line}: {error}"));
        let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let input = input.map(|bytes| {
            let mut pipe = child.stdin.take().expect("standard input is a pipe");
            // The write fails when the program does not read its input.
            thread::spawn(move || drop(pipe.write_all(&bytes)))
        });
        Self {
            line,
            child,
            stdout,
            stderr,
            input,
        }
    }

    /// The command's process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = i32::try_from(self.child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw)
            .unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Sends SIGKILL; a command that has ended already is fine.
    pub fn kill_if_running(&mut self) {
        self.signal_if_running(rustix::process::Signal::KILL);
    }

    /// Sends a signal; a command that has ended already is fine.
    pub fn signal_if_running(&mut self, signal: rustix::process::Signal) {
        if !self.has_ended() {
            let id = i32::try_from(self.child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw);
            // It has not been waited for, so its id is still its own.
            let _ = id.map(|id| rustix::process::kill_process(id, signal));
        }
    }

    /// Whether the command has ended.
    ///
    /// # Panics
    /// When the system does not say.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come within [`COMMAND_LIMIT`].
    #[track_caller]
    #[must_use]
    pub fn wait(self) -> Outcome {
        self.wait_within(COMMAND_LIMIT)
    }

    /// Waits for the end.
    ///
    /// # Panics
    /// When it does not come in time.
    #[track_caller]
    #[must_use]
    pub fn wait_within(mut self, limit: Duration) -> Outcome {
        let end = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > end {
                let _ = self.child.kill();
                let _ = self.child.wait();
                let (stdout, stderr) = (self.stdout.join().unwrap(), self.stderr.join().unwrap());
                panic!(
                    "`{}` did not end within {limit:?}\n{}\n{}",
                    self.line,
                    String::from_utf8_lossy(&stdout),
                    String::from_utf8_lossy(&stderr)
                );
            }
            thread::sleep(Duration::from_millis(5));
        };
        drop(self.input);
        Outcome {
            line: self.line,
            code: status
                .code()
                .or_else(|| status.signal().map(|signal| 128 + signal))
                .unwrap(),
            stdout: self.stdout.join().unwrap(),
            stderr: String::from_utf8_lossy(&self.stderr.join().unwrap()).into_owned(),
        }
    }
}

fn drain(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("the output is a pipe");
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}
