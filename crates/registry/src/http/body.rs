//! A piece of a file as the body of a request.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::{mpsc, watch};

/// How much is read from the file at a time.
const PIECE_BYTES: u64 = 128 * 1024;
/// Pieces read ahead.
const QUEUE_PIECES: usize = 4;

/// Some bytes of a file, read while they are sent, so that only a few pieces are in memory.
#[derive(Debug, Clone)]
pub(crate) struct FileRange {
    pub(crate) file: Arc<File>,
    pub(crate) start: u64,
    pub(crate) length: u64,
    /// Set to the offset up to which the connection has taken the file.
    pub(crate) sent: watch::Sender<u64>,
}

impl FileRange {
    pub(super) fn body(&self) -> reqwest::Body {
        let (sender, pieces) = mpsc::channel(QUEUE_PIECES);
        let (file, start, end) = (Arc::clone(&self.file), self.start, self.start + self.length);
        // The thread ends with the request, which closes the queue.
        tokio::task::spawn_blocking(move || read(&file, start, end, &sender));
        self.sent.send_replace(start);
        reqwest::Body::wrap(FileBody {
            pieces,
            offset: start,
            end,
            sent: self.sent.clone(),
        })
    }
}

fn read(file: &File, mut offset: u64, end: u64, pieces: &mpsc::Sender<io::Result<Bytes>>) {
    while offset < end {
        // At most PIECE_BYTES, so the conversion cannot fail.
        let length = usize::try_from(PIECE_BYTES.min(end - offset)).unwrap_or_default();
        let mut piece = vec![0; length];
        let read = file.read_exact_at(&mut piece, offset).map(|()| Bytes::from(piece));
        let has_failed = read.is_err();
        if pieces.blocking_send(read).is_err() || has_failed {
            return;
        }
        offset += length as u64;
    }
}

struct FileBody {
    pieces: mpsc::Receiver<io::Result<Bytes>>,
    offset: u64,
    end: u64,
    sent: watch::Sender<u64>,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let piece = ready!(self.pieces.poll_recv(cx));
        if let Some(Ok(bytes)) = &piece {
            self.offset += bytes.len() as u64;
            self.sent.send_replace(self.offset);
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.offset == self.end
    }

    fn size_hint(&self) -> SizeHint {
        // hyper makes `Content-Length` of it.
        SizeHint::with_exact(self.end - self.offset)
    }
}
