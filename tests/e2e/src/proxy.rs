//! A proxy between a client and a registry: it counts the bytes that the registry sends, and cuts or holds connections after a number of bytes.
//!
//! A moment in a transfer is given as a number of bytes, not as a time, so that it is the same on a slow machine.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use crate::COMMAND_LIMIT;

/// Bytes passed on at a time; small, so that transfers at once make progress together.
const PIECE_BYTES: usize = 8 << 10;

/// A fault after so many bytes have been sent in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    None,
    /// The connection that would send the next byte is cut, and the fault is over.
    CutOnce(u64),
    /// The same again each time that `every` more bytes have been sent.
    CutEach {
        at: u64,
        every: u64,
    },
    /// All connections are cut, and new ones refused.
    CutForEver(u64),
    /// Nothing more is sent.
    Hold(u64),
}

#[derive(Debug)]
struct State {
    sent_bytes: u64,
    fault: Fault,
    is_held: bool,
    has_ended: bool,
}

/// The running proxy; it stops when this value is dropped.
pub struct Proxy {
    address: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Proxy {
    /// A proxy to `upstream`, host and port.
    ///
    /// # Panics
    /// When no port is free.
    #[must_use]
    pub fn start(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state = State {
            sent_bytes: 0,
            fault: Fault::None,
            is_held: false,
            has_ended: false,
        };
        let shared = Arc::new((Mutex::new(state), Condvar::new()));
        let line = Line {
            upstream: upstream.to_owned(),
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || line.serve(&listener));
        Self { address, shared }
    }

    /// The name of an image behind this proxy.
    #[must_use]
    pub fn name(&self, repository: &str) -> String {
        format!("{}/{repository}", self.address)
    }

    /// Bytes sent to clients since the last call, headers included.
    #[must_use]
    pub fn take_sent_bytes(&self) -> u64 {
        std::mem::take(&mut self.state().sent_bytes)
    }

    /// Cuts one connection once so many bytes have been sent in all.
    pub fn cut_once_after(&self, bytes: u64) {
        self.set(Fault::CutOnce(bytes));
    }

    /// Cuts one connection each time that so many bytes have been sent.
    pub fn cut_each(&self, bytes: u64) {
        self.set(Fault::CutEach {
            at: bytes,
            every: bytes,
        });
    }

    /// Cuts every connection, and refuses new ones, once so many bytes have been sent in all.
    pub fn cut_for_ever_after(&self, bytes: u64) {
        self.set(Fault::CutForEver(bytes));
    }

    /// Sends nothing more once so many bytes have been sent in all.
    pub fn hold_after(&self, bytes: u64) {
        self.set(Fault::Hold(bytes));
    }

    /// Ends the fault: bytes that are held are sent.
    pub fn heal(&self) {
        self.set(Fault::None);
    }

    /// Waits until the proxy holds bytes back.
    ///
    /// # Panics
    /// When it does not within [`COMMAND_LIMIT`].
    pub fn wait_until_held(&self) {
        let (_, changed) = &*self.shared;
        let (state, waited) = changed
            .wait_timeout_while(self.state(), COMMAND_LIMIT, |state| !state.is_held)
            .unwrap();
        assert!(
            !waited.timed_out(),
            "nothing was held back; {} bytes sent",
            state.sent_bytes
        );
    }

    fn set(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = fault;
        state.is_held = false;
        self.shared.1.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.0.lock().unwrap()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state().has_ended = true;
        self.heal();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(&self.address);
    }
}

/// What the threads of a proxy share.
#[derive(Clone)]
struct Line {
    upstream: String,
    shared: Arc<(Mutex<State>, Condvar)>,
}

impl Line {
    fn serve(&self, listener: &TcpListener) {
        for client in listener.incoming().map_while(Result::ok) {
            let state = self.shared.0.lock().unwrap();
            if state.has_ended {
                return;
            }
            let refused = matches!(state.fault, Fault::CutForEver(at) if state.sent_bytes >= at);
            drop(state);
            if let (false, Ok(server)) = (refused, TcpStream::connect(&self.upstream)) {
                self.connect(&client, &server);
            }
        }
    }

    fn connect(&self, client: &TcpStream, server: &TcpStream) {
        let (Ok(mut from_client), Ok(mut to_server)) = (client.try_clone(), server.try_clone()) else {
            return;
        };
        thread::spawn(move || {
            let _ = std::io::copy(&mut from_client, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Write);
        });
        let (line, Ok(client), Ok(server)) = (self.clone(), client.try_clone(), server.try_clone()) else {
            return;
        };
        thread::spawn(move || {
            line.send(&server, &client);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
    }

    /// Passes on what the server sends until either side ends or the connection is cut.
    fn send(&self, mut server: &TcpStream, mut client: &TcpStream) {
        let mut piece = [0; PIECE_BYTES];
        loop {
            let Ok(length @ 1..) = server.read(&mut piece) else {
                return;
            };
            let mut rest = &piece[..length];
            while !rest.is_empty() {
                let Some(allowed) = self.allow(rest.len()) else {
                    return;
                };
                if client.write_all(&rest[..allowed]).is_err() {
                    return;
                }
                rest = &rest[allowed..];
            }
        }
    }

    /// How many of these bytes may be sent now; `None` cuts the connection. Waits while the line is held.
    fn allow(&self, length: usize) -> Option<usize> {
        let (state, changed) = &*self.shared;
        let mut state = state.lock().unwrap();
        loop {
            if state.has_ended {
                return None;
            }
            let left = |at: u64| {
                usize::try_from(at.saturating_sub(state.sent_bytes))
                    .unwrap()
                    .min(length)
            };
            let allowed = match state.fault {
                Fault::None => length,
                Fault::CutOnce(at) | Fault::CutEach { at, .. } | Fault::CutForEver(at) | Fault::Hold(at) => left(at),
            };
            if allowed > 0 {
                state.sent_bytes += allowed as u64;
                return Some(allowed);
            }
            match state.fault {
                Fault::CutOnce(_) => {
                    state.fault = Fault::None;
                    return None;
                }
                Fault::CutEach { at, every } => {
                    state.fault = Fault::CutEach { at: at + every, every };
                    return None;
                }
                Fault::Hold(_) => {
                    state.is_held = true;
                    changed.notify_all();
                    // The bound keeps a forgotten line from living for ever.
                    state = changed.wait_timeout(state, Duration::from_secs(300)).unwrap().0;
                }
                Fault::CutForEver(_) | Fault::None => return None,
            }
        }
    }
}
