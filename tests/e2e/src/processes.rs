//! Processes that belong to a home: those that have its app root in their environment or their command line.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::host_system::IS_LINUX;

/// How often a process without arguments is looked at, once in a millisecond.
const LOOKS: usize = 1000;

/// A running process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub id: i32,
    /// Its arguments.
    pub words: Vec<String>,
}

impl Process {
    /// Whether it is a launcher.
    #[must_use]
    pub fn is_launcher(&self) -> bool {
        self.words.get(1).is_some_and(|word| word == "launcher")
    }

    /// Whether it is a hypervisor.
    #[must_use]
    pub fn is_hypervisor(&self) -> bool {
        self.words.first().is_some_and(|word| word.contains("qemu-system"))
    }

    /// Whether it is the process of a network.
    #[must_use]
    pub fn is_network(&self) -> bool {
        self.words.get(1).is_some_and(|word| word == "switch")
    }

    /// Sends SIGKILL. A process that has ended already is fine.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// Sends SIGTERM. A process that has ended already is fine.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        if let Some(id) = Pid::from_raw(self.id) {
            let _ = kill_process(id, signal);
        }
    }
}

/// The processes of an app root, this one and zombies left out.
///
/// # Panics
/// When there is neither /proc nor `ps`.
#[must_use]
pub fn processes_of(app_root: &Path) -> Vec<Process> {
    let needle = app_root.to_str().expect("the app root is text");
    let own = i32::try_from(std::process::id()).ok();
    let all = if IS_LINUX { from_proc() } else { from_ps() };
    all.into_iter()
        .filter(|entry| Some(entry.process.id) != own && entry.mentions(needle))
        .map(|entry| entry.process)
        .collect()
}

/// A process and its environment, in which variables are separated by anything.
struct Entry {
    process: Process,
    environment: Vec<u8>,
}

impl Entry {
    /// A zombie has no arguments and no environment.
    fn mentions(&self, needle: &str) -> bool {
        let is_alive = self.process.words.iter().any(|word| !word.is_empty());
        let contains = |bytes: &[u8]| bytes.windows(needle.len()).any(|window| window == needle.as_bytes());
        is_alive && (self.process.words.iter().any(|word| word.contains(needle)) || contains(&self.environment))
    }
}

fn from_proc() -> Vec<Entry> {
    let processes = fs::read_dir("/proc").expect("/proc is there").flatten();
    processes
        .filter_map(|entry| {
            let id = entry.file_name().to_str()?.parse().ok()?;
            let words = command_line(&entry.path());
            let words = words
                .split(|byte| *byte == 0)
                .map(|word| String::from_utf8_lossy(word).into_owned());
            Some(Entry {
                process: Process {
                    id,
                    words: words.collect(),
                },
                environment: fs::read(entry.path().join("environ")).unwrap_or_default(),
            })
        })
        .collect()
}

/// The arguments of a process. While a program is being executed there are none for a moment, nor an environment: it is looked at until it has them, for
/// nobody could tell whose it is. A zombie has no program any more, and a kernel's thread never had one.
fn command_line(process: &Path) -> Vec<u8> {
    for _ in 0..LOOKS {
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        if !words.is_empty() || fs::read_link(process.join("exe")).is_err() {
            return words;
        }
        thread::sleep(Duration::from_millis(1));
    }
    Vec::new()
}

/// As `ps` of macOS has them: arguments and environment in one line, separated by blanks.
fn from_ps() -> Vec<Entry> {
    let output = Command::new("ps")
        .args(["-A", "-E", "-ww", "-o", "pid=,command="])
        .output()
        .expect("ps runs");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(entry_of_ps)
        .collect()
}

fn entry_of_ps(line: &str) -> Option<Entry> {
    let (id, words) = line.trim_start().split_once(' ')?;
    Some(Entry {
        process: Process {
            id: id.parse().ok()?,
            words: words.split_whitespace().map(str::to_owned).collect(),
        },
        environment: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_is_a_process_with_its_environment() {
        let entry =
            entry_of_ps("  417 /c/bin/container launcher web HOME=/h CONTAINER_APP_ROOT=/tmp/ce-1/root").unwrap();
        assert_eq!(entry.process.id, 417);
        assert!(entry.process.is_launcher() && entry.mentions("/tmp/ce-1/root"));
        assert!(!entry.mentions("/tmp/ce-2"));
        assert!(entry_of_ps("").is_none());
    }
}
