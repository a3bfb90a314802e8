//! A machine's port of a network's switch.

use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use container_model::NetworkName;
use container_state::PathsError;

use super::NetworkClient;
use super::spawn::{SpawnError, spawn};
use crate::place;
use crate::protocol::{AttachRequest, Attached, LINE_MAX_BYTES, Refusal, Reply, Request, from_line, to_line};
use crate::socket::send_with_descriptor;

/// How long a network's process may take to come up and to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// First pause between two attempts to reach a process that comes up. Each next one is twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A machine has no port of a switch.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The process says no.
    #[error("cannot attach to network {network}: {refusal}")]
    Refused {
        /// The network.
        network: NetworkName,
        /// Why.
        refusal: Refusal,
    },
    /// There is no place for its socket.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// It cannot be started.
    #[error("cannot start the process of network {network}: {source}")]
    Spawn {
        /// The network.
        network: NetworkName,
        /// Why.
        source: SpawnError,
    },
    /// It does not answer.
    #[error("the process of network {network} does not answer: {source} (its log is {})", log.display())]
    Unreachable {
        /// The network.
        network: NetworkName,
        /// What the last attempt met.
        source: io::Error,
        /// Where the process says what it met itself.
        log: PathBuf,
    },
}

/// A port of the switch. It lasts until this value is dropped, and ends early when the process does.
#[derive(Debug)]
pub struct Attachment {
    /// What the port is.
    pub attached: Attached,
    connection: UnixStream,
}

impl Attachment {
    /// The connection that the port belongs to: it ends when the process does, and the process never sends anything on it.
    #[must_use]
    pub fn into_connection(self) -> (Attached, UnixStream) {
        (self.attached, self.connection)
    }
}

impl NetworkClient {
    /// Attaches a machine whose frames go through `frames`, the switch's end of its line. The process is started if it does not run.
    ///
    /// # Errors
    /// [`AttachError`].
    pub fn attach(&self, request: &AttachRequest, frames: &UnixDatagram) -> Result<Attachment, AttachError> {
        let deadline = Instant::now() + LIMIT;
        let mut pause = FIRST_PAUSE;
        let mut is_started = false;
        loop {
            // It is known where once the process runs.
            let socket = place::socket(&self.paths, &self.name)?;
            let error = match UnixStream::connect(socket).and_then(|connection| ask(connection, request, frames)) {
                Ok((connection, Reply::Attached(attached))) => {
                    return Ok(Attachment {
                        attached: *attached,
                        connection,
                    });
                }
                Ok((_, Reply::Refused(refusal))) => {
                    let network = self.name.clone();
                    return Err(AttachError::Refused { network, refusal });
                }
                Ok(_) => io::Error::new(io::ErrorKind::InvalidData, "it answers something else"),
                Err(error) => error,
            };
            if Instant::now() >= deadline {
                return Err(AttachError::Unreachable {
                    network: self.name.clone(),
                    source: error,
                    log: self
                        .paths
                        .networks()
                        .join(self.name.as_str())
                        .join(super::spawn::LOG_FILE),
                });
            }
            if !is_started {
                spawn(&self.paths, &self.name, self.program.as_deref()).map_err(|source| AttachError::Spawn {
                    network: self.name.clone(),
                    source,
                })?;
                is_started = true;
            }
            sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

/// Tells a network's process, on the connection of an attached machine, on which other networks the container is now.
///
/// # Errors
/// When the connection is broken.
pub fn tell_others(mut connection: &UnixStream, others: Vec<NetworkName>) -> io::Result<()> {
    connection.write_all(&to_line(&Request::OtherNetworks(others))?)
}

/// Sends the request with the descriptor and waits for the reply.
fn ask(mut connection: UnixStream, request: &AttachRequest, frames: &UnixDatagram) -> io::Result<(UnixStream, Reply)> {
    connection.set_read_timeout(Some(LIMIT))?;
    connection.set_write_timeout(Some(LIMIT))?;
    let line = to_line(&Request::Attach(Box::new(request.clone())))?;
    let sent = send_with_descriptor(&connection, &line, frames.as_fd())?;
    connection.write_all(line.get(sent..).unwrap_or_default())?;
    let reply = read_line(&mut connection)?;
    connection.set_read_timeout(None)?;
    Ok((connection, from_line(&reply)?))
}

/// Reads one line and nothing behind it.
pub(super) fn read_line(connection: &mut UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        // A line is short and comes once; bytes behind it are not ours to take.
        match connection.read(&mut byte)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ if byte == *b"\n" => return Ok(line),
            _ if line.len() >= LINE_MAX_BYTES => {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "its line is too long"));
            }
            _ => line.push(byte[0]),
        }
    }
}
