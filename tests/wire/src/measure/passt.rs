//! passt, whose users have it in the same place: the same frames, on a stream socket as QEMU's `-netdev stream` has them.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use container_wire::Endpoint;
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::net::sockopt::set_socket_send_buffer_size;

/// The machine's address, and the gateway's, which leads to the host's loopback (passt(1), "Handling of local traffic in passt").
const MACHINE: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 15);
pub(super) const GATEWAY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 2, 2));
const PREFIX_BITS: u8 = 24;
/// Locally administered addresses of the machine and of passt.
const MACHINE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const PASST_MAC: &str = "02:00:00:00:00:02";

/// A passt that runs until this is dropped.
pub(super) struct Passt {
    pub(super) endpoint: Endpoint,
    process: Child,
}

impl Passt {
    /// Starts it; `None` where it is not installed.
    pub(super) fn start(mtu: u16) -> Option<Self> {
        let (ours, theirs) = UnixStream::pair().unwrap();
        for end in [&ours, &theirs] {
            // The system grants less. passt asks for so much on connections that it accepts itself.
            set_socket_send_buffer_size(end, i32::MAX as usize / 2).unwrap();
        }
        let theirs = OwnedFd::from(theirs);
        // It is for passt, which is told its number.
        fcntl_setfd(&theirs, FdFlags::empty()).unwrap();
        let mut command = Command::new("passt");
        command.args(["--foreground", "--quiet", "--ipv4-only", "--no-dhcp"]);
        command.args(["--tcp-ports", "none", "--udp-ports", "none"]);
        command.args(["--address", &MACHINE.to_string(), "--netmask", &PREFIX_BITS.to_string()]);
        command.args(["--gateway", &GATEWAY.to_string(), "--mac-addr", PASST_MAC]);
        command.args(["--mtu", &mtu.to_string()]);
        command.args(["--fd", &theirs.as_raw_fd().to_string()]);
        let started = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
        if started.as_ref().is_err_and(|error| error.kind() == ErrorKind::NotFound) {
            return None;
        }
        let process = started.unwrap();
        let endpoint = Endpoint::on_stream(ours, usize::from(mtu), MACHINE_MAC, MACHINE.into(), PREFIX_BITS);
        Some(Self { endpoint, process })
    }

    pub(super) fn process(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Passt {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
