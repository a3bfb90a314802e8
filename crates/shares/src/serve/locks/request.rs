//! What a machine asks of locks.

use std::io;

use crate::serve::names::error;

/// The last byte that a range may have (`OFFSET_MAX` of Linux): ranges to it go on for ever.
const LAST_BYTE: u64 = i64::MAX as u64;

/// Who else may have a lock of the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum LockKind {
    /// Others that are shared as well.
    Shared,
    /// Nobody.
    Exclusive,
}

impl LockKind {
    /// By the protocol's number, which is that of fcntl(2); `None` unlocks.
    ///
    /// # Errors
    /// `EINVAL` for any other number.
    pub(in crate::serve) fn of_number(number: u32) -> io::Result<Option<Self>> {
        match number.try_into() {
            Ok(libc::F_RDLCK) => Ok(Some(Self::Shared)),
            Ok(libc::F_WRLCK) => Ok(Some(Self::Exclusive)),
            Ok(libc::F_UNLCK) => Ok(None),
            _ => Err(error(libc::EINVAL)),
        }
    }

    /// The number of a kind, or of none.
    pub(in crate::serve) fn number(kind: Option<Self>) -> i32 {
        match kind {
            Some(Self::Shared) => libc::F_RDLCK,
            Some(Self::Exclusive) => libc::F_WRLCK,
            None => libc::F_UNLCK,
        }
    }
}

/// Bytes of a file, at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct Span {
    pub(in crate::serve) first: u64,
    pub(in crate::serve) last: u64,
}

impl Span {
    /// # Errors
    /// `EINVAL` for what is no span, or is longer than any file.
    pub(in crate::serve) fn new(first: u64, last: u64) -> io::Result<Self> {
        if first > last || last > LAST_BYTE {
            return Err(error(libc::EINVAL));
        }
        Ok(Self { first, last })
    }

    /// The span as fcntl(2) has it: where it begins, and how long it is, 0 if it goes on for ever.
    pub(super) fn start_and_length(self) -> (i64, i64) {
        let length = if self.last == LAST_BYTE {
            0
        } else {
            (self.last - self.first + 1).cast_signed()
        };
        (self.first.cast_signed(), length)
    }

    /// The other way round.
    pub(super) fn of_start_and_length(start: i64, length: i64) -> Self {
        let first = start.max(0).cast_unsigned();
        let last = match length {
            ..=0 => LAST_BYTE,
            _ => (first + length.cast_unsigned() - 1).min(LAST_BYTE),
        };
        Self { first, last }
    }
}

/// What is locked, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) enum Subject {
    /// The whole file, for an open file (flock(2)).
    Whole,
    /// Bytes of it, for what the machine calls the owner: a process, or an open file (fcntl(2), "Open file description locks").
    Bytes {
        owner: u64,
        span: Span,
        /// The machine's process, which others of the machine are told of.
        process: u32,
    },
}

/// A request to lock or unlock.
#[derive(Debug, Clone, Copy)]
pub(in crate::serve) struct LockRequest {
    pub(in crate::serve) node: u64,
    /// The machine's open file.
    pub(in crate::serve) handle: u64,
    pub(in crate::serve) subject: Subject,
    /// `None` unlocks.
    pub(in crate::serve) kind: Option<LockKind>,
}

/// A lock that keeps another one from being taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct Obstacle {
    pub(in crate::serve) kind: LockKind,
    pub(in crate::serve) span: Span,
    /// The process of the same machine that has it; 0 for anybody else.
    pub(in crate::serve) process: u32,
}
