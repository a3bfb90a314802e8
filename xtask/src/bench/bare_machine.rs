//! A machine without our program: QEMU with nothing but a kernel and an initramfs.

use crate::architecture::Architecture;
use crate::process;
use anyhow::{Context, Result};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// QEMU with nothing but a kernel and an initramfs.
pub(super) struct BareMachine {
    pub(super) architecture: Architecture,
    pub(super) accelerator: &'static str,
    pub(super) kernel: PathBuf,
    pub(super) initramfs: PathBuf,
}

impl BareMachine {
    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// When QEMU fails.
    pub(super) fn run(&self) -> Result<()> {
        process::output(&mut self.command(&[])?).map(drop)
    }

    /// QEMU's command line, to which devices can be added. `variables` are for PID 1: the kernel passes on what it does not know.
    ///
    /// # Errors
    /// When the host does not say what rate its time stamp counter has.
    pub(super) fn command(&self, variables: &[&str]) -> Result<Command> {
        let mut command = Command::new(self.architecture.qemu());
        command.args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]);
        command.args(["-m", "1024", "-smp", "1", "-accel", self.accelerator]);
        let (board, processor) = self.board();
        command.args(["-M", board, "-cpu", processor]);
        command.args(["-global", "virtio-mmio.force-legacy=false"]);
        command.arg("-kernel").arg(&self.kernel);
        command.arg("-initrd").arg(&self.initramfs);
        let arguments = [&[self.kernel_arguments()?.as_str()], variables].concat().join(" ");
        command.arg("-append").arg(arguments);
        Ok(command)
    }

    /// Machine type and processor, as our own machines have them.
    fn board(&self) -> (&'static str, &'static str) {
        match (self.architecture, self.accelerator) {
            (Architecture::X86_64, "tcg") => (
                "microvm,x-option-roms=off,acpi=off,rtc=on,pit=off,pic=off",
                "max,erms=off,fsrm=off",
            ),
            (Architecture::X86_64, _) => ("microvm,x-option-roms=off,acpi=off,rtc=on", "host"),
            (Architecture::Aarch64, "tcg") => ("virt,gic-version=3", "max,pauth-impdef=on"),
            (Architecture::Aarch64, _) => ("virt,gic-version=host", "host"),
        }
    }

    fn kernel_arguments(&self) -> Result<String> {
        let common = "quiet panic=-1";
        Ok(match (self.architecture, self.accelerator) {
            (Architecture::X86_64, "tcg") => format!(
                "{common} reboot=t tsc_early_khz={} tsc=reliable no_timer_check noreplace-smp lapic_timer_khz=1000000",
                tsc_khz()?
            ),
            (Architecture::X86_64, _) => format!("{common} reboot=t"),
            (Architecture::Aarch64, _) => common.to_owned(),
        })
    }
}

/// The host's time stamp counter rate, which is what QEMU's emulated one counts at.
fn tsc_khz() -> Result<u64> {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo")?;
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("cpu MHz"))
        .context("/proc/cpuinfo names no clock rate")?;
    let megahertz = line.split(':').nth(1).unwrap_or_default().trim();
    // 2596.098 MHz is 2596098 kHz: the fraction has three digits.
    megahertz
        .replace('.', "")
        .parse()
        .with_context(|| format!("not a clock rate: {megahertz}"))
}
