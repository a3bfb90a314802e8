//! A machine: a second stack, with programs that send and take what they are told to.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr};

use super::world::pattern;

pub(super) const IPV4: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 2);
pub(super) const IPV6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 2);

/// Just too small for a scaled window: smoltcp takes back what it rounded off a window before, which Linux never does.
const UNSCALED_RING_BYTES: usize = 65_535;

/// The two queues of its interface.
pub(super) struct Card {
    pub(super) received: VecDeque<Vec<u8>>,
    pub(super) sent: VecDeque<Vec<u8>>,
    mtu_bytes: u16,
}

pub(super) struct Received(Vec<u8>);

impl RxToken for Received {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

pub(super) struct ToSend<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for ToSend<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let mut packet = vec![0; length];
        let result = fill(&mut packet);
        self.0.push_back(packet);
        result
    }
}

impl Device for Card {
    type RxToken<'a> = Received;
    type TxToken<'a> = ToSend<'a>;

    fn receive(&mut self, _now: Instant) -> Option<(Received, ToSend<'_>)> {
        Some((Received(self.received.pop_front()?), ToSend(&mut self.sent)))
    }

    fn transmit(&mut self, _now: Instant) -> Option<ToSend<'_>> {
        Some(ToSend(&mut self.sent))
    }

    /// All checksums are verified, as Linux does.
    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = usize::from(self.mtu_bytes);
        capabilities
    }
}

/// A program with one connection.
pub(super) struct Program {
    pub(super) socket: SocketHandle,
    pub(super) to_send: usize,
    pub(super) sent: usize,
    pub(super) received: usize,
    /// Whether it ends after what it has to send.
    pub(super) ends: bool,
    /// Whether it takes what comes.
    pub(super) reads: bool,
}

pub(super) struct Machine {
    pub(super) interface: Interface,
    pub(super) card: Card,
    pub(super) sockets: SocketSet<'static>,
    pub(super) programs: Vec<Program>,
    pub(super) ring_bytes: usize,
}

impl Machine {
    pub(super) fn new(mtu_bytes: u16) -> Self {
        let mut card = Card {
            received: VecDeque::new(),
            sent: VecDeque::new(),
            mtu_bytes,
        };
        let mut interface = Interface::new(Config::new(HardwareAddress::Ip), &mut card, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IPV4.into(), 24)).unwrap();
            addresses.push(IpCidr::new(IPV6.into(), 64)).unwrap();
        });
        Self {
            interface,
            card,
            sockets: SocketSet::new(Vec::new()),
            programs: Vec::new(),
            ring_bytes: UNSCALED_RING_BYTES,
        }
    }

    fn program(&mut self) -> (usize, &mut Socket<'static>) {
        let ring = || SocketBuffer::new(vec![0; self.ring_bytes]);
        let mut socket = Socket::new(ring(), ring());
        socket.set_ack_delay(None);
        socket.set_nagle_enabled(false);
        let socket = self.sockets.add(socket);
        self.programs.push(Program {
            socket,
            to_send: 0,
            sent: 0,
            received: 0,
            ends: false,
            reads: true,
        });
        (self.programs.len() - 1, self.sockets.get_mut(socket))
    }

    /// A program that connects to `to`.
    pub(super) fn connect(&mut self, to: SocketAddr, from_port: u16) -> usize {
        let (program, _) = self.program();
        let from: IpAddr = if to.is_ipv4() { IPV4.into() } else { IPV6.into() };
        let socket = self.programs[program].socket;
        let socket = self.sockets.get_mut::<Socket<'_>>(socket);
        let context = self.interface.context();
        socket.connect(context, to, SocketAddr::new(from, from_port)).unwrap();
        program
    }

    /// A program that listens on `port`.
    pub(super) fn listen(&mut self, port: u16) -> usize {
        let (program, socket) = self.program();
        socket.listen(port).unwrap();
        program
    }

    pub(super) fn socket(&mut self, program: usize) -> &mut Socket<'static> {
        self.sockets.get_mut(self.programs[program].socket)
    }

    pub(super) fn state(&mut self, program: usize) -> State {
        self.socket(program).state()
    }

    /// Forgets all programs, as a machine does that is started again.
    pub(super) fn restart(&mut self) {
        self.programs.clear();
        self.sockets = SocketSet::new(Vec::new());
    }

    /// Lets the stack and the programs do what they can.
    pub(super) fn work(&mut self, now: Instant) {
        self.interface.poll(now, &mut self.card, &mut self.sockets);
        for program in &mut self.programs {
            let socket = self.sockets.get_mut::<Socket<'_>>(program.socket);
            while program.reads && socket.can_recv() {
                let read = socket.recv(|bytes| {
                    for (at, byte) in (program.received..).zip(bytes.iter()) {
                        assert_eq!(*byte, pattern(at), "byte {at} of the peer");
                    }
                    (bytes.len(), bytes.len())
                });
                program.received += read.unwrap();
            }
            while socket.can_send() && program.sent < program.to_send {
                let sent = socket.send(|space| {
                    let size = space.len().min(program.to_send - program.sent);
                    for (at, byte) in (program.sent..).zip(&mut space[..size]) {
                        *byte = pattern(at);
                    }
                    (size, size)
                });
                program.sent += sent.unwrap();
            }
            // After everything has arrived: smoltcp forgets to repeat a FIN that came before what was lost.
            let is_sent = program.sent == program.to_send && socket.send_queue() == 0;
            if program.ends && is_sent && socket.may_send() {
                socket.close();
            }
        }
        self.interface.poll(now, &mut self.card, &mut self.sockets);
    }
}
