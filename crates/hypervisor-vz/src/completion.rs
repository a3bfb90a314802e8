//! The framework's completion handlers as futures.
#![expect(unsafe_code, reason = "a completion handler is given a pointer to its error")]

use std::cell::Cell;

use block2::RcBlock;
use objc2_foundation::NSError;
use tokio::sync::oneshot;

use crate::failure::VzFailure;

/// A handler for calls that give nothing but an error.
pub(crate) type Handler = RcBlock<dyn Fn(*mut NSError)>;

/// The end of a call that was begun.
pub(crate) struct Completion(oneshot::Receiver<Result<(), VzFailure>>);

/// A handler, and what tells when the framework has called it.
pub(crate) fn completion() -> (Handler, Completion) {
    let (sender, receiver) = oneshot::channel();
    let sender = Cell::new(Some(sender));
    let handler = RcBlock::new(move |error: *mut NSError| {
        // SAFETY: the error is nil, or an object that lives at least as long as this call (the convention of completion handlers).
        let error = unsafe { error.as_ref() };
        if let Some(sender) = sender.take() {
            // Nobody may be waiting any more.
            let _ = sender.send(error.map_or(Ok(()), |error| Err(VzFailure::of(error))));
        }
    });
    (handler, Completion(receiver))
}

impl Completion {
    /// Waits for the end. Giving up the waiting leaves the call as it is.
    ///
    /// # Errors
    /// The framework's.
    pub(crate) async fn finished(self) -> Result<(), VzFailure> {
        self.0
            .await
            .unwrap_or_else(|_| Err(VzFailure::ours("the framework dropped the call without an answer")))
    }
}
