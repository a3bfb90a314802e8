//! Homebrew, which has the programs that macOS lacks.

use crate::process;
use crate::progress::say;
use anyhow::{Result, bail};
use std::process::Command;

/// Installs the formula `formula` unless its program `shows` is there.
///
/// # Errors
/// When there is no Homebrew, or it fails.
pub(crate) fn install(formula: &str, shows: &str) -> Result<()> {
    if process::find(shows).is_some() {
        return Ok(());
    }
    // Homebrew's directories (Apple silicon, Intel) are not in every PATH.
    let brew = ["brew", "/opt/homebrew/bin/brew", "/usr/local/bin/brew"]
        .into_iter()
        .find_map(process::find);
    let Some(brew) = brew else {
        bail!(
            "{shows} is missing and there is no Homebrew to install it with; see https://brew.sh, then run: brew install {formula}"
        );
    };
    say(format_args!("brew install {formula}"));
    process::run(Command::new(brew).args(["install", formula]).stdout(std::io::stderr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_needs_no_homebrew() {
        install("no-such-formula", "sh").unwrap();
    }
}
