//! Tries KVM out by running a guest on it.
//!
//! A `/dev/kvm` that opens says little: inside some virtual machines it interprets guests thousands of times slower
//! than emulation would, or fails on the first unusual instruction. What counts is that a guest of fifty million
//! instructions, some tens of milliseconds on a processor, comes to its end in time.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use super::blame::{Blame, blame};
use super::{kvm, probe_guest};
use crate::command_line::{SANDBOX, value};
use crate::confinement::{Confinement, Limits, Openable, Reach};
use crate::last_words;
use crate::machine::QEMU;
use crate::running::Running;

/// A hundred times what a processor needs.
const TRIAL_TIMEOUT: Duration = Duration::from_secs(2);

/// Processor time that an interpreter has used up by then, and a busy host has not given.
const INTERPRETER_PROCESSOR_TIME: Duration = Duration::from_millis(1_200);

/// Ticks of the processor times in /proc, per second (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: u64 = 100;

/// What came of a trial, with one line on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trial {
    /// The guest reached its end in time.
    Passed(String),
    /// KVM could not run it, and that was KVM's doing.
    Failed(String),
    /// Something came between.
    Accident(String),
}

/// Runs the trial guest, confined as every guest is.
pub(crate) async fn run(program: &Path, reach: &Reach) -> Trial {
    let started = Instant::now();
    let mut running = match start(program, reach) {
        Ok(running) => running,
        Err(error) => return Trial::Accident(format!("the trial of KVM does not start: {error}")),
    };
    match tokio::time::timeout(TRIAL_TIMEOUT, running.finish()).await {
        Ok(Ok((status, _))) if status.code() == Some(probe_guest::EXIT_STATUS) => {
            Trial::Passed(format!("a trial guest ran in {} ms", started.elapsed().as_millis()))
        }
        Ok(Ok((status, words))) => {
            let reason = format!(
                "KVM does not run a trial guest: {}",
                last_words::with_status(QEMU, status, &words)
            );
            match blame(&words) {
                Blame::Kvm => Trial::Failed(reason),
                Blame::Circumstances | Blame::Other => Trial::Accident(reason),
            }
        }
        Ok(Err(error)) => Trial::Accident(format!("the trial of KVM cannot be waited for: {error}")),
        Err(_) => timed_out(running.id().and_then(processor_time)),
    }
}

/// A guest that did not reach its end speaks against KVM only if it had the time.
fn timed_out(processor_time: Option<Duration>) -> Trial {
    let limit_s = TRIAL_TIMEOUT.as_secs();
    match processor_time {
        Some(used) if used >= INTERPRETER_PROCESSOR_TIME => Trial::Failed(format!(
            "KVM ran a trial guest for {:.1} s of processor time without reaching its end",
            used.as_secs_f64()
        )),
        used => Trial::Accident(format!(
            "a trial guest on KVM did not end within {limit_s} s, of which the host gave it {:.1} s",
            used.unwrap_or_default().as_secs_f64()
        )),
    }
}

/// What a process has used of the processors, in all its threads (proc(5): `utime` and `stime`, fields 14 and 15).
fn processor_time(id: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let sum = ticks()? + ticks()?;
    Some(Duration::from_millis(sum * 1000 / TICKS_PER_SECOND))
}

fn start(program: &Path, reach: &Reach) -> io::Result<Running> {
    let image = guest_image()?;
    let arguments = arguments(image.as_raw_fd());
    let openable = Openable {
        // A file in memory is below no directory, so that Landlock lets it be opened once more.
        reopened: &[],
        devices: &[Path::new(kvm::DEVICE_PATH)],
    };
    let limits = Limits {
        file_size_bytes: Some(0),
    };
    let confinement = Confinement::prepare(reach, &openable, limits)?;
    Running::start(QEMU, program, &arguments, vec![image], confinement)
}

fn arguments(image: i32) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
        .map(Into::into)
        .into();
    let kernel = value::reopened(image);
    arguments.extend(["-m", "16M", "-accel", "kvm", "-cpu", "host", "-sandbox", SANDBOX].map(Into::into));
    arguments.extend(["-kernel", &kernel].map(Into::into));
    arguments.extend(board().map(Into::into));
    arguments
}

#[cfg(target_arch = "x86_64")]
fn board() -> [String; 4] {
    let exit = format!("isa-debug-exit,iobase={},iosize=4", probe_guest::EXIT_PORT);
    let machine = "microvm,x-option-roms=off,acpi=off,rtc=off".to_owned();
    ["-M".to_owned(), machine, "-device".to_owned(), exit]
}

#[cfg(not(target_arch = "x86_64"))]
fn board() -> [String; 2] {
    ["-M".to_owned(), "virt,gic-version=host".to_owned()]
}

fn guest_image() -> io::Result<OwnedFd> {
    let descriptor = rustix::fs::memfd_create("container-probe", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(descriptor);
    file.write_all(&probe_guest::image())?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A trial with a script in QEMU's place.
    async fn trial(script: &str) -> Trial {
        let root = tempfile::tempdir().unwrap();
        let program = root.path().join("qemu");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        run(&program, &Reach::Any).await
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
        let failed = trial("echo 'KVM internal error. Suberror: 1' >&2; exec sleep 60").await;
        assert!(
            matches!(&failed, Trial::Failed(reason) if reason.contains("Suberror: 1")),
            "{failed:?}"
        );
    }

    #[tokio::test]
    async fn a_trial_that_gets_no_processor_is_an_accident() {
        let starved = trial("exec sleep 60").await;
        assert!(
            matches!(&starved, Trial::Accident(reason) if reason.contains("gave it 0.0 s")),
            "{starved:?}"
        );
    }

    #[test]
    fn a_guest_that_had_the_time_and_did_not_end_speaks_against_kvm() {
        assert!(matches!(
            timed_out(Some(Duration::from_millis(1_900))),
            Trial::Failed(_)
        ));
        assert!(matches!(
            timed_out(Some(Duration::from_millis(700))),
            Trial::Accident(_)
        ));
        assert!(matches!(timed_out(None), Trial::Accident(_)));
    }

    #[tokio::test]
    async fn the_trial_is_confined_as_every_guest() {
        let confined = trial(
            "set | grep -c '^CARGO' >&2; (echo x > /tmp/written) 2>&1 | grep -o 'Permission denied' >&2; ulimit -c >&2; exit 1",
        )
        .await;
        let Trial::Accident(reason) = &confined else {
            panic!("{confined:?}")
        };
        assert!(
            reason.ends_with("QEMU exited with 1: 0; Permission denied; 0"),
            "{reason}"
        );
    }
}
