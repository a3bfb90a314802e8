//! The machine's end of a line, in its two forms: datagrams, as our networks have it, and a stream, as passt has it.

use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixDatagram, UnixStream};

use crate::frame_stream::{FrameReader, FrameWriter};

/// Room for the largest frame, bytes.
const FRAME_BYTES: usize = 1 << 17;

/// `ENOBUFS`, how macOS says that a datagram socket is full.
const NO_BUFFERS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();

/// A line. Its two directions are apart, because a frame that has come is still read while another one is sent.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) incoming: Incoming,
    pub(crate) outgoing: Outgoing,
}

impl Line {
    /// A line on which a datagram is a frame.
    pub(crate) fn datagrams(socket: UnixDatagram) -> Self {
        socket.set_nonblocking(true).unwrap();
        let outgoing = Outgoing::Datagrams(socket.try_clone().unwrap());
        let room = vec![0; FRAME_BYTES];
        Self {
            incoming: Incoming::Datagrams { socket, room },
            outgoing,
        }
    }

    /// A line on which every frame follows its length.
    pub(crate) fn stream(socket: UnixStream) -> Self {
        socket.set_nonblocking(true).unwrap();
        let outgoing = Outgoing::Stream(FrameWriter::new(socket.try_clone().unwrap()));
        Self {
            incoming: Incoming::Stream(FrameReader::new(socket)),
            outgoing,
        }
    }
}

/// What comes to the machine.
#[derive(Debug)]
pub(crate) enum Incoming {
    Datagrams { socket: UnixDatagram, room: Vec<u8> },
    Stream(FrameReader),
}

impl Incoming {
    /// The next frame that is there.
    pub(crate) fn receive(&mut self) -> Option<&[u8]> {
        match self {
            Self::Datagrams { socket, room } => {
                let length = socket.recv(room).ok()?;
                room.get(..length)
            }
            Self::Stream(reader) => reader.receive(),
        }
    }

    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Datagrams { socket, .. } => socket.as_fd(),
            Self::Stream(reader) => reader.as_fd(),
        }
    }
}

/// What the machine sends.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Datagrams(UnixDatagram),
    Stream(FrameWriter),
}

impl Outgoing {
    /// Sends a frame. `false` when there is no room for it now; a line whose other end is gone loses it, as a wire does.
    pub(crate) fn send(&mut self, frame: &[u8]) -> bool {
        let sent = match self {
            Self::Datagrams(socket) => socket.send(frame).map(drop),
            Self::Stream(writer) => writer.send(frame),
        };
        !sent.is_err_and(|error| is_full(&error))
    }

    /// Sends the rest of a frame that has been sent in part. `false` when some of it is left.
    pub(crate) fn flush(&mut self) -> bool {
        match self {
            Self::Datagrams(_) => true,
            Self::Stream(writer) => !writer.flush().is_err_and(|error| is_full(&error)),
        }
    }

    /// Whether a frame has been sent in part.
    pub(crate) fn is_behind(&self) -> bool {
        match self {
            Self::Datagrams(_) => false,
            Self::Stream(writer) => writer.is_behind(),
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    error.kind() == ErrorKind::WouldBlock || error.raw_os_error() == Some(NO_BUFFERS)
}
