//! The driver: two queues in memory (Virtual I/O Device 1.3, 2.7), with one buffer to read and one to write for each request.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use vhost_user_backend::{VhostUserBackend as _, VringMutex, VringT};
use virtiofsd::fuse::Opcode;
use vm_memory::{Bytes as _, GuestAddress, GuestAddressSpace as _, GuestMemoryAtomic, GuestMemoryMmap};
use vmm_sys_util::epoll::EventSet;

use crate::serve::device::Device;
use crate::serve::device::queue::Memory;
use crate::serve::filesystem::Filesystem;
use crate::tree::{SharedTree, TreeOwner};

/// Requests in a queue.
const SLOTS: u16 = 64;
/// Where the parts of a queue are behind its beginning, and how much it takes in all.
const AVAILABLE: u64 = 0x1000;
const USED: u64 = 0x2000;
const BUFFERS: u64 = 0x3000;
const QUEUE_BYTES: u64 = 0x20000;
/// Where in a buffer the answer is, and how large it may be.
const ANSWER: u64 = 0x400;
const ANSWER_BYTES: u32 = 0x400;
const BUFFER_BYTES: u64 = 0x800;
/// Size of the heads of requests and answers.
const HEAD: usize = 40;
const ANSWER_HEAD: usize = 16;

/// Flags of descriptors.
const NEXT: u16 = 1;
const WRITE: u16 = 2;

/// 64-bit numbers as the protocol has them.
pub(super) fn words(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
}

pub(super) struct Driver {
    pub(super) device: Device,
    memory: Memory,
    rings: Vec<VringMutex<Memory>>,
    sent: [u16; 2],
    seen: [u16; 2],
    unique: u64,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) length: u32,
    pub(super) error: i32,
    pub(super) unique: u64,
    body: Vec<u8>,
}

impl Answer {
    /// A 64-bit number of the body.
    pub(super) fn body(&self, index: usize) -> u64 {
        assert_eq!(self.error, 0);
        u64::from_ne_bytes(self.body[8 * index..][..8].try_into().unwrap())
    }
}

fn base(queue: usize) -> u64 {
    queue as u64 * QUEUE_BYTES
}

impl Driver {
    /// For a device with a directory of the host as `tree`.
    pub(super) fn new(host: &Path) -> Self {
        let tree = SharedTree {
            name: "tree".to_owned(),
            path: host.to_owned(),
            read_only: false,
            owner: TreeOwner::Named,
            records: None,
        };
        let device = Device::new(Filesystem::new(&[tree], 100, 16).unwrap());
        let mapped = GuestMemoryMmap::from_ranges(&[(GuestAddress(0), 2 * QUEUE_BYTES as usize)]).unwrap();
        let memory = GuestMemoryAtomic::new(mapped);
        device.update_memory(memory.clone()).unwrap();
        let ring = |queue: usize| {
            let ring: VringMutex<Memory> = VringT::new(memory.clone(), SLOTS).unwrap();
            ring.set_queue_size(SLOTS);
            let base = base(queue);
            ring.set_queue_info(base, base + AVAILABLE, base + USED).unwrap();
            ring
        };
        let mut driver = Self {
            rings: [0, 1].map(ring).into(),
            device,
            memory,
            sent: [0; 2],
            seen: [0; 2],
            unique: 0,
        };
        driver.resume();
        let version = 7 | 38 << 32;
        driver.send(1, Opcode::Init, 0, &words(&[version, 0]));
        driver.answer(1);
        driver
    }

    pub(super) fn pause(&self) {
        self.rings.iter().for_each(|ring| ring.set_queue_ready(false));
    }

    pub(super) fn resume(&self) {
        for ring in &self.rings {
            ring.set_queue_ready(true);
            ring.set_enabled(true);
        }
    }

    fn write(&self, place: u64, bytes: &[u8]) {
        self.memory.memory().write_slice(bytes, GuestAddress(place)).unwrap();
    }

    fn read<const N: usize>(&self, place: u64) -> [u8; N] {
        let mut bytes = [0; N];
        self.memory
            .memory()
            .read_slice(&mut bytes, GuestAddress(place))
            .unwrap();
        bytes
    }

    /// Sends a request and returns its number.
    pub(super) fn send(&mut self, queue: usize, opcode: Opcode, node: u64, body: &[u8]) -> u64 {
        self.unique += 2;
        let slot = self.sent[queue] % (SLOTS / 2);
        let buffer = base(queue) + BUFFERS + u64::from(slot) * BUFFER_BYTES;
        let length = (HEAD + body.len()) as u32;
        let mut bytes = Vec::new();
        bytes.extend(length.to_ne_bytes());
        bytes.extend((opcode as u32).to_ne_bytes());
        bytes.extend(words(&[self.unique, node, 0, 0]));
        assert_eq!(bytes.len(), HEAD);
        bytes.extend(body);
        self.write(buffer, &bytes);
        let descriptors = [
            (buffer, length, NEXT, 2 * slot + 1),
            (buffer + ANSWER, ANSWER_BYTES, WRITE, 0),
        ];
        for (index, (place, length, flags, next)) in descriptors.into_iter().enumerate() {
            let mut descriptor = place.to_le_bytes().to_vec();
            descriptor.extend(length.to_le_bytes());
            descriptor.extend(flags.to_le_bytes());
            descriptor.extend(next.to_le_bytes());
            self.write(base(queue) + 16 * (2 * u64::from(slot) + index as u64), &descriptor);
        }
        let ring = base(queue) + AVAILABLE;
        let entry = ring + 4 + 2 * u64::from(self.sent[queue] % SLOTS);
        self.write(entry, &(2 * slot).to_le_bytes());
        self.sent[queue] += 1;
        self.write(ring + 2, &self.sent[queue].to_le_bytes());
        let device = u16::try_from(queue).unwrap();
        self.device.handle_event(device, EventSet::IN, &self.rings, 0).unwrap();
        self.unique
    }

    /// The next answer, if there is one soon enough.
    pub(super) fn answer_within(&mut self, queue: usize, limit: Duration) -> Option<Answer> {
        let end = Instant::now() + limit;
        let ring = base(queue) + USED;
        while u16::from_le_bytes(self.read(ring + 2)) == self.seen[queue] {
            if Instant::now() >= end {
                return None;
            }
            thread::sleep(Duration::from_millis(1));
        }
        let entry = ring + 4 + 8 * u64::from(self.seen[queue] % SLOTS);
        self.seen[queue] += 1;
        let slot = u64::from(u32::from_le_bytes(self.read(entry)) / 2);
        let answer = base(queue) + BUFFERS + slot * BUFFER_BYTES + ANSWER;
        let bytes: [u8; ANSWER_BYTES as usize] = self.read(answer);
        Some(Answer {
            length: u32::from_le_bytes(self.read(entry + 4)),
            error: i32::from_ne_bytes(bytes[4..8].try_into().unwrap()),
            unique: u64::from_ne_bytes(bytes[8..16].try_into().unwrap()),
            body: bytes[ANSWER_HEAD..].to_vec(),
        })
    }

    pub(super) fn answer(&mut self, queue: usize) -> Answer {
        self.answer_within(queue, Duration::from_secs(60)).unwrap()
    }
}
