//! The queues of the device (Virtual I/O Device 1.3, 2.7).

use std::fmt::Display;
use std::io::{self, Write as _};

use vhost_user_backend::bitmap::BitmapMmapRegion;
use vhost_user_backend::{VringMutex, VringState, VringT as _};
use virtio_queue::{DescriptorChain, QueueOwnedT as _};
use vm_memory::{GuestAddressSpace as _, GuestMemoryAtomic, GuestMemoryLoadGuard, GuestMemoryMmap};

/// The machine's memory.
pub(super) type Memory = GuestMemoryAtomic<GuestMemoryMmap<BitmapMmapRegion>>;

/// A request: where it is in the memory, and where its answer goes.
pub(super) type Chain = DescriptorChain<GuestMemoryLoadGuard<GuestMemoryMmap<BitmapMmapRegion>>>;

/// Hands all requests of a queue to `handle`, which says how long the answer is, or nothing if it comes later.
pub(super) fn drain(
    ring: &VringMutex<Memory>,
    memory: &Memory,
    mut handle: impl FnMut(Chain) -> Option<usize>,
) -> io::Result<()> {
    loop {
        ring.disable_notification().map_err(io::Error::other)?;
        while let Some(chain) = next(ring, memory)? {
            let head = chain.head_index();
            // Not while the queue is held: who answers later needs it as well.
            if let Some(length) = handle(chain) {
                give_back(&mut ring.get_mut(), head, length);
            }
        }
        // What came meanwhile is not told.
        if !ring.enable_notification().map_err(io::Error::other)? {
            return Ok(());
        }
    }
}

fn next(ring: &VringMutex<Memory>, memory: &Memory) -> io::Result<Option<Chain>> {
    let mut ring = ring.get_mut();
    let mut chains = ring.get_queue_mut().iter(memory.memory()).map_err(io::Error::other)?;
    Ok(chains.next())
}

/// Gives a request back to the machine with its answer.
pub(super) fn give_back(ring: &mut VringState<Memory>, head: u16, length: usize) {
    // No answer is as long as the memory of a machine that is too large for the number.
    let length = u32::try_from(length).unwrap_or(u32::MAX);
    ring.add_used(head, length).unwrap_or_else(|error| broken(&error));
    // Told in vain is better than not at all.
    if ring.needs_notification().unwrap_or(true) {
        ring.signal_used_queue().unwrap_or_else(|error| broken(&error));
    }
}

/// Ends the process, and the machine with it: it has broken the protocol.
pub(super) fn broken(error: &dyn Display) -> ! {
    // Nobody is left to be told that this fails.
    let _ = writeln!(io::stderr(), "the machine cannot be served any longer: {error}");
    std::process::exit(1)
}
