//! The queue that everything of one machine belongs to.
//!
//! A `VZVirtualMachine` and all that comes of it may be created, called and released on one serial queue only, reads of properties
//! included; macOS ends a process that does otherwise. So one queue owns them, and everybody else sends it jobs. Nobody waits for the
//! queue without letting go of the thread, and no job waits for another: neither can lock up.
#![expect(
    unsafe_code,
    reason = "what the framework binds to a queue is no type of Rust's that may go to other threads; this file sees to it"
)]

use std::cell::UnsafeCell;
use std::sync::{Arc, Weak};

use dispatch2::{DispatchQueue, DispatchRetained};
use objc2::rc::autoreleasepool;
use tokio::sync::oneshot;

use crate::failure::VzFailure;

/// A serial queue that owns a `T`. Clones are the same queue; the `T` is dropped on it when the last one is gone.
pub(crate) struct VmQueue<T: 'static>(Arc<Shared<T>>);

/// A [`VmQueue`] that keeps nothing alive.
pub(crate) struct WeakVmQueue<T: 'static>(Weak<Shared<T>>);

struct Shared<T: 'static> {
    queue: DispatchRetained<DispatchQueue>,
    /// Until this is dropped.
    owned: Option<Bound<UnsafeCell<T>>>,
}

/// A value of one queue. It may wait anywhere, but only jobs of that queue look into it.
struct Bound<T>(T);

// SAFETY: the field is private to this file, which hands it out in jobs of the one queue alone (`with_owned`, `post_with`) and drops it
// there (`Shared::drop`), so that no other thread ever uses it.
unsafe impl<T> Send for Bound<T> {}
// SAFETY: as above; a shared reference to it gives nothing away outside of such jobs.
unsafe impl<T> Sync for Bound<T> {}

impl<T> Bound<T> {
    fn into_value(self) -> T {
        self.0
    }
}

impl<T: 'static> Clone for VmQueue<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: 'static> VmQueue<T> {
    /// A new queue that owns `owned`, which holds no object of the framework yet. `label` is what crash reports call the queue.
    pub(crate) fn new(label: &str, owned: T) -> Self {
        // The binding takes no text with a zero.
        let label: String = label.chars().filter(|character| *character != '\0').collect();
        Self(Arc::new(Shared {
            // Without attributes a queue is serial.
            queue: DispatchQueue::new(&label, None),
            owned: Some(Bound(UnsafeCell::new(owned))),
        }))
    }

    /// The same queue without keeping what it owns.
    pub(crate) fn downgrade(&self) -> WeakVmQueue<T> {
        WeakVmQueue(Arc::downgrade(&self.0))
    }

    /// The queue itself, for objects that are to call back on it.
    pub(crate) fn dispatch_queue(&self) -> DispatchRetained<DispatchQueue> {
        self.0.queue.clone()
    }

    /// Does `job` on the queue and waits for what it gives. The job is done also when the waiting is given up.
    ///
    /// # Errors
    /// With the exception that the framework raised meanwhile.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut T) -> R + Send + 'static,
    ) -> Result<R, VzFailure> {
        let (sender, receiver) = oneshot::channel();
        let shared = Arc::clone(&self.0);
        self.0.queue.exec_async(move || {
            // Nobody may be waiting any more.
            let _ = sender.send(protected(|| shared.with_owned(job)));
        });
        receiver
            .await
            .unwrap_or_else(|_| Err(VzFailure::ours("the machine's queue is gone")))
    }

    /// Does `job` on the queue, some time.
    pub(crate) fn post(&self, job: impl FnOnce(&mut T) + Send + 'static) {
        let shared = Arc::clone(&self.0);
        self.0
            .queue
            .exec_async(move || report(protected(|| shared.with_owned(job))));
    }

    /// Does `job` on the queue, some time, with a value that a callback on this queue was given.
    ///
    /// # Safety
    /// The caller is on this queue.
    pub(crate) unsafe fn post_with<V: 'static>(&self, value: V, job: impl FnOnce(&mut T, V) + Send + 'static) {
        let value = Bound(value);
        let shared = Arc::clone(&self.0);
        self.0.queue.exec_async(move || {
            let value = value.into_value();
            report(protected(|| shared.with_owned(|owned| job(owned, value))));
        });
    }
}

impl<T: 'static> WeakVmQueue<T> {
    /// The queue, if it still owns something.
    pub(crate) fn upgrade(&self) -> Option<VmQueue<T>> {
        self.0.upgrade().map(VmQueue)
    }
}

impl<T: 'static> Shared<T> {
    /// For jobs of the queue only.
    fn with_owned<R>(&self, job: impl FnOnce(&mut T) -> R) -> Result<R, VzFailure> {
        let Some(owned) = &self.owned else {
            return Err(VzFailure::ours("the machine's queue is gone"));
        };
        // SAFETY: only jobs of the queue come here. It is serial, so that one runs at a time, and none runs within another, because
        // nothing is ever put on the queue and waited for by a job. So this is the only reference.
        Ok(job(unsafe { &mut *owned.0.get() }))
    }
}

impl<T: 'static> Drop for Shared<T> {
    fn drop(&mut self) {
        if let Some(owned) = self.owned.take() {
            // Objects must be released on the queue, and this may be any thread.
            self.queue.exec_async(move || {
                report(protected(|| {
                    drop(owned.into_value());
                    Ok(())
                }));
            });
        }
    }
}

/// Does a job so that an exception of the framework is an error and what it releases later is released now.
fn protected<R>(job: impl FnOnce() -> Result<R, VzFailure>) -> Result<R, VzFailure> {
    autoreleasepool(|_| caught(job))
}

#[cfg(target_os = "macos")]
fn caught<R>(job: impl FnOnce() -> Result<R, VzFailure>) -> Result<R, VzFailure> {
    // What a job that was left in the middle did to its objects is not relied on: the error ends what it was for.
    objc2::exception::catch(std::panic::AssertUnwindSafe(job)).unwrap_or_else(|exception| {
        let text = exception.map_or_else(|| "without a word".to_owned(), |exception| exception.to_string());
        Err(VzFailure::ours(format!("an exception was raised: {text}")))
    })
}

/// The stand-in ends the process where the framework raises.
#[cfg(not(target_os = "macos"))]
fn caught<R>(job: impl FnOnce() -> Result<R, VzFailure>) -> Result<R, VzFailure> {
    job()
}

/// For jobs that nobody waits for.
fn report(outcome: Result<(), VzFailure>) {
    if let Err(failure) = outcome {
        tracing::error!(%failure, "a job of a machine's queue failed");
    }
}
