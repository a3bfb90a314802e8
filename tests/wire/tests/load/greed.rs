//! One side that takes nothing, or only asks: what it costs, and that no other machine notices.

use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};

use container_require::require;
use container_wire::Machine;

use crate::{LIMIT, MTU, echo, echo_through, listen, network, open, pattern, resident};

#[test]
fn a_host_that_does_not_read_costs_little_and_no_other_machine() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut slow = Machine::attach(&network, "slow", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let never = listen(|_stream| thread::sleep(LIMIT));
    let handles: Vec<_> = (0..32).map(|_| open(&mut slow, never, 1 << 18)).collect();
    let (data, begun) = (pattern(), Instant::now());
    slow.wait(LIMIT, |slow| {
        for handle in &handles {
            slow.tcp(*handle).send_slice(&data).unwrap();
        }
        (begun.elapsed() > Duration::from_secs(2)).then_some(())
    });
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 80 << 20, "{grown} bytes");
    echo_through(&mut other, listen(echo));
}

#[test]
fn a_machine_that_does_not_read_costs_little_and_no_other_machine() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut slow = Machine::attach(&network, "slow", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let flood = listen(|mut stream| {
        let data = pattern();
        while stream.write_all(&data).is_ok() {}
    });
    for _ in 0..32 {
        open(&mut slow, flood, 1 << 18);
    }
    let begun = Instant::now();
    slow.wait(LIMIT, |_| (begun.elapsed() > Duration::from_secs(1)).then_some(()));
    // From now on it does not even take its frames.
    echo_through(&mut other, listen(echo));
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 80 << 20, "{grown} bytes");
}

#[test]
fn a_machine_that_only_opens_connections_is_bounded_and_alone_in_it() {
    require!(
        std::path::Path::new("/proc/self/smaps_rollup").exists(),
        "the memory of a process in /proc"
    );
    let network = network();
    let mut wild = Machine::attach(&network, "wild", MTU, Vec::new());
    let mut other = Machine::attach(&network, "other", MTU, Vec::new());
    let before = resident(&network);
    let host = wild.host(listen(echo));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let handle = wild.socket(64);
        wild.connect(handle, host);
        wild.turn();
        // It forgets the connection and says nothing.
        wild.sockets.remove(handle);
    }
    echo_through(&mut other, listen(echo));
    let grown = resident(&network).saturating_sub(before);
    assert!(grown < 100 << 20, "{grown} bytes");
}
