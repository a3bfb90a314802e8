//! Flags of everything that may pull an image.

use std::io;

use clap::{Args, ValueEnum};
use container_terminal::{Progress, ProgressStyle, is_terminal};

/// How to pull.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pull options")]
pub(crate) struct PullFlags {
    /// How to talk to the registry; auto is http on the loopback interface, https elsewhere
    #[arg(long, value_enum, default_value_t)]
    pub(crate) scheme: SchemeFlag,

    /// How to show progress
    #[arg(long, value_enum, default_value_t)]
    pub(crate) progress: ProgressFlag,

    /// Layers that are downloaded at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) max_concurrent_downloads: u32,
}

/// `--scheme`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum SchemeFlag {
    Http,
    Https,
    #[default]
    Auto,
}

/// `--progress`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum ProgressFlag {
    #[default]
    Auto,
    None,
    Ansi,
    Plain,
    Color,
}

impl ProgressFlag {
    /// Progress as it was asked for, on standard error.
    pub(crate) fn show(self) -> Progress {
        Progress::stderr(match self {
            Self::Auto if is_terminal(io::stderr()) => ProgressStyle::Bars { color: false },
            Self::Auto | Self::Plain => ProgressStyle::Plain,
            Self::None => ProgressStyle::None,
            Self::Ansi => ProgressStyle::Bars { color: false },
            Self::Color => ProgressStyle::Bars { color: true },
        })
    }
}
