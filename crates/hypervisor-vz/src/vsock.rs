//! The agent's channel: a connection of the machine's socket device.
//!
//! The framework answers an attempt late, or never, when nothing listens in the guest. The caller bounds each attempt by dropping it; an
//! answer that comes after that is closed where it arrives.
#![expect(unsafe_code, reason = "the framework's methods are foreign functions")]

use std::cell::Cell;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use async_trait::async_trait;
use block2::RcBlock;
use container_agent_api::AGENT_VSOCK_PORT;
use container_hypervisor::{AgentConnector, AgentStream, ConnectError};
use objc2::Message as _;
use objc2_foundation::NSError;
use objc2_virtualization::VZVirtioSocketConnection;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::sync::oneshot;

use crate::failure::VzFailure;
use crate::objects::MachineObjects;
use crate::queue::{VmQueue, WeakVmQueue};

/// The least number of a duplicate: those below are standard input, output and error.
const DESCRIPTOR_MIN: i32 = 3;

/// The way to the agent of one machine. It does not keep the machine running.
pub(crate) struct VsockConnector {
    queue: VmQueue<MachineObjects>,
}

/// A connection that was made.
struct Connected {
    /// A duplicate of the connection's descriptor, which the framework closes when it likes to.
    descriptor: OwnedFd,
    kept: KeptConnection,
}

/// The connection object of a stream, which has to live as long as that. It is released on its queue.
struct KeptConnection {
    queue: VmQueue<MachineObjects>,
    number: u64,
}

type Answer = Result<Connected, ConnectError>;

impl VsockConnector {
    pub(crate) fn new(queue: VmQueue<MachineObjects>) -> Self {
        Self { queue }
    }
}

#[async_trait]
impl AgentConnector for VsockConnector {
    async fn connect(&mut self) -> Result<AgentStream, ConnectError> {
        let (sender, receiver) = oneshot::channel();
        let queue = self.queue.downgrade();
        let begun = self.queue.run(move |objects| begin(objects, queue, sender));
        begun.await.map_err(refused)?;
        let gone = || {
            Err(refused(VzFailure::ours(
                "the framework dropped the attempt without an answer",
            )))
        };
        let Connected { descriptor, kept } = receiver.await.unwrap_or_else(|_| gone())?;
        VsockStream::open(descriptor, kept).map_err(|source| ConnectError::Stream { source })
    }
}

/// Begins an attempt; a job of the machine's queue.
fn begin(objects: &mut MachineObjects, queue: WeakVmQueue<MachineObjects>, sender: oneshot::Sender<Answer>) {
    let Some(device) = objects.socket_device() else {
        // No other attempt will do better.
        let source = io::Error::new(io::ErrorKind::NotConnected, "the machine has ended");
        let _ = sender.send(Err(ConnectError::Stream { source }));
        return;
    };
    let sender = Cell::new(Some(sender));
    let handler = RcBlock::new(move |connection: *mut VZVirtioSocketConnection, error: *mut NSError| {
        let Some(sender) = sender.take() else { return };
        // SAFETY: both are nil, or objects that live at least as long as this call (the convention of completion handlers).
        match unsafe { (connection.as_ref(), error.as_ref()) } {
            (Some(connection), _) => accept(connection, &queue, sender),
            (None, error) => {
                let failure = error.map_or_else(|| VzFailure::ours("no connection and no reason"), VzFailure::of);
                let _ = sender.send(Err(refused(failure)));
            }
        }
    });
    // SAFETY: this is a job of the machine's queue, which the device belongs to.
    unsafe { device.connectToPort_completionHandler(AGENT_VSOCK_PORT, &handler) };
}

/// Takes a connection over, within the handler.
fn accept(connection: &VZVirtioSocketConnection, queue: &WeakVmQueue<MachineObjects>, sender: oneshot::Sender<Answer>) {
    // Nobody waits any more, or the machine is gone: the connection closes itself when the framework releases it after this call.
    let Some(queue) = queue.upgrade().filter(|_| !sender.is_closed()) else {
        return;
    };
    let descriptor = match duplicate(connection) {
        Ok(descriptor) => descriptor,
        Err(source) => {
            let _ = sender.send(Err(ConnectError::Stream { source }));
            return;
        }
    };
    let keeper = queue.clone();
    // SAFETY: handlers are called on the machine's queue (`VZVirtualMachine.queue`).
    unsafe {
        queue.post_with(connection.retain(), move |objects, connection| {
            let number = objects.keep(connection);
            let kept = KeptConnection { queue: keeper, number };
            // When nobody waits any more, it comes back and is dropped, which closes and releases all of it.
            let _ = sender.send(Ok(Connected { descriptor, kept }));
        });
    }
}

/// A descriptor of our own for the connection's socket.
fn duplicate(connection: &VZVirtioSocketConnection) -> io::Result<OwnedFd> {
    // SAFETY: within the handler, the connection belongs to the queue that this runs on.
    let number = unsafe { connection.fileDescriptor() };
    if number < 0 {
        return Err(io::Error::new(
            io::ErrorKind::NotConnected,
            "the connection is closed already",
        ));
    }
    // SAFETY: the connection, which owns the descriptor, lives longer than this.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    Ok(rustix::io::fcntl_dupfd_cloexec(descriptor, DESCRIPTOR_MIN)?)
}

/// Nothing listens, as far as can be told: kernel and agent may still be starting.
fn refused(failure: VzFailure) -> ConnectError {
    ConnectError::NotListening {
        source: io::Error::new(io::ErrorKind::ConnectionRefused, failure),
    }
}

impl Drop for KeptConnection {
    fn drop(&mut self) {
        let number = self.number;
        self.queue.post(move |objects| objects.let_go(number));
    }
}

/// The stream. Its fields are dropped in this order: the framework sees the end of the stream before its connection goes.
struct VsockStream {
    socket: UnixStream,
    _kept: KeptConnection,
}

impl VsockStream {
    /// What the framework hands out is a Unix stream socket.
    fn open(descriptor: OwnedFd, kept: KeptConnection) -> io::Result<AgentStream> {
        let socket = std::os::unix::net::UnixStream::from(descriptor);
        socket.set_nonblocking(true)?;
        let socket = UnixStream::from_std(socket)?;
        Ok(AgentStream::new(Self { socket, _kept: kept }))
    }
}

impl AsyncRead for VsockStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, buf)
    }
}

impl AsyncWrite for VsockStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
