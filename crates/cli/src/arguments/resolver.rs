//! Flags about who is asked for names.

use std::net::IpAddr;

use clap::Args;
use container_model::{ResolverConfig, UnknownFields};

use super::network;

/// What is in `/etc/resolv.conf`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Network options")]
pub(crate) struct ResolverFlags {
    /// Server to ask for names instead of the network's own
    #[arg(long, value_name = "ADDRESS")]
    dns: Vec<IpAddr>,

    /// The container's domain
    #[arg(long, value_name = "NAME", value_parser = network::alias)]
    dns_domain: Option<String>,

    /// Domain in which short names are looked for
    #[arg(long, value_name = "NAME", value_parser = search_domain)]
    dns_search: Vec<String>,

    /// Option of resolv.conf, for example ndots:2
    #[arg(long, value_name = "OPTION", value_parser = resolver_option)]
    dns_option: Vec<String>,

    /// Leave the image's /etc/resolv.conf as it is
    #[arg(long, conflicts_with_all = ["dns", "dns_domain", "dns_search", "dns_option"])]
    no_dns: bool,
}

impl ResolverFlags {
    /// What all flags together ask for.
    pub(crate) fn config(self) -> ResolverConfig {
        ResolverConfig {
            nameservers: self.dns,
            domain: self.dns_domain,
            search_domains: self.dns_search,
            options: self.dns_option,
            disabled: self.no_dns,
            unknown: UnknownFields::new(),
        }
    }
}

/// A domain; `.` alone stands for none, resolv.conf(5).
fn search_domain(text: &str) -> Result<String, String> {
    match text {
        "." => Ok(text.to_owned()),
        _ => network::alias(text.strip_suffix('.').unwrap_or(text)),
    }
}

/// One word of the line `options`.
fn resolver_option(text: &str) -> Result<String, String> {
    match !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err("one word is needed, such as ndots:2".to_owned()),
    }
}
