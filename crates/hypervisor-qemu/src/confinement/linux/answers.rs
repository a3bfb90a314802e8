//! Calls that are answered without being made, so that a machine which continues a template gives back what its guest frees.
//!
//! QEMU gives memory that is a file back in two steps: it punches a hole into the file (fallocate(2)) and drops its own pages (madvise(2)). The file of a
//! template is other machines' memory too, so that QEMU may only read it, and for such a file it does neither (`ram_block_discard_range`,
//! system/physmem.c). Dropping the pages alone is what is wanted: those that the machine has written are its own, and what is seen there
//! afterwards is the template's again, which a guest that has freed it does not look at.
//!
//! QEMU therefore takes the file for one that it may write to. It is its standard input, open for reading only, and gets these answers:
//!
//! | call | answer |
//! | --- | --- |
//! | opening anything for reading and writing without another flag | descriptor 0. QEMU opens its memory so, and `/dev/null` to try a kind of lock on it |
//! | closing descriptor 0 | done |
//! | punching holes into descriptor 0 | done |
//!
//! A call that is answered is one that QEMU cannot make: it can do less with these answers than without them. What it calls its memory
//! is the name of no file, so that a QEMU to which they mean nothing has no memory and ends; [`crate::host::given_back`] finds that out before.

use libc::{BPF_ALU, BPF_AND, BPF_JEQ, BPF_K, O_RDWR, SYS_close, SYS_fallocate, SYS_openat, c_long, sock_filter};

use super::instructions::{OFFSET_NUMBER, fail, jump, load, statement};

/// Offset in `struct seccomp_data` of the low half of a call's first argument, and the distance between two, bytes.
const OFFSET_ARGUMENTS: u32 = 16;
const ARGUMENT_BYTES: u32 = 8;

/// `O_LARGEFILE`, asm/fcntl.h, which some C libraries add to each opening; in `libc` it is what the C library asks of programs, which is nothing.
const LARGE_FILE: u32 = if cfg!(target_arch = "x86_64") {
    0o100_000
} else {
    0o400_000
};

/// Standard input.
const INPUT: u32 = 0;

/// A call with one argument that decides.
struct Answered {
    call: c_long,
    argument: u32,
    /// What of the argument counts.
    mask: u32,
    value: u32,
}

impl Answered {
    const fn opening(call: c_long, flags_argument: u32) -> Self {
        Self {
            call,
            argument: flags_argument,
            mask: !LARGE_FILE,
            value: O_RDWR.unsigned_abs(),
        }
    }

    const fn of_input(call: c_long) -> Self {
        Self {
            call,
            argument: 0,
            mask: u32::MAX,
            value: INPUT,
        }
    }
}

const ANSWERED: &[Answered] = &[
    Answered::opening(SYS_openat, 2),
    #[cfg(target_arch = "x86_64")]
    Answered::opening(libc::SYS_open, 1),
    Answered::of_input(SYS_close),
    Answered::of_input(SYS_fallocate),
];

/// The part of a filter that gives the answers. Before and after it the call's number is loaded.
pub(super) fn program() -> Vec<sock_filter> {
    let mut program = Vec::new();
    for answered in ANSWERED {
        let number = u32::try_from(answered.call).unwrap_or(u32::MAX);
        program.extend([
            jump(BPF_JEQ, number, 0, 5),
            load(OFFSET_ARGUMENTS + ARGUMENT_BYTES * answered.argument),
            statement(BPF_ALU | BPF_AND | BPF_K, answered.mask),
            jump(BPF_JEQ, answered.value, 0, 1),
            // Success, or descriptor 0.
            fail(0),
            load(OFFSET_NUMBER),
        ]);
    }
    program
}

#[cfg(test)]
mod tests {
    use libc::{BPF_ABS, BPF_JMP, BPF_LD, BPF_RET, BPF_W, O_CLOEXEC, O_RDONLY, SECCOMP_RET_ERRNO, SYS_read};

    use super::*;

    /// The answer to a call, as the kernel would find it; `None` goes on to the rest of the filter.
    fn answer(call: c_long, arguments: [u32; 4]) -> Option<u32> {
        let number = u32::try_from(call).unwrap();
        let (mut value, mut place) = (number, 0);
        let program = program();
        while let Some(instruction) = program.get(place) {
            let sock_filter { code, jt, jf, k } = *instruction;
            place += 1;
            match u32::from(code) {
                code if code == BPF_LD | BPF_W | BPF_ABS => {
                    let argument = k.checked_sub(OFFSET_ARGUMENTS).map(|offset| offset / ARGUMENT_BYTES);
                    value = argument.map_or(number, |argument| arguments[argument as usize]);
                }
                code if code == BPF_ALU | BPF_AND | BPF_K => value &= k,
                code if code == BPF_JMP | BPF_JEQ | BPF_K => place += usize::from(if value == k { jt } else { jf }),
                code if code == BPF_RET | BPF_K => return Some(k),
                code => panic!("{code:#x}"),
            }
        }
        assert_eq!(value, number, "the rest of the filter looks at the call's number");
        None
    }

    #[test]
    fn only_what_is_about_the_memory_is_answered_and_always_with_success() {
        let [both, reading, closing] = [O_RDWR, O_RDONLY, O_RDWR | O_CLOEXEC].map(i32::unsigned_abs);
        let done = Some(SECCOMP_RET_ERRNO);
        for (call, arguments, expected) in [
            (SYS_openat, [9, 9, both, 0], done),
            (SYS_openat, [9, 9, both | LARGE_FILE, 0], done),
            (SYS_openat, [9, 9, reading, 0], None),
            (SYS_openat, [9, 9, closing, 0], None),
            (SYS_close, [0; 4], done),
            (SYS_close, [3, 0, 0, 0], None),
            (SYS_fallocate, [0, 3, 4096, 4096], done),
            (SYS_fallocate, [7, 3, 0, 4096], None),
            (SYS_read, [0; 4], None),
        ] {
            assert_eq!(answer(call, arguments), expected, "{call} {arguments:?}");
        }
    }
}
