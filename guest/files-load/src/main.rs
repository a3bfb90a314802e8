//! Reads and writes files in the way of programs that people wait for, and prints how long each kind took: one line of `name milliseconds`.
//!
//! It is a program of a container, which is told the directory, or a machine's only one: then it is told a virtiofs tag by a variable (the kernel
//! passes on what it does not know of its command line), mounts that, prints to the console, and ends the machine.

#![cfg(target_os = "linux")]

mod machine;
mod workload;

use std::env;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

/// The variable with the tag of the device that is to be mounted.
const TAG: &str = "LOAD_TAG";

fn main() -> ExitCode {
    let tag = env::var(TAG).ok();
    let result = match &tag {
        Some(tag) => machine::mount(tag).and_then(workload::run),
        None => directory().and_then(workload::run),
    };
    let code = match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("failed: {error}");
            ExitCode::FAILURE
        }
    };
    if tag.is_some() {
        machine::end();
    }
    code
}

fn directory() -> io::Result<PathBuf> {
    let given = env::args_os().nth(1);
    given
        .map(PathBuf::from)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no directory was given"))
}
