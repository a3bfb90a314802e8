//! What was found out about the host, remembered for as long as it holds: until the next boot, or another QEMU.

use std::path::{Path, PathBuf};

use container_durable::{Record, RecordBody, read_record, write_record};
use serde::{Deserialize, Serialize};

use super::kvm::KvmFindings;
use super::program::{Examined, ProgramIdentity};
use crate::confinement::{self, Reach};

/// File in the state directory.
const FILE_NAME: &str = "qemu-host.json";

/// Changes with every boot (random(4)).
const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

/// Findings with one QEMU in one boot of the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct HostRecord {
    /// Boot in which it was found.
    boot_id: String,
    /// The program it was found with.
    pub(crate) program: ProgramIdentity,
    /// What the program says of itself.
    pub(crate) program_version: String,
    /// The files that the program needs.
    pub(crate) reach: Reach,
    /// The kernel's version of Landlock, 0 for none.
    pub(crate) landlock_abi: u32,
    /// What KVM did; absent until it is looked at.
    pub(crate) kvm: Option<KvmFindings>,
    /// Rate of the time-stamp counter; absent until it is measured.
    pub(crate) tsc_khz: Option<u64>,
}

impl RecordBody for HostRecord {
    const VERSION: u32 = 2;
}

impl HostRecord {
    pub(crate) fn new(program: ProgramIdentity, examined: Examined) -> Self {
        let Examined { version, reach } = examined;
        Self {
            boot_id: boot_id(),
            program,
            program_version: version,
            reach,
            landlock_abi: confinement::landlock_abi(),
            kvm: None,
            tsc_khz: None,
        }
    }

    /// What is remembered of `program`, if it still holds. A damaged record counts as none: everything in it can be
    /// found out again.
    pub(crate) fn load(state_directory: &Path, program: &ProgramIdentity) -> Option<Self> {
        let record = match read_record::<Self>(&path(state_directory)) {
            Ok(record) => record?,
            Err(error) => {
                tracing::warn!("what is known of this host is found out again: {error}");
                return None;
            }
        };
        (record.body.boot_id == boot_id() && record.body.program == *program).then_some(record.body)
    }

    /// Remembers. A failure costs the next start the same search again and is no reason to fail this one.
    pub(crate) fn save(&self, state_directory: &Path) {
        let path = path(state_directory);
        if let Err(error) = write_record(&path, &Record::new(self.clone())) {
            tracing::warn!("cannot remember what was found out about this host: {error}");
        }
    }
}

fn path(state_directory: &Path) -> PathBuf {
    state_directory.join(FILE_NAME)
}

/// Empty where the host does not say; then a record lives until QEMU changes.
fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID_PATH)
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_holds_for_one_boot_and_one_program() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("qemu");
        std::fs::write(&program, "1").unwrap();
        let identity = ProgramIdentity::of(program.clone()).unwrap();
        assert_eq!(HostRecord::load(root.path(), &identity), None);

        let record = HostRecord::new(
            identity.clone(),
            Examined {
                version: "QEMU 1.0".to_owned(),
                reach: Reach::Any,
            },
        );
        record.save(root.path());
        assert_eq!(HostRecord::load(root.path(), &identity), Some(record.clone()));

        HostRecord {
            boot_id: "earlier".to_owned(),
            ..record.clone()
        }
        .save(root.path());
        assert_eq!(HostRecord::load(root.path(), &identity), None);

        record.save(root.path());
        std::fs::write(&program, "another").unwrap();
        assert_eq!(
            HostRecord::load(root.path(), &ProgramIdentity::of(program).unwrap()),
            None
        );

        std::fs::write(path(root.path()), "{").unwrap();
        assert_eq!(HostRecord::load(root.path(), &identity), None);
    }
}
