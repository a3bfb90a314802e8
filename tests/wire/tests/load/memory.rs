//! Memory that connections have used comes back.

use std::path::Path;

use container_require::require;
use container_wire::{Machine, Memory, Network};
use smoltcp::iface::SocketHandle;

use crate::{LIMIT, MTU, echo, listen, network, open, raise_open_files};

const FLOWS: usize = 200;
/// Each flow fills all of its buffers, whatever size they are.
const FLOW_BYTES: usize = 64 << 10;
/// Buffers of the machine's sockets. From 64 KiB on smoltcp scales its window and rounds it down, which takes back a byte of what it has offered;
/// what is on the way then is lost, and the sender, which is smoltcp as well, stops its timer when the window opens before it has repeated that
/// byte. Linux never takes back what it has offered.
const BUFFER_BYTES: usize = 60_000;
/// What may stay of what the flows took: the process has grown tables, and its allocator keeps some.
const LEFT_BYTES: u64 = 6 << 20;

/// Bytes of the network's process that are in no file.
fn allocated(network: &Network) -> u64 {
    Memory::of(network.process().unwrap()).unwrap().anonymous_bytes
}

/// Sends bytes on all flows to a host that sends them back.
fn carry(machine: &mut Machine, handles: &[SocketHandle]) {
    let data = vec![7; FLOW_BYTES];
    let mut flows: Vec<(usize, usize)> = vec![(0, 0); handles.len()];
    machine.wait(4 * LIMIT, |machine| {
        for (handle, (sent, received)) in handles.iter().zip(&mut flows) {
            let socket = machine.tcp(*handle);
            if *sent < data.len() && socket.can_send() {
                *sent += socket.send_slice(&data[*sent..]).unwrap();
            }
            *received += socket.recv(|bytes| (bytes.len(), bytes.len())).unwrap_or(0);
        }
        flows.iter().all(|(_, received)| *received == FLOW_BYTES).then_some(())
    });
}

#[test]
fn memory_of_busy_flows_comes_back_when_they_end() {
    require!(
        Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    raise_open_files();
    let network = network();
    let mut machine = Machine::attach(&network, "machine", MTU, Vec::new());
    let port = listen(echo);
    let idle = allocated(&network);
    // From the second time on, the allocator knows the sizes.
    for _ in 0..3 {
        let handles: Vec<_> = (0..FLOWS).map(|_| open(&mut machine, port, BUFFER_BYTES)).collect();
        carry(&mut machine, &handles);
        for handle in &handles {
            machine.tcp(*handle).abort();
        }
        machine.turn();
        for handle in handles {
            machine.sockets.remove(handle);
        }
        network.wait_for_no_flows();
    }
    let left = allocated(&network).saturating_sub(idle);
    assert!(left <= LEFT_BYTES, "{left} bytes are left of {FLOWS} flows");
}
