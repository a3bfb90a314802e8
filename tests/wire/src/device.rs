//! The machine's end of the line as smoltcp's device.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;

use smoltcp::phy::{self, DeviceCapabilities, Medium};
use smoltcp::time::Instant;

/// Room for the largest frame, bytes.
const FRAME_BYTES: usize = 1 << 17;

/// The line. A frame that finds no room waits, and no other one is made until it is gone.
#[derive(Debug)]
pub(crate) struct Device {
    line: UnixDatagram,
    mtu_bytes: usize,
    received: Vec<u8>,
    waiting: Option<Vec<u8>>,
    spare: Vec<u8>,
}

impl Device {
    /// `mtu_bytes` is the largest IP packet.
    pub(crate) fn new(line: UnixDatagram, mtu_bytes: usize) -> Self {
        line.set_nonblocking(true).unwrap();
        Self {
            line,
            mtu_bytes: mtu_bytes + 14,
            received: vec![0; FRAME_BYTES],
            waiting: None,
            spare: Vec::new(),
        }
    }

    pub(crate) fn line(&self) -> &UnixDatagram {
        &self.line
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Sends the frame that waits; whether none waits now.
    pub(crate) fn flush(&mut self) -> bool {
        let Some(frame) = self.waiting.take() else {
            return true;
        };
        match self.line.send(&frame) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock) || error.raw_os_error() == Some(NO_BUFFERS) => {
                self.waiting = Some(frame);
                false
            }
            // A line without a process loses what is sent, as a wire does.
            _ => {
                self.spare = frame;
                true
            }
        }
    }
}

/// `ENOBUFS`, how macOS says that a datagram socket is full.
const NO_BUFFERS: i32 = rustix::io::Errno::NOBUFS.raw_os_error();

impl phy::Device for Device {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Received<'_>, Sending<'_>)> {
        if !self.flush() {
            return None;
        }
        let length = self.line.recv(&mut self.received).ok()?;
        let frame = self.received.get(..length)?;
        let (line, waiting, spare) = (&self.line, &mut self.waiting, &mut self.spare);
        Some((Received(frame), Sending { line, waiting, spare }))
    }

    fn transmit(&mut self, _: Instant) -> Option<Sending<'_>> {
        if !self.flush() {
            return None;
        }
        let (line, waiting, spare) = (&self.line, &mut self.waiting, &mut self.spare);
        Some(Sending { line, waiting, spare })
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ethernet;
        capabilities.max_transmission_unit = self.mtu_bytes;
        capabilities
    }
}

/// A frame that has come.
pub(crate) struct Received<'a>(&'a [u8]);

impl phy::RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// A frame to be made.
pub(crate) struct Sending<'a> {
    line: &'a UnixDatagram,
    waiting: &'a mut Option<Vec<u8>>,
    spare: &'a mut Vec<u8>,
}

impl phy::TxToken for Sending<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = std::mem::take(self.spare);
        frame.resize(length, 0);
        let result = write(&mut frame);
        match self.line.send(&frame) {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock) || error.raw_os_error() == Some(NO_BUFFERS) => {
                *self.waiting = Some(frame);
            }
            _ => *self.spare = frame,
        }
        result
    }
}
