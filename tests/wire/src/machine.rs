//! A TCP/IP host on the machine's end of a line.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::time::{Duration, Instant};

use container_model::PublishedPort;
use container_network::{AttachRequest, Attached, frame_pair};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smoltcp::iface::{Config, Interface, PollResult, SocketHandle, SocketSet};
use smoltcp::socket::tcp;
use smoltcp::wire::{EthernetAddress, IpCidr};

use crate::Network;
use crate::device::Device;
use crate::request::attach_request;

/// First and last local port of connections that the machine opens (RFC 6335, 6).
const LOCAL_PORTS: std::ops::RangeInclusive<u16> = 49_152..=65_535;

/// A port on which the gateway does not listen (RFC 863).
const DISCARD_PORT: u16 = 9;
/// The gateway answers in that time.
const GATEWAY_LIMIT: Duration = Duration::from_secs(15);

/// A machine. It does something only while it is waited for.
pub struct Machine {
    /// What the process said when it attached the machine.
    pub attached: Attached,
    /// Its sockets.
    pub sockets: SocketSet<'static>,
    request: AttachRequest,
    connection: UnixStream,
    switch_end: UnixDatagram,
    interface: Interface,
    device: Device,
    begun: Instant,
    local_port: u16,
}

impl Machine {
    /// Attaches a machine of this name whose IP packets have at most `mtu` bytes.
    ///
    /// # Panics
    /// When the process does not take it.
    #[must_use]
    pub fn attach(network: &Network, name: &str, mtu: u16, ports: Vec<PublishedPort>) -> Self {
        let request = attach_request(name, mtu, ports);
        let line = frame_pair().unwrap();
        let attachment = network.client.attach(&request, &line.switch).unwrap();
        let (attached, connection) = attachment.into_connection();
        let mut device = Device::new(line.machine, usize::from(attached.status.mtu));
        let hardware = EthernetAddress(attached.status.mac_address.bytes());
        let mut config = Config::new(hardware.into());
        config.random_seed = u64::from(std::process::id());
        let mut interface = Interface::new(config, &mut device, smoltcp::time::Instant::ZERO);
        let address = attached.status.ipv4_address;
        interface.update_ip_addrs(|addresses| {
            addresses
                .push(IpCidr::new(address.addr().into(), address.prefix_len()))
                .unwrap();
        });
        Self {
            attached,
            sockets: SocketSet::new(Vec::new()),
            request,
            connection,
            switch_end: line.switch,
            interface,
            device,
            begun: Instant::now(),
            local_port: *LOCAL_PORTS.start(),
        }
    }

    /// Has the gateway refuse a connection, after which its hardware address is known. While smoltcp has yet to ask for that address, it
    /// loses what it would answer to a packet, such as a reset; other hosts hold it back until they know.
    ///
    /// # Panics
    /// When it does not refuse.
    pub fn learn_gateway(&mut self) {
        let gateway = SocketAddr::new(self.attached.status.ipv4_gateway.into(), DISCARD_PORT);
        let handle = self.socket(64);
        self.connect(handle, gateway);
        self.wait(GATEWAY_LIMIT, |machine| {
            (machine.tcp(handle).state() == tcp::State::Closed).then_some(())
        });
        self.sockets.remove(handle);
    }

    /// Attaches the machine again to the process that takes the place of a lost one.
    ///
    /// # Panics
    /// When the process does not take it.
    pub fn attach_again(&mut self, network: &Network) {
        self.request.ports.clone_from(&self.attached.ports);
        let attachment = network.client.attach(&self.request, &self.switch_end).unwrap();
        (self.attached, self.connection) = attachment.into_connection();
    }

    /// The connection to the process, which belongs to the port of the switch.
    #[must_use]
    pub fn connection(&self) -> &UnixStream {
        &self.connection
    }

    /// The address that leads to the host's loopback.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn host(&self, port: u16) -> SocketAddr {
        let host = self.attached.host_access.iter().find(|address| address.is_ipv4());
        SocketAddr::new(*host.unwrap(), port)
    }

    /// The address of the host at which the machine's only port is published.
    ///
    /// # Panics
    /// When it has none.
    #[must_use]
    pub fn published(&self) -> SocketAddr {
        let port = self.attached.ports.first().unwrap();
        let address = port.host_address.unwrap_or(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
        SocketAddr::new(address, port.host_port)
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
        let mut line = [PollFd::from_borrowed_fd(self.device.line().as_fd(), flags)];
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
