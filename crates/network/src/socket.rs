//! Sockets that carry frames, and sockets that carry those sockets.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixDatagram;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg, sockopt,
};

/// Room for frames on their way, bytes each way; the system may give less. A frame is up to 64 KiB, and what does not fit waits at its
/// sender.
const FRAME_BUFFER_BYTES: usize = 1 << 20;

/// Descriptors that one message may carry.
const DESCRIPTORS_MAX: usize = 1;

/// The two ends of the line between a machine and its switch.
#[derive(Debug)]
pub struct FramePair {
    /// The machine's end.
    pub machine: UnixDatagram,
    /// The switch's end.
    pub switch: UnixDatagram,
}

/// Makes a line for Ethernet frames: connected datagram sockets with as much room as the system gives.
///
/// # Errors
/// When there are no descriptors left.
pub fn frame_pair() -> io::Result<FramePair> {
    let (machine, switch) = UnixDatagram::pair()?;
    for socket in [&machine, &switch] {
        // The system's default is enough to work.
        let _ = sockopt::set_socket_send_buffer_size(socket, FRAME_BUFFER_BYTES);
        let _ = sockopt::set_socket_recv_buffer_size(socket, FRAME_BUFFER_BYTES);
    }
    Ok(FramePair { machine, switch })
}

/// Sends bytes, at least one, and a descriptor with the first of them. Returns how many were taken.
///
/// # Errors
/// What the system says.
pub(crate) fn send_with_descriptor(socket: impl AsFd, bytes: &[u8], descriptor: BorrowedFd<'_>) -> io::Result<usize> {
    let descriptors = [descriptor];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    let sent = sendmsg(socket, &[IoSlice::new(bytes)], &mut ancillary, SendFlags::empty())?;
    Ok(sent)
}

/// Receives bytes and the descriptor that came with them, if one did.
///
/// # Errors
/// What the system says.
pub(crate) fn receive_with_descriptor(socket: impl AsFd, buffer: &mut [u8]) -> io::Result<(usize, Option<OwnedFd>)> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        socket,
        &mut [IoSliceMut::new(buffer)],
        &mut ancillary,
        RecvFlags::empty(),
    )?;
    let mut found = None;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            found = descriptors.last().or(found);
        }
    }
    if let Some(descriptor) = &found {
        rustix::io::fcntl_setfd(descriptor, rustix::io::FdFlags::CLOEXEC)?;
    }
    Ok((received.bytes, found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_descriptor_arrives_with_the_bytes_that_carry_it() {
        let (near, far) = UnixStream::pair().unwrap();
        let line = frame_pair().unwrap();
        assert_eq!(send_with_descriptor(&near, b"here\n", line.switch.as_fd()).unwrap(), 5);
        drop(line.switch);
        let mut buffer = [0; 16];
        let (length, descriptor) = receive_with_descriptor(&far, &mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"here\n");
        let switch = UnixDatagram::from(descriptor.unwrap());
        switch.send(&[7; 65_549]).unwrap();
        let mut frame = vec![0; 70_000];
        assert_eq!(line.machine.recv(&mut frame).unwrap(), 65_549);
    }
}
