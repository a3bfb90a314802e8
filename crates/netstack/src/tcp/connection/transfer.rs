//! Moves bytes between the rings and the peer, and tells each side when the other one has ended.

use smoltcp::socket::tcp::{RecvError, SendError, Socket, State};

use super::{Connection, Scene};
use crate::{Close, Read, Wrote};

impl Connection {
    pub(super) fn move_bytes(&mut self, scene: &mut Scene<'_>) {
        while self.is_peer_open {
            let has_moved = self.write_to_peer(scene) | self.read_from_peer(scene);
            self.end_peer(scene);
            if !has_moved {
                return;
            }
        }
    }

    /// Whether the peer took anything.
    fn write_to_peer(&mut self, scene: &mut Scene<'_>) -> bool {
        if self.is_finish_told {
            self.drop_received();
        }
        if !self.may_write || !self.socket().can_recv() {
            return false;
        }
        let (outside, flow) = (scene.link.outside(), scene.flow);
        let wrote = self.socket().recv(|bytes| match outside.tcp_write(flow, bytes) {
            Wrote::Bytes(taken) => (taken.min(bytes.len()), Wrote::Bytes(taken)),
            other => (0, other),
        });
        match wrote {
            Ok(Wrote::Bytes(taken)) => return taken > 0,
            Ok(Wrote::Full) => self.may_write = false,
            Ok(Wrote::Broken) => self.break_off(scene),
            Err(RecvError::Finished | RecvError::InvalidState) => {}
        }
        false
    }

    /// smoltcp takes also what comes after a FIN. No machine sends that, and nobody wants it.
    fn drop_received(&mut self) {
        while self.socket().can_recv() {
            if self.socket().recv(|bytes| (bytes.len(), ())).is_err() {
                return;
            }
        }
    }

    /// Whether the peer gave anything.
    fn read_from_peer(&mut self, scene: &mut Scene<'_>) -> bool {
        if !self.may_read || !self.is_peer_open || !self.socket().can_send() {
            return false;
        }
        let (outside, flow) = (scene.link.outside(), scene.flow);
        let read = self.socket().send(|space| match outside.tcp_read(flow, space) {
            Read::Bytes(read) => (read.min(space.len()), Read::Bytes(read)),
            other => (0, other),
        });
        match read {
            Ok(Read::Bytes(read)) => return read > 0,
            Ok(Read::Empty) => self.may_read = false,
            Ok(Read::End) => {
                self.may_read = false;
                self.has_peer_ended = true;
            }
            Ok(Read::Broken) => self.break_off(scene),
            Err(SendError::InvalidState) => {}
        }
        false
    }

    /// Tells the peer that the machine has ended once it has everything, and lets it go when it has ended too or nobody listens to it.
    fn end_peer(&mut self, scene: &mut Scene<'_>) {
        if !self.is_peer_open || !self.has_machine_ended || self.socket().can_recv() {
            return;
        }
        if !self.is_finish_told {
            self.is_finish_told = true;
            scene.link.outside().tcp_finish(scene.flow);
        }
        if self.has_peer_ended || self.socket().state() == State::Closed {
            self.close_peer(scene, Close::Orderly);
        }
    }

    /// Ends the machine's side when the peer has ended. After the machine's own FIN only once it has everything: smoltcp overlooks in
    /// LAST-ACK that a window opens.
    pub(super) fn end_machine(&mut self) {
        let socket = self.sockets.get_mut::<Socket<'_>>(self.handle);
        if self.has_peer_ended && (socket.state() != State::CloseWait || socket.send_queue() == 0) {
            socket.close();
        }
    }

    /// The connection to the peer is broken: so is the machine's.
    fn break_off(&mut self, scene: &mut Scene<'_>) {
        self.close_peer(scene, Close::Reset);
        self.socket().abort();
    }

    pub(super) fn close_peer(&mut self, scene: &mut Scene<'_>, how: Close) {
        if self.is_peer_open {
            self.is_peer_open = false;
            scene.link.outside().tcp_close(scene.flow, how);
        }
    }
}
