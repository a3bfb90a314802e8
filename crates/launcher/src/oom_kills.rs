//! What the guest tells of processes that its kernel has killed for lack of memory.

use std::time::Duration;

use container_agent_api::v1::OomKill;
use tokio::time::Instant;

/// Between two times that kills are passed on, so that a program that loses processes without end does not fill the event log, which all containers
/// share, nor write to the disk without end.
const PAUSE: Duration = Duration::from_secs(1);

/// The kills of one run.
#[derive(Debug, Default)]
pub(crate) struct OomKills {
    /// All, the last one told.
    all: Option<OomKill>,
    /// Those that have not been passed on.
    waiting: Option<OomKill>,
    /// The next ones are passed on then.
    not_before: Option<Instant>,
}

impl OomKills {
    pub(crate) fn add(&mut self, kill: &OomKill) {
        for sum in [&mut self.all, &mut self.waiting] {
            let before = sum.as_ref().map_or(0, |sum| sum.count);
            *sum = Some(OomKill {
                count: before.saturating_add(kill.count),
                ..kill.clone()
            });
        }
    }

    /// When there is something to pass on, if there is.
    pub(crate) fn due(&self, now: Instant) -> Option<Instant> {
        self.waiting.as_ref().map(|_| self.not_before.unwrap_or(now).max(now))
    }

    /// What is to be passed on, together.
    pub(crate) fn take(&mut self, now: Instant) -> Option<OomKill> {
        let taken = self.waiting.take()?;
        self.not_before = Some(now + PAUSE);
        Some(taken)
    }

    /// All kills of the run, with the last one.
    pub(crate) fn all(&self) -> Option<&OomKill> {
        self.all.as_ref()
    }
}

/// What a user should know of a kill, or of one of which nothing is known.
pub(crate) fn oom_notice(kill: Option<&OomKill>) -> String {
    let pid = match kill.map_or(0, |kill| kill.pid) {
        0 => String::new(),
        pid => format!(" (process {pid})"),
    };
    let killed = match kill {
        None => "a process".to_owned(),
        Some(OomKill {
            process, count: 0 | 1, ..
        }) => format!("{process:?}{pid}"),
        Some(OomKill { process, count, .. }) => format!("{count} processes, the last one {process:?}{pid},"),
    };
    format!("the kernel has killed {killed} for lack of memory: give the container more with --memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kill(process: &str, pid: u32, count: u64) -> OomKill {
        OomKill {
            process: process.to_owned(),
            pid,
            resident_bytes: 4096,
            count,
        }
    }

    #[test]
    fn the_first_kill_is_passed_on_at_once_and_those_after_it_together() {
        let (mut kills, start) = (OomKills::default(), Instant::now());
        assert_eq!((kills.due(start), kills.take(start)), (None, None));
        kills.add(&kill("a", 7, 1));
        assert_eq!(kills.due(start), Some(start));
        assert_eq!(kills.take(start), Some(kill("a", 7, 1)));
        assert_eq!((kills.due(start), kills.take(start)), (None, None));
        kills.add(&kill("b", 8, 2));
        kills.add(&kill("c", 9, 3));
        assert_eq!(kills.due(start), Some(start + PAUSE));
        assert_eq!(kills.due(start + 2 * PAUSE), Some(start + 2 * PAUSE));
        assert_eq!(kills.take(start + PAUSE), Some(kill("c", 9, 5)));
        assert_eq!(kills.all(), Some(&kill("c", 9, 6)));
    }

    #[test]
    fn a_user_is_told_what_was_killed_and_what_to_do() {
        let one = oom_notice(Some(&kill("a) (b", 1, 1)));
        assert!(one.contains("killed \"a) (b\" (process 1) for lack of memory"), "{one}");
        assert!(one.contains("--memory"), "{one}");
        let several = oom_notice(Some(&kill("dd", 0, 3)));
        assert!(oom_notice(None).contains("a process for lack"));
        assert!(several.contains("3 processes, the last one \"dd\", for"), "{several}");
    }
}
