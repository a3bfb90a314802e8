//! Flags of everything that talks to a registry.

use clap::{Args, ValueEnum};
use container_engine::{PullOptions, Scheme};

use super::ProgressFlags;

/// How to talk to a registry.
#[derive(Debug, Args)]
pub(crate) struct SchemeFlags {
    /// How to talk to the registry; auto is http on the loopback interface and in private networks, https elsewhere
    #[arg(long, value_enum, default_value_t)]
    scheme: SchemeFlag,
}

/// How to pull.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pull options")]
pub(crate) struct PullFlags {
    #[command(flatten)]
    pub(crate) scheme: SchemeFlags,
    #[command(flatten)]
    pub(crate) progress: ProgressFlags,

    /// Layers that are downloaded at the same time
    #[arg(long, value_name = "COUNT", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=64))]
    max_concurrent_downloads: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum SchemeFlag {
    Http,
    Https,
    #[default]
    Auto,
}

impl SchemeFlags {
    pub(crate) fn scheme(&self) -> Scheme {
        match self.scheme {
            SchemeFlag::Auto => Scheme::Auto,
            SchemeFlag::Http => Scheme::Http,
            SchemeFlag::Https => Scheme::Https,
        }
    }
}

impl PullFlags {
    pub(crate) fn options(&self) -> PullOptions {
        PullOptions {
            scheme: self.scheme.scheme(),
            max_concurrent_downloads: usize::try_from(self.max_concurrent_downloads).unwrap_or(1),
        }
    }
}
