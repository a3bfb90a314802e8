//! A guest that sends back whatever it gets, on every port.

use super::{ConnectAnswer, Guest, Notices};
use crate::description::MachineDescription;
use crate::fault::faults;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What the guest's console shows when it starts.
const GREETING: &str = "container-vz-stub: the guest has started\n";
/// How long after its start it dials, when it is asked to.
const DIAL_DELAY: Duration = Duration::from_millis(50);

pub(super) struct EchoGuest {
    /// The guest's end of every connection, with the thread that serves it.
    connections: Vec<(UnixStream, JoinHandle<()>)>,
    console: Option<i32>,
}

impl EchoGuest {
    pub(super) fn start(machine: &MachineDescription, notices: Arc<dyn Notices>) -> io::Result<Self> {
        let guest = Self {
            connections: Vec::new(),
            console: machine.serial_ports.iter().find_map(|port| port.output),
        };
        guest.greet();
        if let Some(port) = faults().guest_dials {
            thread::Builder::new().spawn(move || {
                thread::sleep(DIAL_DELAY);
                if let Ok((near, far)) = UnixStream::pair() {
                    notices.dialed(port, near.into());
                    echo(far);
                }
            })?;
        }
        Ok(guest)
    }

    fn greet(&self) {
        if let Some(console) = self.console {
            // SAFETY: the machine keeps the descriptor open for as long as its guest runs.
            unsafe { libc::write(console, GREETING.as_ptr().cast(), GREETING.len()) };
        }
    }

    fn accept(&mut self) -> io::Result<OwnedFd> {
        let (near, far) = UnixStream::pair()?;
        let served = far.try_clone()?;
        let thread = thread::Builder::new().name("echo".to_owned()).spawn(|| echo(served))?;
        self.connections.push((far, thread));
        Ok(near.into())
    }
}

impl Guest for EchoGuest {
    fn connect(&mut self, _port: u32, answer: ConnectAnswer) {
        answer(self.accept());
    }

    fn pause(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn resume(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn reset(&mut self) -> io::Result<()> {
        self.end();
        self.greet();
        Ok(())
    }

    fn end(&mut self) {
        for (stream, thread) in self.connections.drain(..) {
            // The other side may have gone already.
            let _ = stream.shutdown(Shutdown::Both);
            let _ = thread.join();
        }
    }
}

impl Drop for EchoGuest {
    fn drop(&mut self) {
        self.end();
    }
}

fn echo(mut stream: UnixStream) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer) {
        if stream.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}
