//! Tries out the accelerator that uses the host's processor, by running a guest on it.
//!
//! A `/dev/kvm` that opens says little: inside some virtual machines it interprets guests thousands of times slower
//! than emulation would, or fails on the first unusual instruction. What counts is that a guest of fifty million
//! instructions, some tens of milliseconds on a processor, comes to its end in time.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use container_hypervisor::GuestArchitecture;

use super::blame::{Blame, blame};
use super::{probe_guest, system};
use crate::Accelerator;
use crate::command_line::{LoadedFile, SANDBOX};
use crate::confinement::{self, Confinement, Limits, Openable, Reach};
use crate::last_words;
use crate::running::{QEMU, Running};

/// A hundred times what a processor needs.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Processor time that an interpreter has used up by then, and a busy host has not given.
const INTERPRETER_PROCESSOR_TIME: Duration = Duration::from_millis(1_200);

/// What came of a trial, with one line on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trial {
    /// The guest reached its end in time.
    Passed(String),
    /// The accelerator could not run it, and that was its own doing.
    Failed(String),
    /// Something came between.
    Accident(String),
}

/// Runs the trial guest, confined as every guest is.
pub(crate) async fn run(program: &Path, reach: &Reach, state_directory: &Path) -> Trial {
    run_on(
        system::HARDWARE,
        GuestArchitecture::host(),
        program,
        reach,
        state_directory,
        TRIAL_TIMEOUT,
    )
    .await
}

async fn run_on(
    accelerator: Accelerator,
    architecture: GuestArchitecture,
    program: &Path,
    reach: &Reach,
    state_directory: &Path,
    limit: Duration,
) -> Trial {
    let label = accelerator.label();
    let not_started = |error: io::Error| Trial::Accident(format!("the trial of {label} does not start: {error}"));
    let image = match system::trial_image(&probe_guest::image(architecture), state_directory) {
        Ok(image) => image,
        Err(error) => return not_started(error),
    };
    let arguments = arguments(accelerator, architecture, &image.file);
    let trial = match start(program, &arguments, reach, image.inherited) {
        Ok(running) => watch(label, architecture, running, limit).await,
        Err(error) => not_started(error),
    };
    if let Some(path) = image.removed_afterwards {
        let _ = std::fs::remove_file(path);
    }
    trial
}

async fn watch(label: &str, architecture: GuestArchitecture, mut running: Running, limit: Duration) -> Trial {
    let started = Instant::now();
    let passed = Some(probe_guest::exit_status(architecture));
    match tokio::time::timeout(limit, running.finish()).await {
        Ok(Ok((status, _))) if status.code() == passed => {
            Trial::Passed(format!("a trial guest ran in {} ms", started.elapsed().as_millis()))
        }
        Ok(Ok((status, words))) => {
            let reason = format!(
                "{label} does not run a trial guest: {}",
                last_words::with_status(QEMU, status, &words)
            );
            match blame(&words) {
                Blame::Accelerator => Trial::Failed(reason),
                Blame::Circumstances | Blame::Other => Trial::Accident(reason),
            }
        }
        Ok(Err(error)) => Trial::Accident(format!("the trial of {label} cannot be waited for: {error}")),
        Err(_) => timed_out(label, limit, running.id().and_then(system::processor_time)),
    }
}

/// A guest that did not reach its end speaks against the accelerator only if it had the time.
fn timed_out(label: &str, limit: Duration, processor_time: Option<Duration>) -> Trial {
    let limit_s = limit.as_secs();
    match processor_time {
        Some(used) if used >= INTERPRETER_PROCESSOR_TIME => Trial::Failed(format!(
            "{label} ran a trial guest for {:.1} s of processor time without reaching its end",
            used.as_secs_f64()
        )),
        Some(used) => Trial::Accident(format!(
            "a trial guest on {label} did not end within {limit_s} s, of which the host gave it {:.1} s",
            used.as_secs_f64()
        )),
        None => Trial::Accident(format!("a trial guest on {label} did not end within {limit_s} s")),
    }
}

fn start(program: &Path, arguments: &[OsString], reach: &Reach, inherited: Vec<OwnedFd>) -> io::Result<Running> {
    let devices = system::HARDWARE_DEVICES.map(Path::new);
    let openable = Openable {
        devices: &devices,
        ..Openable::default()
    };
    let limits = Limits::of_qemu(Some(0));
    let confinement = Confinement::prepare(reach, &openable, limits)?;
    Running::start(QEMU, program, arguments, inherited, confinement)
}

