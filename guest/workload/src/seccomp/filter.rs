//! Builds the filter program: classic BPF over `struct seccomp_data`, seccomp(2).

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W, SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO, sock_filter,
};

use super::policy::Verdict;

/// Offset of the system call's number in `struct seccomp_data`, bytes.
const OFFSET_NUMBER: u32 = 0;
/// Offset of the architecture in `struct seccomp_data`, bytes.
const OFFSET_ARCHITECTURE: u32 = 4;
/// Offset of the first argument in `struct seccomp_data`, bytes; each has eight, the low half first (little endian).
const OFFSET_ARGUMENTS: u32 = 16;

/// `AUDIT_ARCH_X86_64`, `linux/audit.h`.
#[cfg(target_arch = "x86_64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_003e;
/// `AUDIT_ARCH_AARCH64`, `linux/audit.h`.
#[cfg(target_arch = "aarch64")]
pub(super) const ARCHITECTURE: u32 = 0xc000_00b7;

const ENOSYS: u32 = libc::ENOSYS.unsigned_abs();
const EPERM: u32 = libc::EPERM.unsigned_abs();

/// How many exceptions one leaf of the search compares one after the other. A larger leaf makes the program shorter, which takes the
/// kernel less time to install; a smaller one means fewer comparisons for each call.
const LEAF: usize = 4;

/// The program that allows all calls up to `newest` but `exceptions`, which are sorted by number. Calls of another
/// architecture and later ones fail with ENOSYS.
pub(super) fn build(exceptions: &[(u32, Verdict)], newest: u32) -> Vec<sock_filter> {
    let mut program = vec![
        load(OFFSET_ARCHITECTURE),
        jump(BPF_JEQ, ARCHITECTURE, 1, 0),
        fail(ENOSYS),
        load(OFFSET_NUMBER),
        jump(BPF_JGT, newest, 0, 1),
        fail(ENOSYS),
    ];
    program.extend(search(exceptions));
    program
}

/// Binary search: the left half of the exceptions, then the right half, with one comparison in front.
fn search(exceptions: &[(u32, Verdict)]) -> Vec<sock_filter> {
    if exceptions.len() <= LEAF {
        return leaf(exceptions);
    }
    let (left, right) = exceptions.split_at(exceptions.len() / 2);
    let middle = right[0].0;
    let left = search(left);
    let mut code = Vec::with_capacity(left.len() * 2 + 2);
    match u8::try_from(left.len()) {
        Ok(distance) => code.push(jump(BPF_JGE, middle, distance, 0)),
        // A conditional jump reaches 255 instructions; an unconditional one behind it reaches all.
        Err(_) => code.extend([jump(BPF_JGE, middle, 0, 1), skip(left.len())]),
    }
    code.extend(left);
    code.extend(search(right));
    code
}

/// One comparison for each exception, then the verdict for all other calls, then those for the exceptions. Exceptions with the same
/// verdict share its instructions.
fn leaf(exceptions: &[(u32, Verdict)]) -> Vec<sock_filter> {
    let mut actions: Vec<(Verdict, usize)> = Vec::new();
    let mut tail = vec![allow()];
    for (_, verdict) in exceptions {
        if actions.iter().all(|(known, _)| known != verdict) {
            actions.push((*verdict, tail.len()));
            tail.extend(act(*verdict));
        }
    }
    let mut code = Vec::with_capacity(exceptions.len() + tail.len());
    for (position, (number, verdict)) in exceptions.iter().enumerate() {
        let start = actions
            .iter()
            .find(|(known, _)| known == verdict)
            .map_or(0, |(_, start)| *start);
        // At most LEAF comparisons and LEAF short actions lie between, so that the distance always fits.
        let distance = u8::try_from(exceptions.len() - position - 1 + start).unwrap_or(u8::MAX);
        code.push(jump(BPF_JEQ, *number, distance, 0));
    }
    code.extend(tail);
    code
}

fn act(verdict: Verdict) -> Vec<sock_filter> {
    match verdict {
        Verdict::Errno(errno) => vec![fail(u32::from(errno))],
        Verdict::EpermIfBits { index, mask } => {
            vec![
                load(OFFSET_ARGUMENTS + 8 * index),
                jump(BPF_JSET, mask, 0, 1),
                fail(EPERM),
                allow(),
            ]
        }
        Verdict::ErrnoIfEqual { index, value, errno } => {
            vec![
                load(OFFSET_ARGUMENTS + 8 * index),
                jump(BPF_JEQ, value, 0, 1),
                fail(u32::from(errno)),
                allow(),
            ]
        }
        Verdict::EpermUnlessOneOf { index, values } => {
            let mut code = vec![load(OFFSET_ARGUMENTS + 8 * index)];
            for value in values {
                code.extend([jump(BPF_JEQ, *value, 0, 1), allow()]);
            }
            code.push(fail(EPERM));
            code
        }
    }
}

/// An instruction code: the constants are small numbers in a type that is too wide.
fn instruction(code: u32, jt: u8, jf: u8, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    }
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, 0, 0, offset)
}

