//! The byte stream to the host: a virtio-serial port, or a connection that comes to a vsock listener.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use container_agent_api::AGENT_PORT_NAME;
use rustix::event::epoll;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{CWD, Mode, OFlags, openat};
use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::sync::Notify;
use tokio_vsock::{VsockListener, VsockStream};

use crate::descriptor::Descriptor;
use crate::registration::register;

/// The kernel finds the port while it boots. One that has not appeared after this time does not exist.
const PORT_WAIT: Duration = Duration::from_secs(5);
const PORT_POLL: Duration = Duration::from_millis(2);

const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// The port. It reports at once when the launcher has closed its side.
#[derive(Debug)]
pub(crate) struct Port {
    port: Descriptor,
    hung_up: Arc<Notify>,
}

impl Port {
    /// Notifies `hung_up` when there is nothing more to be read from `port`.
    pub(crate) fn new(port: Descriptor, hung_up: Arc<Notify>) -> Self {
        Self { port, hung_up }
    }
}

/// A source of connections.
pub(crate) trait Listener {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The next peer's connection, with the peer's context id (vsock(7)).
    async fn accept(&mut self) -> io::Result<(Self::Stream, u32)>;
}

impl Listener for VsockListener {
    type Stream = VsockStream;

    async fn accept(&mut self) -> io::Result<(VsockStream, u32)> {
        let (stream, address) = Self::accept(self).await?;
        Ok((stream, address.cid()))
    }
}

/// Opens the agent's port.
pub(crate) fn open_port() -> io::Result<OwnedFd> {
    let start = std::time::Instant::now();
    let device = loop {
        match find_port(Path::new("/sys/class/virtio-ports")) {
            Some(name) => break PathBuf::from("/dev").join(name),
            None if start.elapsed() > PORT_WAIT => {
                return Err(io::Error::new(
                    io::ErrorKind::NotFound,
                    format!("there is no port named {AGENT_PORT_NAME}"),
                ));
            }
            None => std::thread::sleep(PORT_POLL),
        }
    };
    let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NONBLOCK;
    Ok(openat(CWD, &device, flags, Mode::empty())?)
}

fn find_port(class: &Path) -> Option<std::ffi::OsString> {
    std::fs::read_dir(class)
        .ok()?
        .flatten()
        .map(|entry| entry.file_name())
        .find(|name| {
            std::fs::read_to_string(class.join(name).join("name")).is_ok_and(|text| text.trim_end() == AGENT_PORT_NAME)
        })
}

/// A port whose side here is open.
///
/// Until the host has opened its side, the port is in the state "hung up". It must not be registered with the runtime in this state, because
/// the runtime would treat it as closed for good. So a queue is registered, epoll(7), in which the kernel puts each change of the port.
pub(crate) struct OpenPort {
    port: OwnedFd,
    changes: AsyncFd<OwnedFd>,
}

impl OpenPort {
    pub(crate) fn new(port: OwnedFd) -> io::Result<Self> {
        let changes = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let any = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        epoll::add(&changes, &port, epoll::EventData::new_u64(0), any)?;
        let changes = register(changes, Interest::READABLE)?;
        Ok(Self { port, changes })
    }

    /// Waits until the host has opened its side.
    pub(crate) async fn wait_for_host(self) -> io::Result<OwnedFd> {
        self.wait_while(true).await?;
        Ok(self.port)
    }

    /// Waits until the host has closed its side.
    pub(crate) async fn wait_for_hang_up(&self) -> io::Result<()> {
        self.wait_while(false).await
    }

    async fn wait_while(&self, hung_up: bool) -> io::Result<()> {
        while self.is_hung_up()? == hung_up {
            let mut changed = self.changes.readable().await?;
            let mut events = [epoll::Event {
                flags: epoll::EventFlags::empty(),
                data: epoll::EventData::new_u64(0),
            }];
            epoll::wait(self.changes.get_ref(), &mut events, Some(&NO_WAIT))?;
            changed.clear_ready();
        }
        Ok(())
    }

    fn is_hung_up(&self) -> io::Result<bool> {
        let mut state = [PollFd::new(&self.port, PollFlags::IN)];
        poll(&mut state, Some(&NO_WAIT))?;
        Ok(state[0].revents().contains(PollFlags::HUP))
    }
}

impl AsyncRead for Port {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.port.poll_read(context, buffer).map(|read| {
            if !matches!(read, Ok(1..)) && buffer.remaining() > 0 {
                self.hung_up.notify_one();
            }
            read.map(|_| ())
        })
    }
}

impl AsyncWrite for Port {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.port.poll_write(context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_is_found_by_its_name() {
        let class = std::env::temp_dir().join(format!("vminitd-ports-{}", std::process::id()));
        for (port, name) in [("vport0p1", "other"), ("vport1p1", AGENT_PORT_NAME)] {
            std::fs::create_dir_all(class.join(port)).unwrap();
            std::fs::write(class.join(port).join("name"), format!("{name}\n")).unwrap();
        }
        assert_eq!(find_port(&class).unwrap(), "vport1p1");
        std::fs::remove_dir_all(&class).unwrap();
        assert_eq!(find_port(&class), None);
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_other_side_is_opened_or_closed() {
        let path = std::env::temp_dir().join(format!("vminitd-fifo-{}", std::process::id()));
        rustix::fs::mknodat(CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let open = |flags| openat(CWD, &path, flags | OFlags::NONBLOCK, Mode::empty()).unwrap();
        let port = open(OFlags::RDONLY);
        // A pipe is hung up only after somebody has been there.
        drop(open(OFlags::WRONLY));
        let mut wait = std::pin::pin!(OpenPort::new(port).unwrap().wait_for_host());
        let early = tokio::time::timeout(Duration::from_millis(20), &mut wait).await;
        assert!(early.is_err(), "nobody is there");
        // The port can be written to from then on; the reading end of a pipe tells of bytes only.
        let host = open(OFlags::WRONLY);
        rustix::io::write(&host, b"x").unwrap();
        let limit = Duration::from_secs(20);
        let port = tokio::time::timeout(limit, wait).await.unwrap().unwrap();

        let port = OpenPort::new(port).unwrap();
        let mut wait = std::pin::pin!(port.wait_for_hang_up());
        let early = tokio::time::timeout(Duration::from_millis(20), &mut wait).await;
        assert!(early.is_err(), "the other side is open");
        drop(host);
        assert!(tokio::time::timeout(limit, wait).await.unwrap().is_ok());
        std::fs::remove_file(&path).unwrap();
    }
}
