//! What was found out about the host, remembered for as long as it holds: until the next boot, or another QEMU.

use std::path::{Path, PathBuf};

use container_durable::{Record, RecordBody, read_record, write_record};
use container_hypervisor::GuestArchitecture;
use serde::{Deserialize, Serialize};

use super::findings::HardwareFindings;
use super::program::{Examined, ProgramIdentity};
use super::system::boot_id;
use crate::confinement::{self, Reach};

/// File in the state directory for the program that runs guests of an architecture: two programs would otherwise be asked anew at each
/// turn.
fn file_name(architecture: GuestArchitecture) -> String {
    if architecture == GuestArchitecture::host() {
        "qemu-host.json".to_owned()
    } else {
        format!("qemu-host-{}.json", architecture.machine_name())
    }
}

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
    /// Whether it gives back what is freed of memory that it may only read.
    pub(crate) gives_readable_back: bool,
    /// The kernel's version of Landlock; 0 for none, and on other systems than Linux.
    pub(crate) landlock_abi: u32,
    /// What the accelerator did that uses the host's processor; absent until it is looked at.
    pub(crate) hardware: Option<HardwareFindings>,
    /// Rate of the time-stamp counter; absent until it is measured.
    pub(crate) tsc_khz: Option<u64>,
}

impl RecordBody for HostRecord {
    const VERSION: u32 = 4;
}

impl HostRecord {
    pub(crate) fn new(program: ProgramIdentity, examined: Examined) -> Self {
        let Examined {
            version,
            reach,
            gives_readable_back,
        } = examined;
        Self {
            boot_id: boot_id(),
            program,
            program_version: version,
            reach,
            gives_readable_back,
            landlock_abi: confinement::landlock_abi(),
            hardware: None,
            tsc_khz: None,
        }
    }

    /// What is remembered of `program`, if it still holds. A damaged record counts as none: everything in it can be
    /// found out again.
    pub(crate) fn load(
        state_directory: &Path,
        architecture: GuestArchitecture,
        program: &ProgramIdentity,
    ) -> Option<Self> {
        let record = match read_record::<Self>(&path(state_directory, architecture)) {
            Ok(record) => record?,
            Err(error) => {
                tracing::warn!("what is known of this host is found out again: {error}");
                return None;
            }
        };
        (record.body.boot_id == boot_id() && record.body.program == *program).then_some(record.body)
    }

    /// Remembers. A failure costs the next start the same search again and is no reason to fail this one.
    pub(crate) fn save(&self, state_directory: &Path, architecture: GuestArchitecture) {
        let path = path(state_directory, architecture);
        if let Err(error) = write_record(&path, &Record::new(self.clone())) {
            tracing::warn!("cannot remember what was found out about this host: {error}");
        }
    }
}

fn path(state_directory: &Path, architecture: GuestArchitecture) -> PathBuf {
    state_directory.join(file_name(architecture))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: GuestArchitecture = GuestArchitecture::host();

    #[test]
    fn each_architecture_has_a_record_of_its_own() {
        assert_eq!(file_name(HOST), "qemu-host.json");
        let names = [GuestArchitecture::Amd64, GuestArchitecture::Arm64].map(file_name);
        assert_ne!(names[0], names[1]);
    }

    #[test]
    fn a_record_holds_for_one_boot_and_one_program() {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("qemu");
        std::fs::write(&program, "1").unwrap();
        let identity = ProgramIdentity::of(program.clone()).unwrap();
        assert_eq!(HostRecord::load(root.path(), HOST, &identity), None);

        let record = HostRecord::new(
            identity.clone(),
            Examined {
                version: "QEMU 1.0".to_owned(),
                reach: Reach::Any,
                gives_readable_back: false,
            },
        );
        record.save(root.path(), HOST);
        assert_eq!(HostRecord::load(root.path(), HOST, &identity), Some(record.clone()));

        HostRecord {
            boot_id: "earlier".to_owned(),
            ..record.clone()
        }
        .save(root.path(), HOST);
        assert_eq!(HostRecord::load(root.path(), HOST, &identity), None);

        record.save(root.path(), HOST);
        std::fs::write(&program, "another").unwrap();
        assert_eq!(
            HostRecord::load(root.path(), HOST, &ProgramIdentity::of(program).unwrap()),
            None
        );

        std::fs::write(path(root.path(), HOST), "{").unwrap();
        assert_eq!(HostRecord::load(root.path(), HOST, &identity), None);
    }
}
