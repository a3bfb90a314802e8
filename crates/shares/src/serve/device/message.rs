//! The messages of FUSE that the device does not leave to the crate `virtiofsd`: those of locks (`include/uapi/linux/fuse.h` of Linux).

use std::io::{self, Write as _};

use virtiofsd::descriptor_utils::{Reader, Writer};
use virtiofsd::fuse::{FileLock, InHeader, InterruptIn, LK_FLOCK, LkIn, LkOut, Opcode, OutHeader};
use vm_memory::ByteValued;

use crate::serve::locks::{LockKind, LockRequest, Obstacle, Span, Subject};

/// Set in the header's padding by kernels that interrupt waits for locks (`kernel/virtiofs_interrupt.patch`). No other message has it.
const INTERRUPTS: u16 = 1;

/// What the device answers itself.
pub(super) enum Message {
    /// To say what is in the way of a lock.
    Obstacle(LockMessage),
    /// To lock or unlock; the latter never waits.
    Lock(LockMessage),
    /// The request with this number is not to wait any longer.
    Interrupt(u64),
    /// Everything else.
    Other,
}

/// A message about a lock, as it came.
pub(super) struct LockMessage {
    header: InHeader,
    body: LkIn,
}

impl Message {
    /// # Errors
    /// When it is shorter than it has to be.
    pub(super) fn read(mut reader: Reader<'_>) -> io::Result<Self> {
        let header: InHeader = reader.read_obj()?;
        let mut about_lock = || {
            let body = reader.read_obj()?;
            io::Result::Ok(LockMessage { header, body })
        };
        Ok(match Opcode::try_from(header.opcode) {
            Ok(Opcode::Getlk) => Self::Obstacle(about_lock()?),
            Ok(Opcode::Setlk | Opcode::Setlkw) => Self::Lock(about_lock()?),
            Ok(Opcode::Interrupt) => Self::Interrupt(reader.read_obj::<InterruptIn>()?.unique),
            _ => Self::Other,
        })
    }
}

impl LockMessage {
    /// The request's number.
    pub(super) fn unique(&self) -> u64 {
        self.header.unique
    }

    /// Whether it waits for what is in the way.
    pub(super) fn waits(&self) -> bool {
        self.header.opcode == Opcode::Setlkw as u32
    }

    /// Whether the machine's kernel will say when it is not to wait any longer.
    pub(super) fn is_interrupted(&self) -> bool {
        self.header.padding & INTERRUPTS != 0
    }

    /// The node and the open file.
    pub(super) fn file(&self) -> (u64, u64) {
        (self.header.nodeid, self.body.fh)
    }

    pub(super) fn owner(&self) -> u64 {
        self.body.owner
    }

    /// # Errors
    /// `EINVAL` for what is no span.
    pub(super) fn span(&self) -> io::Result<Span> {
        Span::new(self.body.lk.start, self.body.lk.end)
    }

    /// `None` to unlock.
    ///
    /// # Errors
    /// `EINVAL` for what is no lock.
    pub(super) fn kind(&self) -> io::Result<Option<LockKind>> {
        LockKind::of_number(self.body.lk.type_)
    }

    /// # Errors
    /// `EINVAL` for what is no lock.
    pub(super) fn request(&self) -> io::Result<LockRequest> {
        let subject = if self.body.lk_flags & LK_FLOCK != 0 {
            Subject::Whole
        } else {
            Subject::Bytes {
                owner: self.body.owner,
                span: self.span()?,
                process: self.body.lk.pid,
            }
        };
        let (node, handle) = self.file();
        Ok(LockRequest {
            node,
            handle,
            subject,
            kind: self.kind()?,
        })
    }
}

/// Answers a request to lock.
///
/// # Errors
/// When the machine has left no room.
pub(super) fn answer(writer: &mut Writer<'_>, unique: u64, result: &io::Result<()>) -> io::Result<usize> {
    match result {
        Ok(()) => write(writer, unique, 0, &[]),
        Err(refused) => write(writer, unique, refused.raw_os_error().unwrap_or(libc::EIO), &[]),
    }
}

/// Says what is in the way.
///
/// # Errors
/// When the machine has left no room.
pub(super) fn answer_obstacle(writer: &mut Writer<'_>, unique: u64, found: Option<Obstacle>) -> io::Result<usize> {
    let kind = LockKind::number(found.map(|obstacle| obstacle.kind)).cast_unsigned();
    let lock = found.map_or(FileLock::default(), |obstacle| FileLock {
        start: obstacle.span.first,
        end: obstacle.span.last,
        pid: obstacle.process,
        ..FileLock::default()
    });
    let body = LkOut {
        lk: FileLock { type_: kind, ..lock },
    };
    write(writer, unique, 0, body.as_slice())
}

fn write(writer: &mut Writer<'_>, unique: u64, error: i32, body: &[u8]) -> io::Result<usize> {
    let head = OutHeader {
        len: (size_of::<OutHeader>() + body.len()) as u32,
        error: -error,
        unique,
    };
    writer.write_all(head.as_slice())?;
    writer.write_all(body)?;
    Ok(writer.bytes_written())
}
