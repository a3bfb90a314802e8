//! Homes in which containers can run at once: with the accelerator that works on this host.

use crate::{Home, accelerator};

impl Home {
    /// A home with the busybox image.
    #[must_use]
    pub fn new() -> Self {
        Self::empty().with_busybox()
    }

    /// A home without images.
    #[must_use]
    pub fn empty() -> Self {
        match accelerator::chosen() {
            Some(accelerator) => Self::bare().with("CONTAINER_ACCEL", accelerator),
            None => Self::bare(),
        }
    }
}

impl Default for Home {
    fn default() -> Self {
        Self::new()
    }
}
