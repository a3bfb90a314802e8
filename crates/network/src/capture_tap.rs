//! Frames shown to those who want to see them.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use container_model::ContainerId;
use container_netstack::PortId;

use crate::capture::{Direction, PcapngWriter};

/// Bytes that may wait for a slow reader; frames beyond are left out.
const WAITING_MAX_BYTES: usize = 8 << 20;

/// Everybody who wants to see frames.
#[derive(Default)]
pub(crate) struct Taps {
    taps: HashMap<u64, Tap>,
    machines: HashMap<PortId, ContainerId>,
}

/// One of them.
struct Tap {
    writer: PcapngWriter<Vec<u8>>,
    /// The only container whose frames are wanted.
    only: Option<ContainerId>,
    interfaces: HashMap<PortId, u32>,
    missed_frames: u64,
}

impl Taps {
    /// A machine whose frames can be seen under this name.
    pub(crate) fn add_machine(&mut self, port: PortId, container: ContainerId) {
        self.machines.insert(port, container);
    }

    pub(crate) fn remove_machine(&mut self, port: PortId) {
        self.machines.remove(&port);
    }

    /// Begins to show frames to a client.
    pub(crate) fn add(&mut self, client: u64, only: Option<ContainerId>) {
        // Writing to memory does not fail.
        if let Ok(writer) = PcapngWriter::new(Vec::new(), 0) {
            let tap = Tap {
                writer,
                only,
                interfaces: HashMap::new(),
                missed_frames: 0,
            };
            self.taps.insert(client, tap);
        }
    }

    pub(crate) fn remove(&mut self, client: u64) {
        if let Some(tap) = self.taps.remove(&client)
            && tap.missed_frames > 0
        {
            tracing::warn!(
                frames = tap.missed_frames,
                "a capture missed frames: its reader was slow"
            );
        }
    }

    /// Shows a frame.
    pub(crate) fn show(&mut self, port: PortId, direction: Direction, frame: &[u8]) {
        if self.taps.is_empty() {
            return;
        }
        let Some(container) = self.machines.get(&port) else {
            return;
        };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        for tap in self.taps.values_mut() {
            if tap.only.as_ref().is_some_and(|only| only != container) {
                continue;
            }
            if tap.writer.writer_mut().len() > WAITING_MAX_BYTES {
                tap.missed_frames += 1;
                continue;
            }
            let known = tap.interfaces.get(&port).copied();
            let interface = match known.map_or_else(|| tap.writer.interface(container.as_str()), Ok) {
                Ok(interface) => interface,
                Err(_) => continue,
            };
            tap.interfaces.insert(port, interface);
            let _ = tap.writer.packet(interface, at, direction, frame);
        }
    }

    /// What is to be sent to clients: the bytes that wait, which are taken from the front as far as `send` says.
    pub(crate) fn flush(&mut self, mut send: impl FnMut(u64, &[u8]) -> usize) {
        for (&client, tap) in &mut self.taps {
            let waiting = tap.writer.writer_mut();
            if !waiting.is_empty() {
                let sent = send(client, waiting).min(waiting.len());
                waiting.drain(..sent);
            }
        }
    }
}
