//! The device: takes requests from the machine's queues. It answers those for locks itself; all others are the crate `virtiofsd`'s, whose own device
//! would have no place for an answer that comes later.

mod later;
mod message;
mod queue;

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vhost::vhost_user::message::{
    VhostTransferStateDirection, VhostTransferStatePhase, VhostUserProtocolFeatures, VhostUserVirtioFeatures,
};
use vhost_user_backend::bitmap::BitmapMmapRegion;
use vhost_user_backend::{VhostUserBackend, VringMutex};
use virtiofsd::descriptor_utils::{Reader, Writer};
use virtiofsd::server::Server;
use vm_memory::GuestAddressSpace as _;
use vmm_sys_util::epoll::EventSet;
use vmm_sys_util::event::{EventConsumer, EventFlag, EventNotifier, new_event_consumer_and_notifier};

use crate::serve::filesystem::Filesystem;
use crate::serve::locks::{Patience, Taken};
use crate::serve::names::error;
use later::Later;
use message::{LockMessage, Message};
use queue::{Chain, Memory, broken};

/// The queues: one for what is urgent (`FORGET`, `INTERRUPT`), one for everything else.
const QUEUES: usize = 2;

/// Most requests in a queue (`VIRTQUEUE_MAX_SIZE`).
const QUEUE_SIZE: usize = 32 << 10;

/// Features of every device (Virtual I/O Device 1.3, 6).
const VIRTIO_F_INDIRECT_DESC: u64 = 1 << 28;
const VIRTIO_F_EVENT_IDX: u64 = 1 << 29;
const VIRTIO_F_VERSION_1: u64 = 1 << 32;

/// How long a program waits for a lock at most that the machine's kernel cannot interrupt: it could not be killed.
const UNINTERRUPTED_LIMIT: Duration = Duration::from_secs(600);

/// The device that serves a file system.
pub(crate) struct Device {
    server: Server<Filesystem>,
    filesystem: Filesystem,
    memory: Mutex<Option<Memory>>,
    /// Whether the machine has asked for anything, so that it relies on what is known of it here.
    is_used: AtomicBool,
}

impl Device {
    pub(crate) fn new(filesystem: Filesystem) -> Self {
        Self {
            server: Server::new(filesystem.clone()),
            filesystem,
            memory: Mutex::new(None),
            is_used: AtomicBool::new(false),
        }
    }

    /// Handles a request and returns how long the answer is; `None` when it comes later.
    fn handle(&self, ring: &VringMutex<Memory>, memory: &Memory, chain: Chain) -> Option<usize> {
        self.is_used.store(true, Ordering::Relaxed);
        let mapped = memory.memory();
        let reader = Reader::new(&mapped, chain.clone()).unwrap_or_else(|error| broken(&error));
        let mut writer = Writer::new(&mapped, chain.clone()).unwrap_or_else(|error| broken(&error));
        match Message::read(reader.clone()).unwrap_or_else(|error| broken(&error)) {
            Message::Other => {
                let handled = self.server.handle_message(reader, writer, None::<&mut ()>);
                Some(handled.unwrap_or_else(|error| broken(&error)))
            }
            Message::Interrupt(unique) => {
                self.filesystem.interrupt(unique);
                Some(0)
            }
            Message::Obstacle(asked) => Some(self.tell_obstacle(&mut writer, &asked)),
            Message::Lock(asked) => {
                let later = Later {
                    ring: ring.clone(),
                    memory: memory.clone(),
                    chain,
                    unique: asked.unique(),
                };
                let result = match self.lock(&asked, later) {
                    Ok(Taken::Later) => return None,
                    result => result.map(drop),
                };
                let written = message::answer(&mut writer, asked.unique(), &result);
                Some(written.unwrap_or_else(|error| broken(&error)))
            }
        }
    }

