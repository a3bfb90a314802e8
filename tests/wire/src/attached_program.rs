//! A hypervisor whose machine is on a network of ours, without a launcher: what is measured is the network.

use std::io::Read;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::process::{Command, ExitCode, Stdio};

use container_model::Transport;
use container_network::frame_pair;
use container_wire::{Network, attach_request, publish};
use rustix::io::{FdFlags, fcntl_setfd};

/// Largest IP packet, as containers have it.
const MTU: u16 = 65_520;

/// Runs a program with the machine's end of a line until standard input ends. In its arguments `{fd}` is that end, `{mac}` and `{address}`
/// are what the machine has been given, and `{mtu}` is the largest packet. `ports`, such as `1000,1001`, are published on loopback: prints
/// the host's addresses of them in the same form.
pub(crate) fn run(ports: &str, program: &str, arguments: &[&str]) -> ExitCode {
    let network = Network::new(&std::env::current_exe().unwrap());
    let ports = ports
        .split(',')
        .map(|port| publish(port.parse().unwrap(), Transport::Tcp));
    let request = attach_request("machine", MTU, ports.collect());
    let line = frame_pair().unwrap();
    let attachment = network.client.attach(&request, &line.switch).unwrap();
    // The attachment lasts as long as the connection.
    let (attached, _connection) = attachment.into_connection();
    // The program is told its number.
    fcntl_setfd(&line.machine, FdFlags::empty()).unwrap();
    let values = [
        ("{fd}", line.machine.as_raw_fd().to_string()),
        ("{mac}", attached.status.mac_address.to_string()),
        ("{address}", attached.status.ipv4_address.to_string()),
        ("{mtu}", MTU.to_string()),
    ];
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    for argument in arguments {
        let argument = values.iter().fold((*argument).to_owned(), |argument, (name, value)| {
            argument.replace(name, value)
        });
        command.arg(argument);
    }
    let mut running = command.spawn().unwrap();
    let published = attached.ports.iter().map(|port| {
        let address = SocketAddr::new(port.host_address.unwrap(), port.host_port);
        address.to_string()
    });
    println!("{}", published.collect::<Vec<_>>().join(","));
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    let _ = running.kill();
    let _ = running.wait();
    ExitCode::SUCCESS
}
