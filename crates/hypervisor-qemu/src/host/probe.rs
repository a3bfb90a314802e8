//! Tries KVM out by running a guest on it.
//!
//! A `/dev/kvm` that opens says little: inside some virtual machines it interprets guests thousands of times slower
//! than emulation would, or fails on the first unusual instruction. What counts is that a guest of fifty million
//! instructions, some tens of milliseconds on a processor, comes to its end in time.

use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::probe_guest;
use crate::last_words;

/// A hundred times what a processor needs, and far from enough for an interpreter.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// What the guest's run said: whether KVM is usable, and one line on why.
pub(crate) async fn run(program: &Path) -> (bool, String) {
    let started = Instant::now();
    match tokio::time::timeout(PROBE_TIMEOUT, run_guest(program)).await {
        Ok(Ok(())) => (
            true,
            format!("a trial guest ran in {} ms", started.elapsed().as_millis()),
        ),
        Ok(Err(reason)) => (false, format!("KVM does not run a trial guest: {reason}")),
        Err(_) => (
            false,
            format!(
                "KVM ran a trial guest for {} s without reaching its end",
                PROBE_TIMEOUT.as_secs()
            ),
        ),
    }
}

#[cfg(target_arch = "x86_64")]
async fn run_guest(program: &Path) -> Result<(), String> {
    let image = guest_image().map_err(|error| format!("cannot write the guest: {error}"))?;
    let mut command = tokio::process::Command::new(program);
    command
        .args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-m",
            "16M",
        ])
        .args([
            "-M",
            "microvm,x-option-roms=off,acpi=off,rtc=off",
            "-accel",
            "kvm",
            "-cpu",
            "host",
        ])
        .arg("-device")
        .arg(format!("isa-debug-exit,iobase={},iosize=4", probe_guest::EXIT_PORT))
        // QEMU inherits nothing; it opens the image through this process.
        .arg("-kernel")
        .arg(format!("/proc/{}/fd/{}", std::process::id(), image.as_raw_fd()));
    end_with_status(command, probe_guest::EXIT_STATUS).await
}

#[cfg(not(target_arch = "x86_64"))]
async fn run_guest(program: &Path) -> Result<(), String> {
    let image = guest_image().map_err(|error| format!("cannot write the guest: {error}"))?;
    let mut command = tokio::process::Command::new(program);
    command
        .args([
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-m",
            "16M",
        ])
        .args(["-M", "virt,gic-version=host", "-accel", "kvm", "-cpu", "host"])
        .arg("-kernel")
        .arg(format!("/proc/{}/fd/{}", std::process::id(), image.as_raw_fd()));
    end_with_status(command, probe_guest::EXIT_STATUS).await
}

fn guest_image() -> std::io::Result<OwnedFd> {
    let descriptor = rustix::fs::memfd_create("container-probe", rustix::fs::MemfdFlags::CLOEXEC)?;
    let mut file = std::fs::File::from(descriptor);
    file.write_all(&probe_guest::image())?;
    Ok(file.into())
}

async fn end_with_status(mut command: tokio::process::Command, expected: i32) -> Result<(), String> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = command.output().await.map_err(|error| error.to_string())?;
    if output.status.code() == Some(expected) {
        return Ok(());
    }
    Err(last_words::with_status(
        output.status,
        &String::from_utf8_lossy(&output.stderr),
    ))
}
