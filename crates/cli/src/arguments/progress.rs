//! `--progress`.

use std::io;

use clap::{Args, ValueEnum};
use container_terminal::{Progress, ProgressStyle, is_terminal};

/// How to show progress, of everything that takes a while.
#[derive(Debug, Args)]
pub(crate) struct ProgressFlags {
    /// How to show progress on standard error; auto is bars on a terminal, lines elsewhere
    #[arg(long, value_enum, value_name = "STYLE", default_value_t)]
    progress: ProgressStyleFlag,
}

/// The styles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum ProgressStyleFlag {
    #[default]
    Auto,
    None,
    Ansi,
    Plain,
    Color,
}

impl ProgressFlags {
    /// Progress as it was asked for.
    pub(crate) fn show(&self) -> Progress {
        self.show_unless(false)
    }

    /// Progress as it was asked for, or none with `--quiet`.
    pub(crate) fn show_unless(&self, quiet: bool) -> Progress {
        Progress::stderr(match self.progress {
            _ if quiet => ProgressStyle::None,
            ProgressStyleFlag::Auto if is_terminal(io::stderr()) => ProgressStyle::Bars { color: false },
            ProgressStyleFlag::Auto | ProgressStyleFlag::Plain => ProgressStyle::Plain,
            ProgressStyleFlag::None => ProgressStyle::None,
            ProgressStyleFlag::Ansi => ProgressStyle::Bars { color: false },
            ProgressStyleFlag::Color => ProgressStyle::Bars { color: true },
        })
    }
}