    fn lock(&self, asked: &LockMessage, later: Later) -> io::Result<Taken> {
        let patience = asked.waits().then(|| Patience {
            unique: asked.unique(),
            limit: (!asked.is_interrupted()).then_some(UNINTERRUPTED_LIMIT),
            asker: Box::new(later),
        });
        self.filesystem.lock(asked.request()?, patience)
    }

    fn tell_obstacle(&self, writer: &mut Writer<'_>, asked: &LockMessage) -> usize {
        let found = || {
            let kind = asked.kind()?.ok_or_else(|| error(libc::EINVAL))?;
            self.filesystem
                .obstacle(asked.file(), asked.owner(), asked.span()?, kind)
        };
        let written = match found() {
            Ok(found) => message::answer_obstacle(writer, asked.unique(), found),
            Err(refused) => message::answer(writer, asked.unique(), &Err(refused)),
        };
        written.unwrap_or_else(|error| broken(&error))
    }
}

impl VhostUserBackend for Device {
    type Bitmap = BitmapMmapRegion;
    type Vring = VringMutex<Memory>;

    fn num_queues(&self) -> usize {
        QUEUES
    }

    fn max_queue_size(&self) -> usize {
        QUEUE_SIZE
    }

    fn features(&self) -> u64 {
        // QEMU saves no machine whose memory could not be watched meanwhile, also where it has no need to watch it.
        let of_connection = VhostUserVirtioFeatures::PROTOCOL_FEATURES | VhostUserVirtioFeatures::LOG_ALL;
        VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | of_connection.bits()
    }

    fn protocol_features(&self) -> VhostUserProtocolFeatures {
        VhostUserProtocolFeatures::MQ
            | VhostUserProtocolFeatures::REPLY_ACK
            | VhostUserProtocolFeatures::CONFIGURE_MEM_SLOTS
            | VhostUserProtocolFeatures::RESET_DEVICE
            | VhostUserProtocolFeatures::LOG_SHMFD
            | VhostUserProtocolFeatures::DEVICE_STATE
    }

    fn reset_device(&self) {
        self.server.destroy();
    }

    /// What there is to be saved of a machine that has asked for nothing is nothing: the file is closed as it is. QEMU notices that nobody reads a state that
    /// is longer.
    fn set_device_state_fd(
        &self,
        direction: VhostTransferStateDirection,
        _: VhostTransferStatePhase,
        _: File,
    ) -> io::Result<Option<File>> {
        match direction {
            VhostTransferStateDirection::SAVE if self.is_used.load(Ordering::Relaxed) => {
                Err(io::ErrorKind::Unsupported.into())
            }
            VhostTransferStateDirection::SAVE | VhostTransferStateDirection::LOAD => Ok(None),
        }
    }

    fn check_device_state(&self) -> io::Result<()> {
        Ok(())
    }

    // The queues know it.
    fn set_event_idx(&self, _: bool) {}

    fn update_memory(&self, memory: Memory) -> io::Result<()> {
        *self.memory.lock().unwrap_or_else(PoisonError::into_inner) = Some(memory);
        Ok(())
    }

    fn handle_event(&self, queue: u16, _: EventSet, rings: &[VringMutex<Memory>], _: usize) -> io::Result<()> {
        let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (Some(ring), Some(memory)) = (rings.get(usize::from(queue)), memory) else {
            broken(&format_args!("queue {queue} has no place"));
        };
        let drained = queue::drain(ring, &memory, |chain| self.handle(ring, &memory, chain));
        // The thread would end without a word, and the machine hang.
        drained.unwrap_or_else(|error| broken(&error));
        Ok(())
    }

    fn exit_event(&self, _: usize) -> Option<(EventConsumer, EventNotifier)> {
        // Without it nobody could end the thread.
        let event = new_event_consumer_and_notifier(EventFlag::NONBLOCK);
        Some(event.unwrap_or_else(|error| broken(&error)))
    }
}

#[cfg(test)]
mod tests;
