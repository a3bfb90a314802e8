//! What is known of the accelerator that uses this host's processor.
//!
//! A failure turns it off only when the accelerator itself explains it, and only the second of them: whatever else can go wrong
//! beside it (a QEMU that is killed, a busy host, a device that another program holds) says nothing about the next
//! start. Findings are forgotten after a day, because a host can be mended without being booted.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How long a failure counts.
const FAILURE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Failures that turn it off.
const FAILURES_THAT_COUNT: usize = 2;

/// What the accelerator did so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HardwareFindings {
    /// What was tried: another one means another host below.
    hardware: HardwareIdentity,
    /// What a trial guest showed that reached its end.
    pub(crate) trial: Option<String>,
    /// What it explained itself, the latest last.
    failures: Vec<HardwareFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HardwareFailure {
    /// One line.
    reason: String,
    /// When, seconds since 1970.
    at_unix_s: u64,
}

/// What runs guests on the processor, as far as it can be told from another: a device, or on a system that has none, the system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HardwareIdentity {
    file_system: u64,
    inode: u64,
    number: u64,
}

/// Why nothing runs guests on the processor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NoHardware {
    /// One line.
    pub(crate) reason: String,
    /// What the user can do about it.
    pub(crate) hint: Option<String>,
}

impl HardwareIdentity {
    /// That of an open device, or of a system that has none for it.
    pub(crate) fn of(device: Option<&File>) -> io::Result<Self> {
        let metadata = device.map(File::metadata).transpose()?;
        let number = |of: fn(&Metadata) -> u64| metadata.as_ref().map_or(0, of);
        Ok(Self {
            file_system: number(Metadata::dev),
            inode: number(Metadata::ino),
            number: number(Metadata::rdev),
        })
    }
}

impl HardwareFindings {
    pub(crate) fn new(hardware: HardwareIdentity) -> Self {
        Self {
            hardware,
            trial: None,
            failures: Vec::new(),
        }
    }

    /// Whether they were made with this one.
    pub(crate) fn are_of(&self, hardware: &HardwareIdentity) -> bool {
        self.hardware == *hardware
    }

    /// Forgets failures that are too old to count, or from a time to come, which only a clock that was wrong explains.
    pub(crate) fn forget_before(&mut self, now_unix_s: u64) {
        self.failures.retain(|failure| {
            now_unix_s
                .checked_sub(failure.at_unix_s)
                .is_some_and(|age| age < FAILURE_LIFETIME.as_secs())
        });
    }

    /// Remembers a failure that the accelerator explained.
    pub(crate) fn failed(&mut self, reason: String, now_unix_s: u64) {
        self.failures.push(HardwareFailure {
            reason,
            at_unix_s: now_unix_s,
        });
    }

    /// Why it is not to be used, if so; `label` is what messages call it.
    pub(crate) fn verdict(&self, label: &str, now_unix_s: u64) -> Option<String> {
        let excess = self.failures.len().checked_sub(FAILURES_THAT_COUNT)?;
        let (first, last) = (self.failures.get(excess)?, self.failures.last()?);
        let left_s = (first.at_unix_s + FAILURE_LIFETIME.as_secs()).saturating_sub(now_unix_s);
        let hours = left_s.div_ceil(60 * 60);
        Some(format!(
            "{label} failed twice, the last time so: {}; it is tried again in {hours} h",
            last.reason
        ))
    }
}

/// The time, seconds since 1970.
pub(crate) fn now_unix_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = FAILURE_LIFETIME.as_secs();

    fn findings() -> HardwareFindings {
        HardwareFindings::new(HardwareIdentity::of(Some(&File::open("/dev/null").unwrap())).unwrap())
    }

    #[test]
    fn the_second_failure_turns_it_off_until_the_first_is_a_day_old() {
        let mut findings = findings();
        findings.failed("KVM internal error. Suberror: 1".to_owned(), NOW);
        findings.forget_before(NOW + 60);
        assert_eq!(findings.verdict("KVM", NOW + 60), None, "once is not enough");

        findings.failed("KVM internal error. Suberror: 3".to_owned(), NOW + 3600);
        let verdict = findings.verdict("KVM", NOW + 3600).unwrap();
        assert!(
            verdict.contains("Suberror: 3") && verdict.ends_with("tried again in 23 h"),
            "{verdict}"
        );
        findings.forget_before(NOW + DAY - 1);
        assert!(findings.verdict("KVM", NOW + DAY - 1).is_some());
        findings.forget_before(NOW + DAY);
        assert_eq!(findings.verdict("KVM", NOW + DAY), None);
        assert_eq!(findings.failures.len(), 1, "the later one still counts");
    }

    #[test]
    fn a_failure_of_tomorrow_does_not_count() {
        let mut findings = findings();
        findings.failed("a".to_owned(), NOW + DAY);
        findings.failed("b".to_owned(), NOW + DAY);
        findings.forget_before(NOW);
        assert_eq!(findings.verdict("KVM", NOW), None);
    }
}
