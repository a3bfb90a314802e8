//! Crossing the border between a machine's queue and other threads, for what the compiler does not let over it.

#![expect(unsafe_code, reason = "the compiler is told that something may go to other threads")]

/// Says that what is in it may go to another thread.
pub struct Sent<T>(T);

// SAFETY: used for what goes to the machine's queue and is looked at there only, and by tests that break this very rule.
unsafe impl<T> Send for Sent<T> {}

impl<T> Sent<T> {
    /// Lets `value` go.
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// What has come over.
    pub fn value(self) -> T {
        self.0
    }
}
