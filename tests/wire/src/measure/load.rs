//! The load that is put on each subject by the same TCP/IP host.
//!
//! That host runs in this process and takes processor time as well, so that throughput is a lower bound of what the subject can do.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use container_wire::{Endpoint, cpu_seconds};
use serde_json::Value;
use smoltcp::socket::tcp::State;

use super::figure::{figure, gigabits, round_trips};
use super::host::{echo, listen, pour, swallow};

/// How long each throughput is measured.
pub(super) const SPAN: Duration = Duration::from_secs(3);
/// Round trips, and connections one after the other.
pub(super) const ROUND_TRIPS: usize = 5000;
const CONNECTIONS: usize = 3000;
/// Nothing takes longer.
pub(super) const LIMIT: Duration = Duration::from_secs(20);
/// Buffers of the endpoint's sockets, bytes.
const BUFFER_BYTES: usize = 1 << 20;
/// Bytes of a GiB.
const GIBIBYTE: f64 = 1_073_741_824.0;

/// A way from an endpoint to the host's loopback.
pub(super) struct Subject<'a> {
    pub(super) name: &'static str,
    pub(super) endpoint: &'a mut Endpoint,
    /// The endpoint's address of the host's loopback.
    pub(super) host: IpAddr,
    /// The process that carries it.
    pub(super) process: u32,
}

impl Subject<'_> {
    /// Throughput each way on one connection, and the processor time of the process for it.
    pub(super) fn throughput(&mut self, mtu: u16) -> Vec<Value> {
        let mut figures = Vec::new();
        for (direction, sends) in [("out of", true), ("into", false)] {
            let before = cpu_seconds(self.process).unwrap();
            let (bytes, span) = self.transfer(sends);
            let cpu = cpu_seconds(self.process).unwrap() - before;
            let label = format!("{direction} a machine, MTU {mtu}");
            figures.push(figure(self.name, &label, "Gbit/s", gigabits(bytes, span)));
            let label = format!("CPU of the process, {label}");
            figures.push(figure(self.name, &label, "s/GiB", cpu * GIBIBYTE / bytes as f64));
        }
        figures
    }

    /// Bytes of payload on one connection that the machine opens, and the time.
    fn transfer(&mut self, sends: bool) -> (usize, Duration) {
        let host = self.listener(if sends { swallow } else { pour });
        let handle = self.endpoint.socket(BUFFER_BYTES);
        self.endpoint.connect(handle, host);
        self.endpoint
            .wait(LIMIT, |endpoint| endpoint.tcp(handle).may_send().then_some(()));
        let (buffer, begun, mut bytes) = (vec![0; BUFFER_BYTES], Instant::now(), 0);
        let span = self.endpoint.wait(LIMIT, |endpoint| {
            let socket = endpoint.tcp(handle);
            bytes += if sends {
                socket.send_slice(&buffer).unwrap()
            } else {
                socket.recv(|data| (data.len(), data.len())).unwrap()
            };
            let span = begun.elapsed();
            (span > SPAN).then_some(span)
        });
        self.endpoint.tcp(handle).abort();
        self.endpoint.turn();
        self.endpoint.sockets.remove(handle);
        (bytes, span)
    }

    /// Round trips of a byte, one after the other.
    pub(super) fn latency(&mut self) -> [Value; 2] {
        let host = self.listener(echo);
        let handle = self.endpoint.socket(4096);
        self.endpoint.connect(handle, host);
        self.endpoint
            .wait(LIMIT, |endpoint| endpoint.tcp(handle).may_send().then_some(()));
        let mut times: Vec<Duration> = (0..ROUND_TRIPS)
            .map(|_| {
                let begun = Instant::now();
                self.endpoint.tcp(handle).send_slice(&[1]).unwrap();
                self.endpoint.wait(LIMIT, |endpoint| {
                    (endpoint.tcp(handle).recv_slice(&mut [0]).unwrap() == 1).then(|| begun.elapsed())
                })
            })
            .collect();
        self.endpoint.tcp(handle).abort();
        self.endpoint.turn();
        self.endpoint.sockets.remove(handle);
        round_trips(self.name, &mut times)
    }

    /// Connections a second that are opened, closed by the host and closed by the machine, one after the other.
    pub(super) fn connections(&mut self) -> Value {
        let host = self.listener(drop);
        let begun = Instant::now();
        for _ in 0..CONNECTIONS {
            let handle = self.endpoint.socket(4096);
            self.endpoint.connect(handle, host);
            self.endpoint.wait(LIMIT, |endpoint| {
                let socket = endpoint.tcp(handle);
                if socket.state() == State::CloseWait {
                    socket.close();
                }
                (!socket.is_open()).then_some(())
            });
            self.endpoint.sockets.remove(handle);
        }
        let rate = CONNECTIONS as f64 / begun.elapsed().as_secs_f64();
        figure(self.name, "connections, one after the other", "1/s", rate)
    }

    /// The machine's address of a new listener on the host.
    fn listener(&self, serve: fn(std::net::TcpStream)) -> SocketAddr {
        SocketAddr::new(self.host, listen(serve).port())
    }
}
