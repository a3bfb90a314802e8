//! The sockets in the container on which the agent listens.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use container_workload::ListeningSocket;
use tokio::net::UnixListener;

/// The sockets by their numbers.
#[derive(Default)]
pub(crate) struct Listeners(Mutex<HashMap<u32, Arc<UnixListener>>>);

impl Listeners {
    /// Listens for the host from now on.
    pub(crate) fn add(&self, sockets: Vec<ListeningSocket>) -> io::Result<()> {
        for ListeningSocket { listener, socket } in sockets {
            socket.set_nonblocking(true)?;
            let socket = Arc::new(UnixListener::from_std(socket)?);
            self.0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(listener, socket);
        }
        Ok(())
    }

    /// Listens on none of them any more.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The socket with this number.
    pub(crate) fn get(&self, listener: u32) -> Option<Arc<UnixListener>> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&listener)
            .cloned()
    }
}
