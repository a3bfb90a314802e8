//! Processes that belong to a home, found in /proc: those that have its app root in their environment or their command line.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

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

    /// Sends SIGKILL. A process that has ended already is fine.
    pub fn kill(&self) {
        if let Some(id) = Pid::from_raw(self.id) {
            let _ = kill_process(id, Signal::KILL);
        }
    }
}

/// The processes of an app root, this one and zombies left out.
///
/// # Panics
/// When there is no /proc.
#[must_use]
pub fn processes_of(app_root: &Path) -> Vec<Process> {
    let needle = app_root.to_str().expect("the app root is text").as_bytes();
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").expect("/proc is there").flatten() {
        let name = entry.file_name();
        let Some(id) = name
            .to_str()
            .filter(|name| **name != own)
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
        // A zombie has no arguments and no environment.
        if !words.is_empty() && (contains(&words, needle) || contains(&environment, needle)) {
            let words = words
                .split(|byte| *byte == 0)
                .map(|word| String::from_utf8_lossy(word).into_owned());
            found.push(Process {
                id,
                words: words.collect(),
            });
        }
    }
    found
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
