//! Loads a BPF program into the kernel and attaches it to a control group.

#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::program::Instruction;

/// `BPF_PROG_LOAD`, `BPF_PROG_ATTACH`: commands of bpf(2).
const LOAD: libc::c_int = 5;
const ATTACH: libc::c_int = 8;

/// `BPF_PROG_TYPE_CGROUP_DEVICE`
const TYPE: u32 = 15;
/// `BPF_CGROUP_DEVICE`
const ATTACH_TYPE: u32 = 6;
/// `BPF_F_ALLOW_MULTI`: groups below may add programs of their own; a device needs the consent of all.
const ALLOW_MULTIPLE: u32 = 2;

/// Attributes of `BPF_PROG_LOAD`, the beginning of `union bpf_attr`.
#[repr(C)]
struct Program {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log_buffer: u64,
    kernel_version: u32,
    flags: u32,
}

/// Attributes of `BPF_PROG_ATTACH`.
#[repr(C)]
struct Attachment {
    target: u32,
    program: u32,
    attach_type: u32,
    flags: u32,
}

/// Calls bpf(2).
///
/// # Safety
/// `attributes` must be what `command` expects, and what it points to must live until the call returns.
unsafe fn bpf<T>(command: libc::c_int, attributes: &T) -> io::Result<libc::c_long> {
    // SAFETY: the kernel reads `size_of::<T>()` bytes of `attributes`; the caller keeps what they point to alive.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size_of::<T>()) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Loads `program` and attaches it to `cgroup`, which keeps it loaded.
///
/// # Errors
/// The kernel's.
pub(super) fn attach(cgroup: BorrowedFd<'_>, program: &[Instruction]) -> io::Result<()> {
    let load = Program {
        program_type: TYPE,
        instruction_count: u32::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?,
        instructions: program.as_ptr().addr() as u64,
        // Any licence is accepted, because the program calls no helper function of the kernel.
        license: c"Apache-2.0".as_ptr().addr() as u64,
        log_level: 0,
        log_size: 0,
        log_buffer: 0,
        kernel_version: 0,
        flags: 0,
    };
    // SAFETY: instructions and licence outlive the call, and the kernel copies them.
    let loaded = unsafe { bpf(LOAD, &load) }?;
    let loaded = i32::try_from(loaded).map_err(|_| io::ErrorKind::InvalidData)?;
    // SAFETY: the call succeeded, so that this is a new descriptor that nobody else owns.
    let loaded = unsafe { OwnedFd::from_raw_fd(loaded) };
    let attachment = Attachment {
        target: cgroup.as_raw_fd().cast_unsigned(),
        program: loaded.as_raw_fd().cast_unsigned(),
        attach_type: ATTACH_TYPE,
        flags: ALLOW_MULTIPLE,
    };
    // SAFETY: the attributes hold no addresses.
    unsafe { bpf(ATTACH, &attachment) }.map(drop)
}
