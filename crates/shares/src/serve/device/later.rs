//! Requests that are answered when they have waited.

use std::io;

use vhost_user_backend::{VringMutex, VringT as _};
use virtio_queue::QueueT as _;
use virtiofsd::descriptor_utils::Writer;
use vm_memory::GuestAddressSpace as _;

use super::message;
use super::queue::{self, Chain, Memory, broken};
use crate::serve::locks::Asker;

/// A request that waits.
pub(super) struct Later {
    pub(super) ring: VringMutex<Memory>,
    pub(super) memory: Memory,
    pub(super) chain: Chain,
    pub(super) unique: u64,
}

impl Asker for Later {
    fn answer(&mut self, result: &io::Result<()>) -> bool {
        let mut ring = self.ring.get_mut();
        // QEMU takes the queue back from here while the machine is paused.
        if !ring.get_queue().ready() || !ring.is_enabled() {
            return false;
        }
        let memory = self.memory.memory();
        let mut writer = Writer::new(&memory, self.chain.clone()).unwrap_or_else(|error| broken(&error));
        let length = message::answer(&mut writer, self.unique, result).unwrap_or_else(|error| broken(&error));
        queue::give_back(&mut ring, self.chain.head_index(), length);
        true
    }
}
