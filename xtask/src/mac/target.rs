//! The two kinds of Mac, and what compilers call them.

use crate::guest;
use anyhow::{Result, bail};

/// The oldest macOS that the program runs on: the first with a generic platform for Linux guests and Rosetta in them.
pub(super) const MINIMUM_MACOS: &str = "13.0";

/// A kind of Mac.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Target {
    /// Macs with Apple silicon.
    #[value(name = "aarch64-apple-darwin")]
    AppleSilicon,
    /// Macs with processors of Intel.
    #[value(name = "x86_64-apple-darwin")]
    Intel,
}

impl Target {
    /// Both.
    pub(super) const ALL: [Self; 2] = [Self::AppleSilicon, Self::Intel];

    /// Rust's name of it.
    pub(super) const fn triple(self) -> &'static str {
        match self {
            Self::AppleSilicon => "aarch64-apple-darwin",
            Self::Intel => "x86_64-apple-darwin",
        }
    }

    /// Zig's name of it, with the oldest macOS.
    pub(super) fn zig(self) -> String {
        let architecture = match self {
            Self::AppleSilicon => "aarch64",
            Self::Intel => "x86_64",
        };
        format!("{architecture}-macos.{MINIMUM_MACOS}")
    }

    /// The variable that the build scripts of crates with C read for this target: `CC_aarch64_apple_darwin`.
    pub(super) fn variable(self, name: &str) -> String {
        format!("{name}_{}", self.triple().replace('-', "_"))
    }

    /// The variable that cargo reads for this target: `CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER`.
    pub(super) fn cargo_variable(self, name: &str) -> String {
        format!("CARGO_TARGET_{}_{name}", self.triple().replace('-', "_").to_uppercase())
    }

    /// Sees to it that Rust's standard library for it is there.
    ///
    /// # Errors
    /// When it is not installed and cannot be.
    pub(super) fn ensure_std(self) -> Result<()> {
        let triple = self.triple();
        if !guest::ensure_std(triple) {
            bail!("no Rust standard library for {triple}; run: rustup target add {triple}");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_cargo_and_build_scripts_read() {
        let target = Target::AppleSilicon;
        assert_eq!(target.variable("CC"), "CC_aarch64_apple_darwin");
        assert_eq!(
            target.cargo_variable("LINKER"),
            "CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER"
        );
        assert_eq!(Target::Intel.zig(), "x86_64-macos.13.0");
    }
}
