//! Looking into a network.

use std::io::{self, Write as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use container_model::{ContainerId, NetworkName};
use container_state::PathsError;

use super::NetworkClient;
use super::attachment::read_line;
use crate::place;
use crate::protocol::{Inspection, Refusal, Reply, Request, from_line, to_line};

/// How long the process may take to answer.
const LIMIT: Duration = Duration::from_secs(5);

/// A network's process cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is no place for its socket.
    #[error(transparent)]
    Paths(#[from] PathsError),
    /// It says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It does not answer.
    #[error("the process of network {network} does not answer: {source}")]
    Unreachable {
        /// The network.
        network: NetworkName,
        /// Why.
        source: io::Error,
    },
}

/// A stream of frames in the pcapng format. It ends with the process, or when this value is dropped.
#[derive(Debug)]
pub struct Capture {
    connection: UnixStream,
}

/// Ends a capture whose stream is read elsewhere.
#[derive(Debug)]
pub struct CaptureEnd {
    connection: UnixStream,
}

impl CaptureEnd {
    /// Ends the capture: its reader gets what has arrived, and then the end of the stream.
    pub fn end(&self) {
        // Fails only when the process has ended, and the stream with it.
        let _ = self.connection.shutdown(Shutdown::Both);
    }
}

impl Capture {
    /// What ends this capture.
    ///
    /// # Errors
    /// When the system has no more descriptors.
    pub fn to_end(&self) -> io::Result<CaptureEnd> {
        let connection = self.connection.try_clone()?;
        Ok(CaptureEnd { connection })
    }
}

impl io::Read for Capture {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.connection.read(buffer)
    }
}

impl NetworkClient {
    /// What goes on in the network; `None` when no container uses it.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn inspect(&self) -> Result<Option<Inspection>, QueryError> {
        match self.ask(&Request::Inspect)? {
            Some((_, Reply::Inspection(inspection))) => Ok(Some(*inspection)),
            Some((_, reply)) => Err(self.unexpected(reply)),
            None => Ok(None),
        }
    }

    /// The frames of the network from now on, of all machines or of one; `None` when no container uses it.
    ///
    /// # Errors
    /// [`QueryError`].
    pub fn capture(&self, container: Option<ContainerId>) -> Result<Option<Capture>, QueryError> {
        match self.ask(&Request::Capture { container })? {
            Some((connection, Reply::Capturing)) => {
                connection
                    .set_read_timeout(None)
                    .map_err(|error| self.unreachable(error))?;
                Ok(Some(Capture { connection }))
            }
            Some((_, reply)) => Err(self.unexpected(reply)),
            None => Ok(None),
        }
    }

    fn ask(&self, request: &Request) -> Result<Option<(UnixStream, Reply)>, QueryError> {
        let socket = place::socket(&self.paths, &self.name)?;
        let mut connection = match UnixStream::connect(socket) {
            Ok(connection) => connection,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {
                return Ok(None);
            }
            Err(error) => return Err(self.unreachable(error)),
        };
        let mut exchange = || -> io::Result<Reply> {
            connection.set_read_timeout(Some(LIMIT))?;
            connection.set_write_timeout(Some(LIMIT))?;
            connection.write_all(&to_line(request)?)?;
            Ok(from_line(&read_line(&mut connection)?)?)
        };
        let reply = exchange();
        match reply {
            Ok(reply) => Ok(Some((connection, reply))),
            // It ended at this moment.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(self.unreachable(error)),
        }
    }

    fn unexpected(&self, reply: Reply) -> QueryError {
        match reply {
            Reply::Refused(refusal) => refusal.into(),
            _ => self.unreachable(io::Error::new(io::ErrorKind::InvalidData, "it answers something else")),
        }
    }

    fn unreachable(&self, source: io::Error) -> QueryError {
        let network = self.name.clone();
        QueryError::Unreachable { network, source }
    }
}
