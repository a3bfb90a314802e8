//! The program of the network's process in these tests, and what `cargo xtask bench network` measures with.
#![allow(clippy::unwrap_used, reason = "a measurement that does not work fails by panicking")]

mod attached_program;
mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use container_network::PROCESS_COMMAND;
use container_network::names::HostResolvers;
use container_wire::{paths_below, resolver_below};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [command, name] if command == PROCESS_COMMAND => serve(name),
        ["measure"] => {
            println!("{}", measure::measure());
            ExitCode::SUCCESS
        }
        ["attach", ports, program, ref arguments @ ..] => attached_program::run(ports, program, arguments),
        _ => {
            eprintln!("usage: wire measure\n       wire attach PORTS QEMU ARGUMENTS…");
            ExitCode::FAILURE
        }
    }
}

/// Becomes the process of a network, as `container switch` does.
fn serve(name: &str) -> ExitCode {
    let Some(root) = std::env::var_os("CONTAINER_APP_ROOT").map(PathBuf::from) else {
        eprintln!("CONTAINER_APP_ROOT is missing");
        return ExitCode::FAILURE;
    };
    match name.parse() {
        Ok(name) => {
            let resolvers =
                resolver_below(&root).map_or_else(HostResolvers::new, |server| HostResolvers::fixed(vec![server]));
            container_network::execute(&paths_below(&root), &name, None, resolvers)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
