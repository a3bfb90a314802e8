//! Builds of Dockerfiles.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Home, Outcome};

/// Makes a context with a Dockerfile and files, by their paths, or adds these to the one that is there: a home has one.
///
/// # Panics
/// When a file cannot be written.
pub fn context(home: &Home, dockerfile: &str, files: &[(&str, &str)]) -> PathBuf {
    let context = home.file("context");
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("Dockerfile"), dockerfile).unwrap();
    write_files(&context, files);
    context
}

/// Writes files, by their paths in a directory.
///
/// # Panics
/// When one cannot be written.
pub fn write_files(directory: &Path, files: &[(&str, &str)]) {
    for (path, content) in files {
        let path = directory.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// `build FLAGS CONTEXT`
pub fn build(home: &Home, context: &Path, flags: &[&str]) -> Outcome {
    let words = ["build"].iter().chain(flags).map(OsStr::new);
    home.run(words.chain([context.as_os_str()]))
}

/// The digest that a build has told on standard error.
///
/// # Panics
/// When it has told none.
#[must_use]
pub fn told_digest(built: &Outcome) -> String {
    let told = built.stderr.lines().find_map(|line| line.strip_prefix("digest: "));
    told.unwrap_or_else(|| panic!("no digest: {built:?}")).to_owned()
}
