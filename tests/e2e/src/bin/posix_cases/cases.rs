//! The cases, and the program that goes through them.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a case that cannot be prepared ends the program, which the test sees"
)]

mod matrix;
mod permissions;
mod plain;
mod show;
mod user;

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

/// One case: its name, and what it does with an empty directory.
pub(crate) struct Case {
    name: String,
    run: Box<dyn Fn(&Path) -> String>,
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, run: impl Fn(&Path) -> String + 'static) -> Self {
        Self {
            name: name.into(),
            run: Box::new(run),
        }
    }
}

/// Does all of it in the directory that is the first argument.
pub(crate) fn run() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let root = PathBuf::from(std::env::args_os().nth(1).expect("a directory"));
    let cases = matrix::cases()
        .into_iter()
        .chain(plain::cases())
        .chain(permissions::cases());
    for (index, case) in cases.enumerate() {
        let directory = root.join(index.to_string());
        std::fs::create_dir(&directory).expect("an empty directory");
        println!("{}\t{}", case.name, (case.run)(&directory));
        remove_sockets(&directory);
    }
}

/// Removes sockets that a case has left, which would look on the host like those of a container that has not been cleaned up.
fn remove_sockets(directory: &Path) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_socket()) {
            std::fs::remove_file(entry.path()).expect("a socket that can be removed");
        }
    }
}
