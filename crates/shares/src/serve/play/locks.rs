//! Requests for locks of a hostile kernel.

use std::io;
use std::time::Duration;

use super::Request;
use crate::serve::filesystem::Filesystem;
use crate::serve::locks::{Asker, LockKind, LockRequest, Patience, Span, Subject};

/// No request waits for long.
const LIMIT: Duration = Duration::from_millis(2);

/// Hears nothing.
struct Deaf;

impl Asker for Deaf {
    fn answer(&mut self, _: &io::Result<()>) -> bool {
        true
    }
}

/// Asks for something of a lock of an open file, or what is said to be one.
pub(super) fn ask(filesystem: &Filesystem, request: &Request, (node, handle): (u64, u64)) -> io::Result<()> {
    let Request { number, flags, .. } = *request;
    let owner = u64::from(request.other_name % 8);
    let span = Span::new(number, number.saturating_add(u64::from(flags >> 8)))?;
    let kind = LockKind::of_number(flags % 4)?;
    let subject = if flags & 16 == 0 {
        let process = flags;
        Subject::Bytes { owner, span, process }
    } else {
        Subject::Whole
    };
    let wanted = LockRequest {
        node,
        handle,
        subject,
        kind,
    };
    let patience = || Patience {
        unique: u64::from(request.name % 16),
        limit: Some(LIMIT),
        asker: Box::new(Deaf),
    };
    match flags / 32 % 4 {
        0 => filesystem.lock(wanted, None).map(drop),
        1 => filesystem.lock(wanted, Some(patience())).map(drop),
        2 => {
            filesystem.interrupt(u64::from(request.name % 16));
            Ok(())
        }
        _ => {
            let kind = kind.unwrap_or(LockKind::Exclusive);
            filesystem.obstacle((node, handle), owner, span, kind).map(drop)
        }
    }
}
