//! `container builder start`.

use clap::Args;
use container_model::ByteSize;

use super::say_why;
use crate::error::CommandError;

/// Do nothing: builds need no builder
///
/// It is there for scripts of other tools. Processors and memory of a build's machines are given to build itself.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Without effect
    #[arg(short, long)]
    cpus: Option<u32>,

    /// Without effect
    #[arg(short, long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// Without effect
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<String>,

    /// Without effect
    #[arg(long, value_name = "DOMAIN")]
    dns_domain: Option<String>,

    /// Without effect
    #[arg(long, value_name = "OPTION")]
    dns_option: Vec<String>,

    /// Without effect
    #[arg(long, value_name = "DOMAIN")]
    dns_search: Vec<String>,

    /// Without effect
    #[arg(long)]
    no_dns: bool,
}

impl Start {
    pub(crate) fn run(self) -> Result<u8, CommandError> {
        say_why("nothing started");
        Ok(0)
    }
}
