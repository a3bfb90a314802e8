//! What launchers and commands ask for.

use std::io::ErrorKind;

use container_netstack::PortId;

use super::attach::no_socket;
use super::clients::Heard;
use super::event_loop::{EventLoop, LINGER};
use super::tokens::Source;
use crate::protocol::{Reply, Request};

impl EventLoop<'_> {
    pub(super) fn accept_clients(&mut self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    if let Err(error) = self.clients.add(&mut self.world, stream) {
                        tracing::warn!(%error, "cannot listen to a client");
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a client");
                    return;
                }
            }
        }
    }

    pub(super) fn serve_client(&mut self, number: u64) {
        loop {
            let Some(client) = self.clients.get_mut(number) else {
                return;
            };
            match client.listen() {
                Heard::Nothing => return,
                Heard::Gone => {
                    if let Some(port) = self.clients.remove(&mut self.world, number) {
                        self.detach(port);
                    }
                    return;
                }
                Heard::Request(request) => self.answer(number, request),
            }
        }
    }

    fn answer(&mut self, number: u64, request: Request) {
        let reply = match request {
            Request::Attach(request) => {
                // Its launcher has lost the connection, and comes again before that was seen here.
                if let Some(port) = self.machines.port_of(&request.container) {
                    if let Some(owner) = self.clients.owner(port) {
                        self.clients.remove(&mut self.world, owner);
                    }
                    self.detach(port);
                }
                let socket = self.clients.get_mut(number).and_then(|client| client.descriptor.take());
                let attached = match socket {
                    Some(socket) => self.machines.attach(&request, socket, &mut self.stack, &mut self.world),
                    None => Err(no_socket()),
                };
                match attached {
                    Ok((port, attached)) => {
                        self.end_at = None;
                        if let Some(machine) = self.machines.attached.get(&port) {
                            self.names.add(port, machine);
                        }
                        if let Some(client) = self.clients.get_mut(number) {
                            client.port = Some(port);
                        }
                        // What came before the socket was ours is announced by no event.
                        self.serve_again(Source::Port(port));
                        Reply::Attached(Box::new(attached))
                    }
                    Err(refusal) => {
                        tracing::warn!(container = %request.container, %refusal, "refused");
                        self.end_if_unused();
                        Reply::Refused(refusal)
                    }
                }
            }
            Request::OtherNetworks(others) => {
                let port = self.clients.get_mut(number).and_then(|client| client.port);
                if let Some(port) = port {
                    self.names.set_other_networks(port, others);
                }
                return;
            }
            Request::Inspect => Reply::Inspection(Box::new(self.inspect())),
            Request::LookUp { message, is_datagram } => {
                let now = self.now();
                Reply::LookedUp(self.names.look_up(now, &message, is_datagram))
            }
            Request::Capture { container } => {
                self.world.taps.add(number, container);
                Reply::Capturing
            }
        };
        if let Some(client) = self.clients.get_mut(number) {
            client.reply(&reply);
        }
    }

    fn detach(&mut self, port: PortId) {
        let now = self.now();
        self.names.remove(port, &mut self.world);
        self.machines.detach(now, port, &mut self.stack, &mut self.world);
        self.end_if_unused();
    }

    /// Ends the process in a moment, unless it has a machine by then.
    fn end_if_unused(&mut self) {
        if self.machines.attached.is_empty() {
            self.end_at = Some(self.now() + LINGER);
        }
    }
}
