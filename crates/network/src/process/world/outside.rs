//! The world of the state machine is that of this process's sockets.

use std::net::IpAddr;

use container_netstack::{Close, Destination, FlowId, Outside, PortId, Read, Sent, Wrote};

use super::World;

impl Outside for World {
    fn send_frame(&mut self, port: PortId, frame: &[u8]) -> Sent {
        self.send_to_port(port, frame)
    }

    fn tcp_connect(&mut self, flow: FlowId, to: Destination) {
        self.connect(flow, to);
    }

    fn tcp_write(&mut self, flow: FlowId, bytes: &[u8]) -> Wrote {
        self.write(flow, bytes)
    }

    fn tcp_read(&mut self, flow: FlowId, buffer: &mut [u8]) -> Read {
        self.read(flow, buffer)
    }

    fn tcp_finish(&mut self, flow: FlowId) {
        self.finish(flow);
    }

    fn tcp_close(&mut self, flow: FlowId, how: Close) {
        self.close(flow, how);
    }

    fn udp_send(&mut self, flow: FlowId, to: Destination, payload: &[u8]) {
        self.send_datagram(flow, to, payload);
    }

    fn udp_answer(&mut self, flow: FlowId, payload: &[u8]) {
        self.answer_client(flow, payload);
    }

    fn udp_close(&mut self, flow: FlowId) {
        self.close_datagrams(flow);
    }

    fn echo_send(&mut self, flow: FlowId, to: IpAddr, sequence: u16, payload: &[u8]) {
        self.send_echo(flow, to, sequence, payload);
    }

    fn echo_close(&mut self, flow: FlowId) {
        self.close_echo(flow);
    }
}
