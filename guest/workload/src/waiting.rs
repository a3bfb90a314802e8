//! A process that waits for its task, and how it gets that: over a stream, with the descriptors of its standard streams and of its report.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use crate::fork::Forked;
use crate::spec::ProcessSpec;
use crate::stdio::ChildStdio;

/// Reads a description of a process from the caller's encoding of it; `None` when it is none.
pub type ReadSpec = fn(&[u8]) -> Option<ProcessSpec>;

/// What it writes when it waits.
const READY: u8 = b'r';

/// Descriptors of a task: the report, and three standard streams.
const DESCRIPTORS_MAX: usize = 4;

/// The kind of streams, and the lengths of three texts.
const HEAD_BYTES: usize = 1 + 3 * size_of::<u32>();

/// Longest encoded description. The kernel takes no longer arguments and variables, execve(2), by default.
const TEXT_MAX_BYTES: usize = 16 << 20;

/// A process that waits.
#[derive(Debug)]
pub(crate) struct WaitingInit {
    forked: Forked,
    channel: UnixStream,
}

/// What it is to do.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) hostname: String,
    pub(crate) stdio: ChildStdio,
    pub(crate) report: OwnedFd,
    /// As [`ReadSpec`] takes it.
    pub(crate) encoded_spec: Vec<u8>,
}

impl WaitingInit {
    /// The process at the other end of `channel`, once it says that it waits.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn new(forked: Forked, mut channel: UnixStream) -> io::Result<Self> {
        let mut ready = [0];
        match channel.read_exact(&mut ready) {
            Ok(()) if ready == [READY] => Ok(Self { forked, channel }),
            _ => {
                forked.end();
                Err(io::Error::other("it ended"))
            }
        }
    }

    /// Has it do `task`. The process, or `None` when it is gone.
    pub(crate) fn begin(self, task: &Task) -> Option<Forked> {
        match send(&self.channel, task) {
            Ok(()) => Some(self.forked),
            Err(_) => {
                self.forked.end();
                None
            }
        }
    }

    pub(crate) fn end(self) {
        self.forked.end();
    }
}

/// In the process that waits: says so, and takes its task.
pub(crate) fn take_task(channel: UnixStream) -> io::Result<Task> {
    (&channel).write_all(&[READY])?;
    receive(&channel)
}

fn send(channel: &UnixStream, task: &Task) -> io::Result<()> {
    let (kind, terminal) = match &task.stdio {
        ChildStdio::Null => (0, ""),
        ChildStdio::Pipes { stdin: None, .. } => (1, ""),
        ChildStdio::Pipes { stdin: Some(_), .. } => (2, ""),
        ChildStdio::Terminal { name } => (3, name.as_str()),
    };
    let mut descriptors: Vec<BorrowedFd<'_>> = vec![task.report.as_fd()];
    if let ChildStdio::Pipes { stdin, stdout, stderr } = &task.stdio {
        descriptors.extend([stdout.as_fd(), stderr.as_fd()]);
        descriptors.extend(stdin.as_ref().map(AsFd::as_fd));
    }
    let texts = [task.hostname.as_bytes(), terminal.as_bytes(), &task.encoded_spec];
    let mut head = vec![kind];
    for text in texts {
        let length = u32::try_from(text.len()).map_err(io::Error::other)?;
        head.extend(length.to_le_bytes());
    }
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("too many descriptors"));
    }
    let sent = sendmsg(channel, &[IoSlice::new(&head)], &mut ancillary, SendFlags::NOSIGNAL)?;
    if sent != head.len() {
        return Err(io::ErrorKind::WriteZero.into());
    }
    let mut channel = channel;
    texts.into_iter().try_for_each(|text| channel.write_all(text))
}

