//! A TCP/IP host at the end of a line.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, IpCidr};

use crate::device::Device;
use crate::line::Line;

/// First and last local port of connections that are opened here (RFC 6335, 6).
const LOCAL_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// A TCP/IP host. It does something only while it is waited for.
pub struct Endpoint {
    /// Its sockets.
    pub sockets: SocketSet<'static>,
    interface: Interface,
    device: Device,
    begun: Instant,
    local_port: u16,
}

impl Endpoint {
    /// A host with these addresses, whose IP packets have at most `mtu_bytes`.
    pub(crate) fn new(line: Line, mtu_bytes: usize, mac_address: [u8; 6], address: IpAddr, prefix_bits: u8) -> Self {
        let mut device = Device::new(line, mtu_bytes);
        let mut config = Config::new(EthernetAddress(mac_address).into());
        config.random_seed = u64::from(std::process::id());
        let mut interface = Interface::new(config, &mut device, smoltcp::time::Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(address.into(), prefix_bits)).unwrap();
        });
        Self {
            sockets: SocketSet::new(Vec::new()),
            interface,
            device,
            begun: Instant::now(),
            local_port: *LOCAL_PORTS.start(),
        }
    }

    /// A host with these addresses on a stream socket with QEMU's framing.
    ///
    /// # Panics
    /// When the socket cannot be used.
    #[must_use]
    pub fn on_stream(
        socket: std::os::unix::net::UnixStream,
        mtu_bytes: usize,
        mac_address: [u8; 6],
        address: IpAddr,
        prefix_bits: u8,
    ) -> Self {
        Self::new(Line::stream(socket), mtu_bytes, mac_address, address, prefix_bits)
    }

    /// A new TCP socket with buffers of so many bytes.
    pub fn socket(&mut self, buffer_bytes: usize) -> SocketHandle {
        let buffer = || tcp::SocketBuffer::new(vec![0; buffer_bytes]);
        let mut socket = tcp::Socket::new(buffer(), buffer());
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        self.sockets.add(socket)
    }

    /// Begins to open a connection.
    ///
    /// # Panics
    /// When the socket is in use.
    pub fn connect(&mut self, handle: SocketHandle, peer: SocketAddr) {
        let port = self.local_port;
        self.local_port = if port == *LOCAL_PORTS.end() {
            *LOCAL_PORTS.start()
        } else {
            port + 1
        };
        let socket = self.sockets.get_mut::<tcp::Socket<'_>>(handle);
        socket.connect(self.interface.context(), peer, port).unwrap();
    }

    /// The TCP socket.
    pub fn tcp(&mut self, handle: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(handle)
    }

    /// Works until `done` has something.
    ///
    /// # Panics
    /// When it takes longer than `limit`.
    #[track_caller]
    pub fn wait<T>(&mut self, limit: Duration, mut done: impl FnMut(&mut Self) -> Option<T>) -> T {
        let end = Instant::now() + limit;
        loop {
            self.turn();
            if let Some(result) = done(self) {
                return result;
            }
            assert!(Instant::now() < end, "nothing after {limit:?}");
            // What this turn brings is for `done` to see before there is a pause.
            if self.turn() {
                continue;
            }
            self.sleep(Duration::from_millis(50));
        }
    }

    /// Does what there is to do. Whether a socket has changed.
    pub fn turn(&mut self) -> bool {
        let now = self.now();
        let result = self.interface.poll(now, &mut self.device, &mut self.sockets);
        matches!(result, PollResult::SocketStateChanged)
    }

    /// Waits for a frame, for room for one, or for what is due, at most so long.
    fn sleep(&mut self, limit: Duration) {
        let now = self.now();
        let delay = self.interface.poll_delay(now, &self.sockets).map(Duration::from);
        let is_waiting = self.device.is_waiting();
        let pause = if is_waiting {
            limit
        } else {
            delay.map_or(limit, |delay| delay.min(limit))
        };
        let mut flags = PollFlags::IN;
        flags.set(PollFlags::OUT, is_waiting);
        let mut line = [PollFd::from_borrowed_fd(self.device.as_fd(), flags)];
        let pause = Timespec {
            tv_sec: 0,
            tv_nsec: pause.min(Duration::from_millis(900)).subsec_nanos().into(),
        };
        let _ = poll(&mut line, Some(&pause));
    }

    fn now(&self) -> smoltcp::time::Instant {
        smoltcp::time::Instant::from_micros(i64::try_from(self.begun.elapsed().as_micros()).unwrap())
    }
}
