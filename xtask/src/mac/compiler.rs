//! The C compiler and linker that cargo is given: Zig's, with the words left out that only Apple's compiler understands.
//!
//! Cargo and the build scripts of crates want a program that takes a C compiler's arguments; two scripts of one line each call this task back.

use super::stubs;
use super::target::Target;
use anyhow::{Context, Result};
use std::ffi::{OsStr, OsString};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Options of the hidden `cargo xtask mac compiler`.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// What to compile for.
    #[arg(long)]
    target: Target,
    /// The program `zig`.
    #[arg(long)]
    zig: PathBuf,
    /// What a C compiler would be given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Becomes Zig's C compiler.
///
/// # Errors
/// When it cannot be started.
pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let error = Command::new(&arguments.zig)
        .args(["cc", "-target"])
        .arg(arguments.target.zig())
        .args(for_linker(&arguments.words))
        .args(understood(&arguments.words))
        .exec();
    Err(error).with_context(|| format!("cannot start {}", arguments.zig.display()))
}

/// What a linker is told in addition; nothing for a compiler, which would complain. Cargo could be told by `RUSTFLAGS`, but a user's own would
/// replace ours.
fn for_linker(words: &[OsString]) -> Vec<OsString> {
    let only_compiles = ["-c", "-E", "-S"]
        .iter()
        .any(|option| words.iter().any(|word| word == option));
    if only_compiles {
        Vec::new()
    } else {
        stubs::search_words()
    }
}

/// The words without those that name the target in Apple's way, which `-target` has said already, and Apple's kit of libraries, in whose place
/// our stubs are.
fn understood(words: &[OsString]) -> Vec<&OsStr> {
    let mut kept = Vec::new();
    let mut words = words.iter().map(OsString::as_os_str);
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if ["-arch", "-target", "-isysroot"].contains(&text.as_ref()) {
            words.next();
        } else if !["--target=", "-mmacosx-version-min=", "-mmacos-version-min="]
            .iter()
            .any(|start| text.starts_with(start))
        {
            kept.push(word);
        }
    }
    kept
}

/// The programs for one target.
#[derive(Debug)]
pub(super) struct Programs {
    /// Compiles C and links.
    pub(super) compiler: PathBuf,
    /// Packs static libraries.
    pub(super) archiver: PathBuf,
}

impl Programs {
    /// Writes the scripts into `directory`.
    ///
    /// # Errors
    /// When they cannot be written.
    pub(super) fn write(directory: &Path, target: Target, zig: &Path) -> Result<Self> {
        let task = std::env::current_exe().context("cannot find this program")?;
        let (task, zig, triple) = (quoted(&task)?, quoted(zig)?, target.triple());
        let script = |name: &str, command: &str| -> Result<PathBuf> {
            let path = directory.join(format!("{triple}-{name}"));
            let text = format!("#!/bin/sh\nexec {command} \"$@\"\n");
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            fs::set_permissions(&path, Permissions::from_mode(0o755))?;
            Ok(path)
        };
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        Ok(Self {
            compiler: script("cc", &format!("{task} mac compiler --target {triple} --zig {zig} --"))?,
            archiver: script("ar", &format!("{zig} ar"))?,
        })
    }
}

/// A path as one word of a shell.
fn quoted(path: &Path) -> Result<String> {
    let path = path
        .to_str()
        .with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(format!("'{}'", path.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(words: &str) -> String {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        let kept: Vec<_> = understood(&words)
            .into_iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        kept.join(" ")
    }

    #[test]
    fn words_that_name_the_target_are_left_out() {
        assert_eq!(
            kept("-O0 --target=arm64-apple-macosx -mmacosx-version-min=13.0 -Wall -c a.c"),
            "-O0 -Wall -c a.c"
        );
        assert_eq!(
            kept("-arch arm64 -target arm64-apple-macosx13.0.0 -isysroot /sdk a.o -lSystem -o a"),
            "a.o -lSystem -o a"
        );
    }

    #[test]
    fn only_a_linker_is_told_where_the_libraries_are() {
        let told = |words: &[&str]| !for_linker(&words.iter().map(OsString::from).collect::<Vec<_>>()).is_empty();
        assert!(told(&["a.o", "-o", "a"]));
        assert!(!told(&["-c", "a.c"]) && !told(&["-E", "a.c"]));
    }

    #[test]
    fn a_path_is_one_word_of_the_shell() {
        let quoted = quoted(Path::new("/it's here/zig")).unwrap();
        let said = crate::process::output(Command::new("sh").args(["-c", &format!("printf %s {quoted}")])).unwrap();
        assert_eq!(said, "/it's here/zig");
    }
}