fn arguments(accelerator: Accelerator, architecture: GuestArchitecture, image: &LoadedFile) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        .map(Into::into)
        .into();
    if confinement::QEMU_HAS_SANDBOX {
        arguments.extend(["-sandbox", SANDBOX].map(Into::into));
    }
    let processor = match accelerator {
        Accelerator::Kvm | Accelerator::Hvf => "host",
        Accelerator::Tcg => "max",
    };
    arguments.extend(["-m", "16M", "-accel", accelerator.as_str(), "-cpu", processor].map(Into::into));
    arguments.extend(["-kernel".into(), image.name()]);
    match architecture {
        GuestArchitecture::Amd64 => {
            let exit = format!("isa-debug-exit,iobase={},iosize=4", probe_guest::X86_EXIT_PORT);
            arguments.extend(["-M", "microvm,x-option-roms=off,acpi=off,rtc=off", "-device", &exit].map(Into::into));
        }
        GuestArchitecture::Arm64 => {
            let machine = match accelerator {
                Accelerator::Kvm => "virt,gic-version=host",
                Accelerator::Hvf | Accelerator::Tcg => "virt,gic-version=2",
            };
            arguments.extend(["-M", machine].map(Into::into));
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use container_require::require;

    use super::*;

    /// Longer than anything here takes on a busy host.
    const LONG: Duration = Duration::from_secs(60);

    /// A trial with a script in QEMU's place, which has the time that it needs.
    async fn trial(script: &str) -> Trial {
        trial_within(LONG, script).await
    }

    async fn trial_within(limit: Duration, script: &str) -> Trial {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("qemu");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let host = GuestArchitecture::host();
        run_on(system::HARDWARE, host, &program, &Reach::Any, root.path(), limit).await
    }

    #[tokio::test]
    async fn a_trial_that_somebody_kills_is_an_accident() {
        let killed = trial("kill -9 $$").await;
        assert!(
            matches!(&killed, Trial::Accident(reason) if reason.ends_with("QEMU ended by signal 9")),
            "{killed:?}"
        );
    }

    #[tokio::test]
    async fn a_device_that_is_busy_is_an_accident() {
        let busy = trial("echo 'ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy' >&2; exit 1").await;
        assert!(
            matches!(&busy, Trial::Accident(reason) if reason.contains("resource busy")),
            "{busy:?}"
        );
    }

    #[tokio::test]
    async fn what_kvm_explains_is_its_failure() {
        let failed = trial("echo 'KVM internal error. Suberror: 1' >&2; exec sleep 1000").await;
        assert!(
            matches!(&failed, Trial::Failed(reason) if reason.contains("Suberror: 1")),
            "{failed:?}"
        );
    }

    #[tokio::test]
    async fn a_trial_that_gets_no_processor_is_an_accident() {
        let starved = trial_within(TRIAL_TIMEOUT, "exec sleep 60").await;
        assert!(
            matches!(&starved, Trial::Accident(reason) if reason.contains("did not end within 2 s")),
            "{starved:?}"
        );
    }

    #[test]
    fn a_guest_that_had_the_time_and_did_not_end_speaks_against_kvm() {
        assert!(matches!(
            timed_out("KVM", TRIAL_TIMEOUT, Some(Duration::from_millis(1_900))),
            Trial::Failed(_)
        ));
        assert!(matches!(
            timed_out("KVM", TRIAL_TIMEOUT, Some(Duration::from_millis(700))),
            Trial::Accident(_)
        ));
        assert!(matches!(timed_out("KVM", TRIAL_TIMEOUT, None), Trial::Accident(_)));
    }

    #[tokio::test]
    async fn the_trial_is_confined_as_every_guest() {
        let confined = trial(
            "set | grep -c '^CARGO' >&2; (echo x > $0.written) 2>&1 | grep -o 'Permission denied' >&2; ulimit -c >&2; exit 1",
        )
        .await;
        let Trial::Accident(reason) = &confined else {
            panic!("{confined:?}")
        };
        let expected = if confinement::CONFINES_FILES {
            "QEMU exited with 1: 0; Permission denied; 0"
        } else {
            "QEMU exited with 1: 0; 0"
        };
        assert!(reason.ends_with(expected), "{reason}");
    }

    #[tokio::test]
    async fn the_guest_of_the_host_s_architecture_reaches_its_end() {
        reaches_its_end(GuestArchitecture::host()).await;
    }

    #[tokio::test]
    async fn the_guest_of_a_foreign_architecture_reaches_its_end() {
        reaches_its_end(match GuestArchitecture::host() {
            GuestArchitecture::Amd64 => GuestArchitecture::Arm64,
            GuestArchitecture::Arm64 => GuestArchitecture::Amd64,
        })
        .await;
    }

    async fn reaches_its_end(architecture: GuestArchitecture) {
        let root = tempfile::tempdir().unwrap();
        let path = std::env::var_os("PATH").unwrap();
        let program = super::super::program::find(architecture, &path);
        require!(program.is_ok(), "QEMU for {architecture} guests");
        let program = program.unwrap();
        // A busy host may need longer for it than is a verdict on a processor.
        let trial = run_on(Accelerator::Tcg, architecture, &program, &Reach::Any, root.path(), LONG).await;
        assert!(matches!(trial, Trial::Passed(_)), "{architecture}: {trial:?}");
    }
}
