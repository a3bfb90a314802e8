//! Hands a filter program to the kernel.

#![expect(
    unsafe_code,
    reason = "seccomp(2) has no safe wrapper that leaves no_new_privs alone"
)]

use std::io;

/// Installs `program` for the calling thread.
///
/// # Errors
/// EACCES without CAP_SYS_ADMIN or `no_new_privs`; EINVAL for a program that the kernel finds wrong.
pub(super) fn install(program: &[libc::sock_filter]) -> io::Result<()> {
    let length = libc::c_ushort::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions from `filter` during the call and does not write to them.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            0_u32,
            &raw const program,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
