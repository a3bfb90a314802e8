//! A world that records what it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::{Close, Destination, FlowId, Outside, PortId, Read, Sent, Wrote};

/// What the stack asked of the world, frames apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    TcpConnect(FlowId, Destination),
    TcpWrite(FlowId, Vec<u8>),
    TcpFinish(FlowId),
    TcpClose(FlowId, Close),
    UdpSend(FlowId, Destination, Vec<u8>),
    UdpAnswer(FlowId, Vec<u8>),
    UdpClose(FlowId),
    EchoSend(FlowId, IpAddr, u16, Vec<u8>),
    EchoClose(FlowId),
}

/// Takes everything, except for ports that are said to be full or gone.
#[derive(Debug, Default)]
pub(crate) struct FakeOutside {
    pub(crate) frames: Vec<(PortId, Vec<u8>)>,
    pub(crate) asked: Vec<Asked>,
    pub(crate) full: BTreeSet<PortId>,
    pub(crate) gone: BTreeSet<PortId>,
    /// What peers have sent.
    pub(crate) to_read: BTreeMap<FlowId, Vec<u8>>,
}

impl FakeOutside {
    pub(crate) fn take_frames(&mut self, port: PortId) -> Vec<Vec<u8>> {
        let (taken, left) = std::mem::take(&mut self.frames)
            .into_iter()
            .partition(|(of, _)| *of == port);
        self.frames = left;
        let taken: Vec<(PortId, Vec<u8>)> = taken;
        taken.into_iter().map(|(_, frame)| frame).collect()
    }

    pub(crate) fn take_asked(&mut self) -> Vec<Asked> {
        std::mem::take(&mut self.asked)
    }
}

impl Outside for FakeOutside {
    fn send_frame(&mut self, port: PortId, frame: &[u8]) -> Sent {
        if self.gone.contains(&port) {
            return Sent::Gone;
        }
        if self.full.contains(&port) {
            return Sent::Full;
        }
        self.frames.push((port, frame.to_vec()));
        Sent::Taken
    }

    fn tcp_connect(&mut self, flow: FlowId, to: Destination) {
        self.asked.push(Asked::TcpConnect(flow, to));
    }

    fn tcp_write(&mut self, flow: FlowId, bytes: &[u8]) -> Wrote {
        self.asked.push(Asked::TcpWrite(flow, bytes.to_vec()));
        Wrote::Bytes(bytes.len())
    }

    fn tcp_read(&mut self, flow: FlowId, buffer: &mut [u8]) -> Read {
        let Some(bytes) = self.to_read.get_mut(&flow).filter(|bytes| !bytes.is_empty()) else {
            return Read::Empty;
        };
        let count = bytes.len().min(buffer.len());
        buffer[..count].copy_from_slice(&bytes[..count]);
        bytes.drain(..count);
        Read::Bytes(count)
    }

    fn tcp_finish(&mut self, flow: FlowId) {
        self.asked.push(Asked::TcpFinish(flow));
    }

    fn tcp_close(&mut self, flow: FlowId, how: Close) {
        self.asked.push(Asked::TcpClose(flow, how));
    }

    fn udp_send(&mut self, flow: FlowId, to: Destination, payload: &[u8]) {
        self.asked.push(Asked::UdpSend(flow, to, payload.to_vec()));
    }

    fn udp_answer(&mut self, flow: FlowId, payload: &[u8]) {
        self.asked.push(Asked::UdpAnswer(flow, payload.to_vec()));
    }

    fn udp_close(&mut self, flow: FlowId) {
        self.asked.push(Asked::UdpClose(flow));
    }

    fn echo_send(&mut self, flow: FlowId, to: IpAddr, sequence: u16, payload: &[u8]) {
        self.asked.push(Asked::EchoSend(flow, to, sequence, payload.to_vec()));
    }

    fn echo_close(&mut self, flow: FlowId) {
        self.asked.push(Asked::EchoClose(flow));
    }
}