fn receive(channel: &UnixStream) -> io::Result<Task> {
    let mut head = [0; HEAD_BYTES];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(
        channel,
        &mut [IoSliceMut::new(&mut head)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut descriptors = ancillary.drain().flat_map(|message| match message {
        RecvAncillaryMessage::ScmRights(descriptors) => descriptors.collect(),
        _ => Vec::new(),
    });
    let incomplete = || io::Error::from(io::ErrorKind::InvalidData);
    if received.bytes != HEAD_BYTES {
        return Err(incomplete());
    }
    let mut next = || descriptors.next().ok_or_else(incomplete);
    let report = next()?;
    let (kind, lengths) = head.split_first().ok_or_else(incomplete)?;
    let mut lengths = lengths.chunks_exact(size_of::<u32>());
    let mut text = || -> io::Result<Vec<u8>> {
        let length = lengths.next().and_then(|bytes| bytes.try_into().ok());
        let length = u32::from_le_bytes(length.ok_or_else(incomplete)?) as usize;
        if length > TEXT_MAX_BYTES {
            return Err(incomplete());
        }
        let mut text = vec![0; length];
        let mut channel = channel;
        channel.read_exact(&mut text)?;
        Ok(text)
    };
    let words = |text: Vec<u8>| String::from_utf8(text).map_err(|_| incomplete());
    let (hostname, terminal) = (words(text()?)?, words(text()?)?);
    let encoded_spec = text()?;
    let stdio = match kind {
        0 => ChildStdio::Null,
        1 | 2 => {
            let (stdout, stderr) = (next()?, next()?);
            let stdin = (*kind == 2).then(next).transpose()?;
            ChildStdio::Pipes { stdin, stdout, stderr }
        }
        3 => ChildStdio::Terminal { name: terminal },
        _ => return Err(incomplete()),
    };
    Ok(Task {
        hostname,
        stdio,
        report,
        encoded_spec,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rustix::pipe::pipe;
    use std::fs::File;

    /// A pipe with some bytes in it, by which its other end is known.
    fn marked(mark: &str) -> OwnedFd {
        let (reader, writer) = pipe().unwrap();
        File::from(writer).write_all(mark.as_bytes()).unwrap();
        reader
    }

    fn mark(descriptor: OwnedFd) -> String {
        io::read_to_string(File::from(descriptor)).unwrap()
    }

    fn stdio(kind: u8) -> ChildStdio {
        let stdin = (kind == 2).then(|| marked("in"));
        match kind {
            0 => ChildStdio::Null,
            3 => ChildStdio::Terminal {
                name: "/dev/pts/0".to_owned(),
            },
            _ => ChildStdio::Pipes {
                stdin,
                stdout: marked("out"),
                stderr: marked("err"),
            },
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn a_task_arrives_as_it_was_given(hostname in ".{0,64}", encoded_spec in proptest::collection::vec(any::<u8>(), 0..100_000), kind in 0_u8..4) {
            let (near, far) = UnixStream::pair().unwrap();
            let task = Task { hostname: hostname.clone(), stdio: stdio(kind), report: marked("report"), encoded_spec: encoded_spec.clone() };
            let sending = std::thread::spawn(move || send(&near, &task));
            let arrived = receive(&far).unwrap();
            sending.join().unwrap().unwrap();
            prop_assert_eq!((arrived.hostname, arrived.encoded_spec), (hostname, encoded_spec));
            prop_assert_eq!(mark(arrived.report), "report");
            match (kind, arrived.stdio) {
                (0, ChildStdio::Null) => {}
                (3, ChildStdio::Terminal { name }) => prop_assert_eq!(name, "/dev/pts/0"),
                (1 | 2, ChildStdio::Pipes { stdin, stdout, stderr }) => {
                    prop_assert_eq!((mark(stdout), mark(stderr)), ("out".to_owned(), "err".to_owned()));
                    prop_assert_eq!(stdin.map(mark), (kind == 2).then(|| "in".to_owned()));
                }
                (_, other) => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn a_process_that_is_gone_gets_no_task() {
        let (near, far) = UnixStream::pair().unwrap();
        drop(far);
        let task = Task {
            hostname: "web".to_owned(),
            stdio: ChildStdio::Null,
            report: marked("report"),
            encoded_spec: vec![0; 10],
        };
        assert_eq!(send(&near, &task).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        let (near, far) = UnixStream::pair().unwrap();
        drop(near);
        assert_eq!(receive(&far).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
