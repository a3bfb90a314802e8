//! The same containers here and in podman.

use super::super::app_root::{AppRoot, IMAGE};
use super::super::podman::Podman;
use super::super::sample::Samples;
use crate::process;
use anyhow::Result;
use std::process::Command;

/// The two that are compared.
pub(super) struct Peers<'a> {
    pub(super) ours: &'a AppRoot,
    pub(super) podman: Podman,
}

/// What was measured, and the ratios of our times to podman's.
pub(super) struct Comparison {
    pub(super) samples: Vec<Samples>,
    pub(super) to_podman: Vec<(String, f64)>,
}

/// The times of one thing, ours and podman's.
pub(super) struct Pair {
    pub(super) ours: Samples,
    pub(super) podman: Samples,
}

impl Peers<'_> {
    /// Runs a command that has the same words in both, without measuring it.
    ///
    /// # Errors
    /// When one of them fails.
    pub(super) fn both(&self, words: &[&str]) -> Result<()> {
        process::output(&mut self.ours.container(words))?;
        process::output(&mut self.podman.command(words)).map(drop)
    }

    /// Measures a command that has the same words in both, ours first.
    ///
    /// # Errors
    /// When one of them fails.
    pub(super) fn time(&self, pair: &mut Pair, words: &[&str]) -> Result<()> {
        pair.ours
            .time(|| process::output(&mut self.ours.container(words)).map(drop))?;
        pair.podman
            .time(|| process::output(&mut self.podman.command(words)).map(drop))
    }

    /// A container of ours without a network that is started in the background.
    pub(super) fn start_ours(&self, flags: &[&str], words: &[&str]) -> Command {
        let line = [&["run", "-d", "--network", "none"], flags, &[IMAGE], words].concat();
        self.ours.container(&line)
    }

    /// The same in podman.
    pub(super) fn start_podmans(&self, flags: &[&str], words: &[&str]) -> Command {
        self.podman.run(&[&["-d"], flags].concat(), words)
    }
}

impl Pair {
    /// No times yet.
    pub(super) fn new(label: &str) -> Self {
        Self {
            ours: Samples::new(label, "ms"),
            podman: Samples::new(format!("podman {label}"), "ms"),
        }
    }
}

impl Comparison {
    /// The samples of pairs, and the ratio of each.
    pub(super) fn of(pairs: impl IntoIterator<Item = Pair>) -> Self {
        let (mut samples, mut to_podman) = (Vec::new(), Vec::new());
        for Pair { ours, podman } in pairs {
            to_podman.push((ours.label().to_owned(), ours.ratio_to(&podman)));
            samples.extend([ours, podman]);
        }
        Self { samples, to_podman }
    }
}
