//! Linux as a host: KVM, and files that are opened once more through their descriptors.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{MemfdFlags, memfd_create};

use super::findings::{HardwareIdentity, NoHardware};
use super::trial_image::TrialImage;
use crate::Accelerator;
use crate::command_line::LoadedFile;

/// What uses the host's processor.
pub(crate) const HARDWARE: Accelerator = Accelerator::Kvm;

/// KVM's device.
const DEVICE_PATH: &str = "/dev/kvm";

/// Devices that QEMU opens itself to use the host's processor.
pub(crate) const HARDWARE_DEVICES: [&str; 1] = [DEVICE_PATH];

/// Whether QEMU's loader opens files by their names: here it opens them afresh through their descriptors, which is all that it may do when it
/// is confined.
pub(crate) const LOADS_BY_NAME: bool = false;

/// Directories with programs that `PATH` may lack.
pub(crate) const PROGRAM_DIRECTORIES: [&str; 0] = [];

/// How to get QEMU for amd64 and arm64 guests.
pub(crate) const INSTALL_HINTS: [&str; 2] = [
    "install it, for example: sudo apt-get install --no-install-recommends qemu-system-x86",
    "install it, for example: sudo apt-get install --no-install-recommends qemu-system-arm",
];

/// How to get KVM's device.
const NO_DEVICE_HINT: &str = "turn virtualisation on in the firmware, or, in a virtual machine, nested virtualisation in its settings; then: sudo \
     modprobe kvm_intel (or kvm_amd)";

/// How to be allowed to open it, on distributions that guard it by a group.
const NO_PERMISSION_HINT: &str = "sudo usermod --append --groups kvm $USER, then log in again";

/// Changes with every boot (random(4)).
const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";

/// Whether machines can be saved as templates and restored.
pub(crate) const HAS_TEMPLATES: bool = true;

/// Whether the host has again what a process says that it needs no more (madvise(2), `MADV_DONTNEED`).
pub(crate) const FREES_WHAT_IS_DISCARDED: bool = true;

/// What the kernel says of each processor (proc(5)).
const PROCESSORS_PATH: &str = "/proc/cpuinfo";

/// Lines of the kernel's words about a processor that say which one it is, on x86 and on Arm. Others change from one look to the next.
const PROCESSOR_KEYS: [&str; 9] = [
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "microcode",
    "CPU implementer",
    "CPU part",
    "CPU revision",
];

/// Ticks of the processor times in /proc, per second (`USER_HZ`, proc(5)).
const TICKS_PER_SECOND: u64 = 100;

/// The device, if this user may use it; else why not. Cheap, so it is asked at every start.
pub(crate) fn open_hardware() -> Result<HardwareIdentity, NoHardware> {
    open(Path::new(DEVICE_PATH))
}

/// As [`open_hardware`], with another path.
fn open(path: &Path) -> Result<HardwareIdentity, NoHardware> {
    let name = path.display();
    let none = |reason: String, hint: Option<&str>| NoHardware {
        reason,
        hint: hint.map(str::to_owned),
    };
    let file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => none(format!("there is no {name}"), Some(NO_DEVICE_HINT)),
            io::ErrorKind::PermissionDenied => none(format!("this user may not open {name}"), Some(NO_PERMISSION_HINT)),
            _ => none(format!("{name} does not open: {error}"), None),
        })?;
    HardwareIdentity::of(Some(&file)).map_err(|error| none(format!("{name}: {error}"), None))
}

/// This boot of the host. Empty where the host does not say; then a record lives until QEMU changes.
pub(crate) fn boot_id() -> String {
    std::fs::read_to_string(BOOT_ID_PATH)
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// Which processor and which kernel this host has; empty where it does not say.
pub(crate) fn processor_and_kernel() -> String {
    let text = std::fs::read_to_string(PROCESSORS_PATH).unwrap_or_default();
    let kernel = rustix::system::uname().release().to_string_lossy().into_owned();
    format!("{}; kernel: {kernel}", processor(&text))
}

/// What identifies the first processor of those that `text` lists.
fn processor(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or_default();
    let lines = first.lines().filter_map(|line| line.split_once(':'));
    let telling = lines.filter(|(key, _)| PROCESSOR_KEYS.contains(&key.trim()));
    let words: Vec<String> = telling
        .map(|(key, value)| format!("{}: {}", key.trim(), value.trim()))
        .collect();
    words.join("; ")
}

/// What a process has used of the processors, in all its threads (proc(5): `utime` and `stime`, fields 14 and 15).
pub(crate) fn processor_time(id: u32) -> Option<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold anything.
    let mut fields = text.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<u64>().ok();
    let sum = ticks()? + ticks()?;
    Some(Duration::from_millis(sum * 1000 / TICKS_PER_SECOND))
}

/// A file in memory: it is below no directory, so that Landlock lets it be opened once more.
pub(crate) fn memory_file(length: u64) -> io::Result<File> {
    let file = File::from(memfd_create("container-memory", MemfdFlags::CLOEXEC)?);
    file.set_len(length)?;
    Ok(file)
}

/// The file of a trial guest, in memory: it is below no directory, so that Landlock lets it be opened once more.
pub(crate) fn trial_image(image: &[u8], _state_directory: &Path) -> io::Result<TrialImage> {
    let mut file = File::from(memfd_create("container-probe", MemfdFlags::CLOEXEC)?);
    file.write_all(image)?;
    let descriptor = OwnedFd::from(file);
    Ok(TrialImage {
        file: LoadedFile::Descriptor(descriptor.as_raw_fd()),
        inherited: vec![descriptor],
        removed_afterwards: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_is_not_there_is_the_reason() {
        assert!(open(Path::new("/dev/null")).is_ok());
        let none = open(Path::new("/dev/nonexistent")).unwrap_err();
        assert_eq!(none.reason, "there is no /dev/nonexistent");
        assert_eq!(none.hint.as_deref(), Some(NO_DEVICE_HINT));
    }

    #[test]
    fn of_a_processor_is_told_what_does_not_change() {
        let processors = "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\ncpu MHz\t\t: 2596.140\n\n\
                          processor\t: 1\nmodel name\t: another\n";
        assert_eq!(processor(processors), "vendor_id: AuthenticAMD; model name: AMD EPYC");
        assert_eq!(
            processor("CPU implementer\t: 0x41\nCPU part\t: 0xd0c\nBogoMIPS\t: 243.75\n"),
            "CPU implementer: 0x41; CPU part: 0xd0c"
        );
        assert_eq!(processor_and_kernel(), processor_and_kernel());
    }

    #[test]
    fn a_process_that_works_uses_time() {
        let mut sum = 0_u64;
        while processor_time(std::process::id()).unwrap() < Duration::from_millis(20) {
            sum = std::hint::black_box(sum + 1);
        }
        assert_eq!(processor_time(u32::MAX), None);
    }
}
