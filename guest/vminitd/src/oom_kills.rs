//! What the kernel has killed in the container for lack of memory.
//!
//! The kernel's log says so, and polling it costs nothing as long as the kernel says nothing. It speaks before the process that it kills has ended
//! (`__oom_kill_process` in mm/oom_kill.c holds the lock of the task meanwhile), so that who has seen the end finds the record. The log tells of all
//! processes of the machine; those of the container are as many as its control group counts. With a kernel that keeps no log nothing is told.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use container_agent_api::v1::OomKill;
use container_workload::{KernelLog, OomRecord, pid_in_container};

const KERNEL_LOG: &str = "/dev/kmsg";

/// How many kills are remembered for processes whose end is told later.
const KEPT: usize = 64;

/// The kills of one machine.
#[derive(Default)]
pub(crate) struct OomKills {
    log: OnceLock<Option<Arc<KernelLog>>>,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The last ones.
    kills: VecDeque<Kill>,
    /// All.
    count: u64,
}

struct Kill {
    /// In the machine's initial pid namespace.
    machine_pid: u32,
    told: OomKill,
}

impl OomKills {
    /// From here on the kernel's log is read.
    pub(crate) fn begin(&self) {
        self.log.get_or_init(|| match KernelLog::open(Path::new(KERNEL_LOG)) {
            Ok(log) => Some(Arc::new(log)),
            Err(error) => {
                eprintln!("vminitd: cannot read {KERNEL_LOG}: {error}");
                None
            }
        });
    }

    /// The log, to be polled.
    pub(crate) fn log(&self) -> Option<Arc<KernelLog>> {
        self.log.get().cloned().flatten()
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads what the kernel has said since the last call. `counted` is how many processes of the container it has killed by its own count, and is only
    /// asked for when there is something new.
    pub(crate) fn collect(&self, counted: impl FnOnce() -> u64) {
        let records = self.log().map_or_else(Vec::new, |log| log.read_kills());
        if !records.is_empty() {
            let inside = |pid| pid_in_container(Path::new("/proc"), pid);
            self.seen().add(records, counted(), inside);
        }
    }

    /// How many there have been.
    pub(crate) fn count(&self) -> u64 {
        self.seen().count
    }

    /// The last of those after the first `position` ones, and how many these are.
    pub(crate) fn after(&self, position: u64) -> Option<OomKill> {
        self.seen().after(position)
    }

    /// That of the process `machine_pid`, else the last one, of those after the first `position` ones.
    pub(crate) fn of(&self, machine_pid: u32, position: u64) -> Option<OomKill> {
        self.seen().of(machine_pid, position)
    }
}

impl Seen {
    fn add(&mut self, records: Vec<OomRecord>, counted: u64, inside: impl Fn(u32) -> Option<u32>) {
        // What is not the container's is a process of the agent's own.
        let room = usize::try_from(counted.saturating_sub(self.count)).unwrap_or(usize::MAX);
        let foreign = records.len().saturating_sub(room);
        for record in records.into_iter().skip(foreign) {
            self.count += 1;
            self.kills.push_back(Kill {
                machine_pid: record.pid,
                told: OomKill {
                    pid: inside(record.pid).unwrap_or(0),
                    process: record.name,
                    resident_bytes: record.resident_bytes,
                    count: 1,
                },
            });
            if self.kills.len() > KEPT {
                self.kills.pop_front();
            }
        }
    }

    fn after(&self, position: u64) -> Option<OomKill> {
        let count = self.count.saturating_sub(position);
        let last = self.kills.back().filter(|_| count > 0)?;
        Some(OomKill {
            count,
            ..last.told.clone()
        })
    }

    fn of(&self, machine_pid: u32, position: u64) -> Option<OomKill> {
        let recent = usize::try_from(self.count.saturating_sub(position)).unwrap_or(usize::MAX);
        let mut recent = self.kills.iter().rev().take(recent);
        match recent.find(|kill| kill.machine_pid == machine_pid) {
            Some(kill) => Some(kill.told.clone()),
            None => self.after(position),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(pid: u32) -> OomRecord {
        OomRecord {
            pid,
            name: format!("eater{pid}"),
            resident_bytes: 4096,
        }
    }

    fn kill(pid: u32, inside: u32, count: u64) -> Option<OomKill> {
        Some(OomKill {
            process: format!("eater{pid}"),
            pid: inside,
            resident_bytes: 4096,
            count,
        })
    }

    /// What the container counts is less by a hundred; others have gone.
    fn inside(pid: u32) -> Option<u32> {
        pid.checked_sub(100)
    }

    #[test]
    fn the_last_of_those_not_told_yet_is_told_with_their_number() {
        let mut seen = Seen::default();
        assert_eq!(seen.after(0), None);
        seen.add(vec![record(101), record(107)], 2, inside);
        assert_eq!(seen.after(0), kill(107, 7, 2));
        assert_eq!(seen.after(2), None);
        seen.add(vec![record(50)], 3, inside);
        assert_eq!(seen.after(2), kill(50, 0, 1));
    }

    #[test]
    fn a_process_that_has_ended_is_told_its_own_kill() {
        let mut seen = Seen::default();
        seen.add(vec![record(101), record(102), record(103)], 3, inside);
        assert_eq!(seen.of(102, 0), kill(102, 2, 1));
        assert_eq!(seen.of(104, 0), kill(103, 3, 3));
        // An id of before it was started is that of another process.
        assert_eq!(seen.of(102, 2), kill(103, 3, 1));
        assert_eq!(seen.of(103, 3), None);
    }

    #[test]
    fn no_more_are_told_than_the_control_group_counts() {
        let mut seen = Seen::default();
        seen.add(vec![record(1), record(101)], 1, inside);
        assert_eq!(seen.after(0), kill(101, 1, 1));
        seen.add(vec![record(102)], 1, inside);
        assert_eq!(seen.after(1), None);
        let many: Vec<_> = (0..200).map(record).collect();
        seen.add(many, 201, inside);
        assert_eq!((seen.count, seen.kills.len()), (201, KEPT));
        assert_eq!(seen.after(1), kill(199, 99, 200));
        assert_eq!(seen.of(10, 0), kill(199, 99, 201));
    }
}
