//! What is known of KVM on this host.
//!
//! A failure turns KVM off only when KVM itself explains it, and only the second of them: whatever else can go wrong
//! beside it (a QEMU that is killed, a busy host, a device that another program holds) says nothing about the next
//! start. Findings are forgotten after a day, because a host can be mended without being booted.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// KVM's device.
pub(crate) const DEVICE_PATH: &str = "/dev/kvm";

/// How long a failure counts.
const FAILURE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Failures that turn KVM off.
const FAILURES_THAT_COUNT: usize = 2;

/// What KVM did so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KvmFindings {
    /// Which device was tried: another one means another host below.
    device: DeviceIdentity,
    /// What a trial guest showed that reached its end.
    pub(crate) trial: Option<String>,
    /// What KVM explained itself, the latest last.
    failures: Vec<KvmFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KvmFailure {
    /// One line.
    reason: String,
    /// When, seconds since 1970.
    at_unix_s: u64,
}

/// The device behind [`DEVICE_PATH`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceIdentity {
    file_system: u64,
    inode: u64,
    number: u64,
}

impl KvmFindings {
    pub(crate) fn new(device: DeviceIdentity) -> Self {
        Self {
            device,
            trial: None,
            failures: Vec::new(),
        }
    }

    /// Whether they were made with this device.
    pub(crate) fn are_of(&self, device: &DeviceIdentity) -> bool {
        self.device == *device
    }

    /// Forgets failures that are too old to count, or from a time to come, which only a clock that was wrong explains.
    pub(crate) fn forget_before(&mut self, now_unix_s: u64) {
        self.failures.retain(|failure| {
            now_unix_s
                .checked_sub(failure.at_unix_s)
                .is_some_and(|age| age < FAILURE_LIFETIME.as_secs())
        });
    }

    /// Remembers a failure that KVM explained.
    pub(crate) fn failed(&mut self, reason: String, now_unix_s: u64) {
        self.failures.push(KvmFailure {
            reason,
            at_unix_s: now_unix_s,
        });
    }

    /// Why KVM is not to be used, if so.
    pub(crate) fn verdict(&self, now_unix_s: u64) -> Option<String> {
        let excess = self.failures.len().checked_sub(FAILURES_THAT_COUNT)?;
        let (first, last) = (self.failures.get(excess)?, self.failures.last()?);
        let left_s = (first.at_unix_s + FAILURE_LIFETIME.as_secs()).saturating_sub(now_unix_s);
        let hours = left_s.div_ceil(60 * 60);
        Some(format!(
            "KVM failed twice, the last time so: {}; it is tried again in {hours} h",
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

/// The device, if this user may use it; else one line on why not. Cheap, so it is asked at every start.
pub(crate) fn open_device() -> Result<DeviceIdentity, String> {
    open(Path::new(DEVICE_PATH))
}

/// As [`open_device`], with another path.
pub(crate) fn open(path: &Path) -> Result<DeviceIdentity, String> {
    let name = path.display();
    let file = std::fs::File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => format!("there is no {name}"),
            std::io::ErrorKind::PermissionDenied => format!("this user may not open {name}"),
            _ => format!("{name} does not open: {error}"),
        })?;
    let metadata = file.metadata().map_err(|error| format!("{name}: {error}"))?;
    Ok(DeviceIdentity {
        file_system: metadata.dev(),
        inode: metadata.ino(),
        number: metadata.rdev(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_800_000_000;
    const DAY: u64 = FAILURE_LIFETIME.as_secs();

    fn findings() -> KvmFindings {
        KvmFindings::new(open(Path::new("/dev/null")).unwrap())
    }

    #[test]
    fn the_second_failure_turns_kvm_off_until_the_first_is_a_day_old() {
        let mut findings = findings();
        findings.failed("KVM internal error. Suberror: 1".to_owned(), NOW);
        findings.forget_before(NOW + 60);
        assert_eq!(findings.verdict(NOW + 60), None, "once is not enough");

        findings.failed("KVM internal error. Suberror: 3".to_owned(), NOW + 3600);
        let verdict = findings.verdict(NOW + 3600).unwrap();
        assert!(
            verdict.contains("Suberror: 3") && verdict.ends_with("tried again in 23 h"),
            "{verdict}"
        );
        findings.forget_before(NOW + DAY - 1);
        assert!(findings.verdict(NOW + DAY - 1).is_some());
        findings.forget_before(NOW + DAY);
        assert_eq!(findings.verdict(NOW + DAY), None);
        assert_eq!(findings.failures.len(), 1, "the later one still counts");
    }

    #[test]
    fn a_failure_of_tomorrow_does_not_count() {
        let mut findings = findings();
        findings.failed("a".to_owned(), NOW + DAY);
        findings.failed("b".to_owned(), NOW + DAY);
        findings.forget_before(NOW);
        assert_eq!(findings.verdict(NOW), None);
    }
}
