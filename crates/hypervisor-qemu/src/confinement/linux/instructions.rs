//! Instructions of a seccomp filter, which is a program of classic BPF (seccomp(2)).

use libc::{BPF_ABS, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ERRNO, sock_filter};

/// Offset in `struct seccomp_data` of the call's number, bytes.
pub(super) const OFFSET_NUMBER: u32 = 0;

/// Loads the word at this offset in `struct seccomp_data`.
pub(super) fn load(offset: u32) -> sock_filter {
    statement(BPF_LD | BPF_W | BPF_ABS, offset)
}

/// Ends with this error instead of the call; 0 is success, with the result 0.
pub(super) fn fail(errno: i32) -> sock_filter {
    statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errno.unsigned_abs())
}

pub(super) fn statement(code: u32, k: u32) -> sock_filter {
    instruction(code, k, 0, 0)
}

/// Goes on after `jt` instructions when the comparison holds, else after `jf`.
pub(super) fn jump(comparison: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    instruction(BPF_JMP | BPF_K | comparison, k, jt, jf)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    // Classic BPF's codes have 16 bits.
    let code = u16::try_from(code).unwrap_or(u16::MAX);
    sock_filter { code, jt, jf, k }
}
