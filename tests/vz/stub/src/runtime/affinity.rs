//! Which queue a thread works for, and the rule that objects of a queue are touched there only.

use std::cell::RefCell;

thread_local! {
    static CURRENT: RefCell<Option<(usize, String)>> = const { RefCell::new(None) };
}

/// Makes the calling thread the one that works for the queue with this address, for good.
pub(crate) fn adopt_thread(queue: usize, label: &str) {
    CURRENT.set(Some((queue, label.to_owned())));
}

/// Does the calling thread work for `queue`?
pub(crate) fn is_current(queue: usize) -> bool {
    // A thread that is past its thread-local storage works for nobody.
    CURRENT
        .try_with(|current| current.borrow().as_ref().is_some_and(|(address, _)| *address == queue))
        .unwrap_or(false)
}

/// Where the calling thread is, for messages.
pub(super) fn place() -> String {
    let queue = CURRENT
        .try_with(|current| current.borrow().as_ref().map(|(_, label)| label.clone()))
        .unwrap_or(None);
    queue.map_or_else(
        || "outside of every queue".to_owned(),
        |label| format!("on the queue \"{label}\""),
    )
}
