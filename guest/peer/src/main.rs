//! What benchmarks of networks talk to in a guest: a sink, a source, an echo and a web server, on ports of their own.
//!
//! It is a program of a container, or a machine's only one, whose kernel passes on as variables what it does not know of its command line.

#![cfg(target_os = "linux")]

mod interface;
mod services;

use std::env;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::thread;

use interface::Interface;

/// The variable with the address that the first interface is to have, such as `10.0.2.15/24`. Without it, there is one already.
const ADDRESS: &str = "PEER_ADDRESS";
/// The variable with the ports, such as `1000,1001,1002,1003`.
const PORTS: &str = "PEER_PORTS";

/// What is done with a connection.
type Service = fn(TcpStream) -> io::Result<()>;

/// The services in the order of their ports.
const SERVICES: [Service; 4] = [services::sink, services::source, services::echo, services::web];

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    if let Ok(address) = env::var(ADDRESS) {
        let (address, prefix_bits) = address
            .split_once('/')
            .and_then(|(address, prefix)| Some((address.parse().ok()?, prefix.parse().ok()?)))
            .ok_or_else(|| invalid(ADDRESS))?;
        Interface::named("eth0")?.configure(address, prefix_bits)?;
    }
    let ports = env::var(PORTS).map_err(|_| invalid(PORTS))?;
    let ports: Result<Vec<u16>, _> = ports.split(',').map(str::parse).collect();
    serve(&ports.map_err(|_| invalid(PORTS))?)
}

fn invalid(variable: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("{variable} is missing or means nothing"),
    )
}

/// Serves for ever. Every connection has a thread of its own.
fn serve(ports: &[u16]) -> io::Result<()> {
    let listeners = ports.iter().zip(SERVICES);
    let listeners: io::Result<Vec<_>> = listeners
        .map(|(port, service)| Ok((TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port))?, service)))
        .collect();
    thread::scope(|scope| {
        for (listener, service) in listeners? {
            scope.spawn(move || {
                for stream in listener.incoming().flatten() {
                    // A client that leaves is its own affair.
                    thread::spawn(move || service(stream));
                }
            });
        }
        Ok(())
    })
}