fn jump(test: u32, value: u32, when_true: u8, when_false: u8) -> sock_filter {
    instruction(BPF_JMP | test | BPF_K, when_true, when_false, value)
}

fn skip(count: usize) -> sock_filter {
    instruction(BPF_JMP | libc::BPF_JA, 0, 0, count as u32)
}

fn allow() -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW)
}

fn fail(errno: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | errno)
}

#[cfg(test)]
mod tests {
    use super::super::policy::{NEWEST_SYSTEM_CALL, exceptions};
    use super::*;
    use crate::capability::CapabilitySet;
    use proptest::prelude::*;

    /// Runs the program as the kernel would and returns its verdict.
    fn run(program: &[sock_filter], architecture: u32, number: u32, arguments: [u32; 6]) -> u32 {
        let (mut at, mut accumulator) = (0_usize, 0_u32);
        loop {
            let step = program[at];
            at += 1;
            let code = u32::from(step.code);
            let truth = match code & 0xf0 {
                BPF_JEQ => accumulator == step.k,
                BPF_JGT => accumulator > step.k,
                BPF_JGE => accumulator >= step.k,
                BPF_JSET => accumulator & step.k != 0,
                _ => false,
            };
            match code & 0x07 {
                BPF_LD => {
                    accumulator = match step.k {
                        OFFSET_NUMBER => number,
                        OFFSET_ARCHITECTURE => architecture,
                        offset => arguments[((offset - OFFSET_ARGUMENTS) / 8) as usize],
                    }
                }
                BPF_JMP if code & 0xf0 == libc::BPF_JA => at += step.k as usize,
                BPF_JMP => at += usize::from(if truth { step.jt } else { step.jf }),
                _ => return step.k,
            }
        }
    }

    fn default_program() -> Vec<sock_filter> {
        build(&exceptions(CapabilitySet::default()), NEWEST_SYSTEM_CALL)
    }

    fn verdict(number: libc::c_long, first: u32) -> u32 {
        run(
            &default_program(),
            ARCHITECTURE,
            u32::try_from(number).unwrap(),
            [first, 0, 0, 0, 0, 0],
        )
    }

    #[test]
    fn ordinary_calls_pass_and_dangerous_ones_fail() {
        assert_eq!(verdict(libc::SYS_read, 0), SECCOMP_RET_ALLOW);
        assert_eq!(verdict(libc::SYS_execve, 0), SECCOMP_RET_ALLOW);
        assert_eq!(verdict(libc::SYS_mount, 0), SECCOMP_RET_ERRNO | EPERM);
        assert_eq!(verdict(libc::SYS_clone3, 0), SECCOMP_RET_ERRNO | ENOSYS);
    }

    #[test]
    fn arguments_decide_where_they_matter() {
        assert_eq!(
            verdict(libc::SYS_clone, libc::SIGCHLD.unsigned_abs()),
            SECCOMP_RET_ALLOW
        );
        assert_eq!(
            verdict(libc::SYS_clone, libc::CLONE_NEWUSER.unsigned_abs()),
            SECCOMP_RET_ERRNO | EPERM
        );
        assert_eq!(
            verdict(libc::SYS_socket, libc::AF_INET.unsigned_abs()),
            SECCOMP_RET_ALLOW
        );
        assert_ne!(
            verdict(libc::SYS_socket, libc::AF_VSOCK.unsigned_abs()),
            SECCOMP_RET_ALLOW
        );
        assert_eq!(verdict(libc::SYS_personality, u32::MAX), SECCOMP_RET_ALLOW);
        assert_eq!(verdict(libc::SYS_personality, 0x0040_0000), SECCOMP_RET_ERRNO | EPERM);
    }

    #[test]
    fn foreign_architectures_and_later_calls_do_not_exist() {
        let program = default_program();
        assert_eq!(run(&program, 0x4000_0003, 1, [0; 6]), SECCOMP_RET_ERRNO | ENOSYS);
        assert_eq!(
            run(&program, ARCHITECTURE, NEWEST_SYSTEM_CALL + 1, [0; 6]),
            SECCOMP_RET_ERRNO | ENOSYS
        );
        assert_eq!(
            run(&program, ARCHITECTURE, 0x4000_0000, [0; 6]),
            SECCOMP_RET_ERRNO | ENOSYS
        );
    }

    #[test]
    fn program_stays_short() {
        let length = default_program().len();
        assert!(length < 160, "{length} instructions");
    }

    proptest! {
        #[test]
        fn the_search_agrees_with_a_list(numbers in prop::collection::btree_set(0_u32..2000, 0..600), probe in 0_u32..2100) {
            let list: Vec<_> = numbers.iter().map(|number| (*number, Verdict::Errno(13))).collect();
            let expected = if probe > 2000 {
                SECCOMP_RET_ERRNO | ENOSYS
            } else if numbers.contains(&probe) {
                SECCOMP_RET_ERRNO | 13
            } else {
                SECCOMP_RET_ALLOW
            };
            prop_assert_eq!(run(&build(&list, 2000), ARCHITECTURE, probe, [0; 6]), expected);
        }
    }
}
