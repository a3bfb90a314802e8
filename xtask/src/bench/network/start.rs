//! What a network adds to the start of a container.
//!
//! Starts vary by much more than a network can add. So each round has one start of every kind, in an order that changes, many rounds are
//! made, and what counts is the median of the differences within a round.

use super::network_process;
use crate::bench::app_root::{AppRoot, IMAGE};
use crate::bench::noise::Noise;
use crate::bench::sample::Samples;
use crate::progress::say;
use anyhow::Result;
use std::thread;
use std::time::{Duration, Instant};

/// A process that nobody uses is gone after this, and a moment more.
const GONE_AFTER: Duration = Duration::from_millis(800);

/// The order of starts is the same in every run.
const SEED: u64 = 10;

/// What the networks of a start are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// None.
    None,
    /// One whose process is there, because another container is on it.
    Present,
    /// One whose process has to be started.
    Absent,
}

/// What is known of starts.
pub(super) struct Starts {
    pub(super) samples: Vec<Samples>,
    /// Medians of what a network adds within a round, its process being there and not; milliseconds.
    pub(super) present_ms: f64,
    pub(super) absent_ms: f64,
}

/// Starts containers `rounds` times without a network, on `busy`, whose process is there, and on `idle`, which nobody else uses.
pub(super) fn measure(app_root: &AppRoot, busy: &str, idle: &str, rounds: usize) -> Result<Starts> {
    let run = |network| app_root.quietly(&["run", "--rm", "--network", network, IMAGE, "true"]);
    let name = "bench-start";
    // Keeps the process of its network.
    app_root.quietly(&[
        "run",
        "--detach",
        "--name",
        name,
        "--network",
        busy,
        IMAGE,
        "sleep",
        "86400",
    ])?;
    let mut none = Samples::new("container run --rm --network none IMAGE true", "ms");
    let mut present = Samples::new("the same on a network whose process is there", "ms");
    let mut absent = Samples::new("the same on a network whose process is not there", "ms");
    let mut present_cpu = Samples::new("CPU of the network's process for such a start, there", "ms");
    let mut absent_cpu = Samples::new("the same, started for it, until the container has ended", "ms");
    let mut order = [Kind::None, Kind::Present, Kind::Absent];
    let mut noise = Noise::new(SEED);
    let mut idle_since = Instant::now();
    // Not counted: the files are in the page cache afterwards.
    run("none")?;
    for round in 1..=rounds {
        say(format_args!("starts: round {round} of {rounds}"));
        shuffle(&mut order, &mut noise);
        for kind in order {
            match kind {
                Kind::None => none.time(|| run("none"))?,
                Kind::Present => {
                    let before = network_process::cpu_ms(app_root, busy);
                    present.time(|| run(busy))?;
                    let after = network_process::cpu_ms(app_root, busy);
                    if let (Some(before), Some(after)) = (before, after) {
                        present_cpu.add(after - before);
                    }
                }
                Kind::Absent => {
                    thread::sleep(GONE_AFTER.saturating_sub(idle_since.elapsed()));
                    network_process::wait_for_none(app_root, idle)?;
                    absent.time(|| run(idle))?;
                    idle_since = Instant::now();
                    // It stays for a moment.
                    if let Some(cpu) = network_process::cpu_ms(app_root, idle) {
                        absent_cpu.add(cpu);
                    }
                }
            }
        }
    }
    app_root.quietly(&["delete", "--force", name])?;
    let present_added = present.minus(&none, "added by a network whose process is there, by rounds");
    let absent_added = absent.minus(&none, "added by a network whose process is not there, by rounds");
    Ok(Starts {
        present_ms: present_added.median(),
        absent_ms: absent_added.median(),
        samples: vec![
            none,
            present,
            absent,
            present_added,
            absent_added,
            present_cpu,
            absent_cpu,
        ],
    })
}

/// Any order is as likely as another one (Fisher and Yates).
fn shuffle(order: &mut [Kind], noise: &mut Noise) {
    for last in (1..order.len()).rev() {
        let choice = (noise.next_bits() >> 32) % (last as u64 + 1);
        order.swap(last, usize::try_from(choice).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_at_every_place_about_as_often() {
        let (mut order, mut noise) = ([Kind::None, Kind::Present, Kind::Absent], Noise::new(SEED));
        let mut first = 0;
        for _ in 0..3000 {
            shuffle(&mut order, &mut noise);
            first += usize::from(order[0] == Kind::Absent);
        }
        assert!((900..1100).contains(&first), "{first}");
    }
}
