//! Throughput, latency and requests through a network to and from a machine, against QEMU's built-in user network under the same accelerator.
//!
//! The same program answers in all guests, which have one processor and 1 GiB each. The two networks are compared with bare machines on them; a
//! container of ours, whose program has namespaces, control groups and a filter of system calls around it, and the limit, TCP on the host's
//! loopback to the same program, are measured beside them in turn.

use super::bare_guest::BareGuest;
use super::container::Container;
use super::http_load;
use super::loopback::Loopback;
use super::services::Services;
use crate::bench::app_root::AppRoot;
use crate::bench::sample::Samples;
use crate::progress::say;
use anyhow::Result;
use std::path::Path;

/// Connections whose first byte is waited for, and round trips on one connection, in each round.
const FIRST_BYTES: usize = 100;
const ROUND_TRIPS: usize = 500;

/// What is known of real machines.
pub(super) struct Machines {
    pub(super) samples: Vec<Samples>,
    /// Median of the ratios of rounds, ours to those of QEMU's user network.
    pub(super) to_machine: f64,
    pub(super) from_machine: f64,
    pub(super) first_byte: f64,
    pub(super) round_trip: f64,
    /// Not a number without `wrk`.
    pub(super) requests: f64,
}

/// The figures of one way to a machine. Of each round, the median counts.
struct Way {
    to_machine: Samples,
    from_machine: Samples,
    first_byte: Samples,
    round_trip: Samples,
    requests: Samples,
}

impl Way {
    fn new(name: &str) -> Self {
        let samples = |what: &str, unit| Samples::new(format!("{name}: {what}"), unit);
        Self {
            to_machine: samples("to the guest", "Mbit/s"),
            from_machine: samples("from the guest", "Mbit/s"),
            first_byte: samples("new connection and a byte back", "µs"),
            round_trip: samples("round trip of a byte", "µs"),
            requests: samples(&format!("wrk, {} connections", http_load::CONNECTIONS), "1/s"),
        }
    }

    fn measure(&mut self, services: &Services) -> Result<()> {
        self.to_machine.add(services.send()?);
        self.from_machine.add(services.receive()?);
        let first_bytes: Result<Vec<f64>> = (0..FIRST_BYTES).map(|_| services.first_byte()).collect();
        self.first_byte.add(median(first_bytes?));
        self.round_trip.add(median(services.round_trips(ROUND_TRIPS)?));
        if let Some(rate) = http_load::requests(services.web)? {
            self.requests.add(rate);
        }
        Ok(())
    }

    fn samples(self) -> Vec<Samples> {
        let all = [
            self.to_machine,
            self.from_machine,
            self.first_byte,
            self.round_trip,
            self.requests,
        ];
        all.into_iter().filter(|samples| !samples.median().is_nan()).collect()
    }
}

pub(super) fn measure(app_root: &AppRoot, peer: &[u8], wire: &Path, network: &str, runs: usize) -> Result<Machines> {
    let container = Container::start(app_root, peer, network)?;
    let bare = BareGuest::on_our_network(app_root, peer, wire)?;
    let user_network = BareGuest::on_user_network(app_root, peer)?;
    let loopback = Loopback::start(app_root, peer)?;
    let mut ours = Way::new("bare machine, our network");
    let mut theirs = Way::new("bare machine, QEMU's user network");
    let mut contained = Way::new("container, published port");
    let mut limit = Way::new("loopback, no machine");
    if crate::process::find("wrk").is_none() {
        say("wrk is not installed: requests are not measured");
    }
    for run in 1..=runs {
        say(format_args!("machines: round {run} of {runs}"));
        ours.measure(&bare.services)?;
        theirs.measure(&user_network.services)?;
        contained.measure(&container.services)?;
        limit.measure(&loopback.services)?;
    }
    Ok(Machines {
        to_machine: ours.to_machine.ratio_to(&theirs.to_machine),
        from_machine: ours.from_machine.ratio_to(&theirs.from_machine),
        first_byte: ours.first_byte.ratio_to(&theirs.first_byte),
        round_trip: ours.round_trip.ratio_to(&theirs.round_trip),
        requests: ours.requests.ratio_to(&theirs.requests),
        samples: [ours, theirs, contained, limit]
            .into_iter()
            .flat_map(Way::samples)
            .collect(),
    })
}

fn median(values: Vec<f64>) -> f64 {
    let mut samples = Samples::new("", "");
    for value in values {
        samples.add(value);
    }
    samples.median()
}
