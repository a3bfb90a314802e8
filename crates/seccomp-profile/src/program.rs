//! The program: classic BPF over `struct seccomp_data`, seccomp(2).

use crate::document::Profile;
use crate::error::ProfileError;
use crate::rules::{Action, Architecture, Comparison, Condition, Rules, Verdict};

/// `BPF_MAXINSNS`, `linux/bpf_common.h`.
const LENGTH_LIMIT: usize = 4096;

/// Offset of the system call's number in `struct seccomp_data`, bytes.
const OFFSET_NUMBER: u32 = 0;
/// Offset of the architecture in `struct seccomp_data`, bytes.
const OFFSET_ARCHITECTURE: u32 = 4;
/// Offset of the first argument in `struct seccomp_data`, bytes; each has eight, the low half first (little endian).
const OFFSET_ARGUMENTS: u32 = 16;

// Instruction codes, `linux/bpf_common.h`: the class, the size or the operation, and the source of the operand together.
const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const JUMP: u16 = 0x05;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_GREATER: u16 = 0x25;
const JUMP_IF_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;

// `SECCOMP_RET_…`, `linux/seccomp.h`.
const RETURN_KILL_PROCESS: u32 = 0x8000_0000;
const RETURN_KILL_THREAD: u32 = 0;
const RETURN_TRAP: u32 = 0x0003_0000;
const RETURN_ERRNO: u32 = 0x0005_0000;
const RETURN_TRACE: u32 = 0x7ff0_0000;
const RETURN_LOG: u32 = 0x7ffc_0000;
const RETURN_ALLOW: u32 = 0x7fff_0000;

const ENOSYS: u32 = 38;

/// `struct sock_filter`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Instruction {
    code: u16,
    when_true: u8,
    when_false: u8,
    value: u32,
}

impl Profile {
    /// The program for processes with these capabilities (`CAP_CHOWN` …) in a machine of this architecture: instructions of eight bytes each
    /// (`struct sock_filter`, little endian).
    ///
    /// # Errors
    /// When a rule has something that there is not, or all together are too many for the kernel.
    pub fn program(&self, architecture: Architecture, capabilities: &[String]) -> Result<Vec<u8>, ProfileError> {
        program_of(architecture, &Rules::of(self, architecture, capabilities)?)
    }
}

/// The program as the kernel takes it.
///
/// # Errors
/// [`ProfileError::Program`] when it is too long.
fn program_of(architecture: Architecture, rules: &Rules) -> Result<Vec<u8>, ProfileError> {
    let program = instructions(architecture, rules);
    if program.len() > LENGTH_LIMIT {
        return Err(ProfileError::Program {
            instructions: program.len(),
            limit: LENGTH_LIMIT,
        });
    }
    Ok(program.into_iter().flat_map(Instruction::bytes).collect())
}

fn instructions(architecture: Architecture, rules: &Rules) -> Vec<Instruction> {
    let own = match architecture {
        // `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64`, `linux/audit.h`.
        Architecture::X86_64 => 0xc000_003e,
        Architecture::Aarch64 => 0xc000_00b7,
    };
    let mut program = vec![
        load(OFFSET_ARCHITECTURE),
        jump(JUMP_IF_EQUAL, own, 1, 0),
        // 32-bit calls, which the machines' kernels lack.
        give(Action::Errno(ENOSYS)),
        load(OFFSET_NUMBER),
    ];
    program.extend(search(&ranges(rules)));
    program
}

/// The numbers from which on another verdict holds, beginning with 0.
fn ranges(rules: &Rules) -> Vec<(u32, Verdict)> {
    let plain = |action| Verdict {
        alternatives: Vec::new(),
        otherwise: action,
    };
    let mut ranges: Vec<(u32, Verdict)> = Vec::new();
    let mut add = |start: u32, verdict: Verdict| {
        if ranges.last().is_none_or(|(_, last)| *last != verdict) {
            ranges.push((start, verdict));
        }
    };
    let mut next = 0;
    for (number, verdict) in &rules.verdicts {
        if *number > next {
            add(next, plain(rules.default));
        }
        add(*number, verdict.clone());
        next = number + 1;
    }
    match rules.newest {
        Some(newest) => {
            if next <= newest {
                add(next, plain(rules.default));
            }
            add(newest + 1, plain(Action::Errno(ENOSYS)));
        }
        None => add(next, plain(rules.default)),
    }
    ranges
}

/// Binary search: the left half, then the right half, with one comparison in front.
fn search(ranges: &[(u32, Verdict)]) -> Vec<Instruction> {
    if let [(_, verdict)] = ranges {
        return act(verdict);
    }
    let (left, right) = ranges.split_at(ranges.len() / 2);
    let middle = right.first().map_or(0, |(start, _)| *start);
    let left = search(left);
    let mut code = Vec::with_capacity(left.len() * 2 + 2);
    match u8::try_from(left.len()) {
        Ok(distance) => code.push(jump(JUMP_IF_GREATER_OR_EQUAL, middle, distance, 0)),
        // A conditional jump reaches 255 instructions; an unconditional one behind it reaches all.
        Err(_) => code.extend([jump(JUMP_IF_GREATER_OR_EQUAL, middle, 0, 1), skip(left.len())]),
    }
    code.extend(left);
    code.extend(search(right));
    code
}

fn act(verdict: &Verdict) -> Vec<Instruction> {
    let mut code = Vec::new();
    for (conditions, action) in &verdict.alternatives {
        // From the last condition to the first: each knows then how far it is to the next alternative.
        let mut alternative = vec![give(*action)];
        for condition in conditions.iter().rev() {
            let mut test = compare(*condition, alternative.len());
            test.extend(alternative);
            alternative = test;
        }
        code.extend(alternative);
    }
    code.push(give(verdict.otherwise));
    code
}

/// The comparison, which falls through when it is met and otherwise jumps over `rest` more instructions. A rule has at most six conditions of at most
/// seven instructions, so that each distance fits.
fn compare(condition: Condition, rest: usize) -> Vec<Instruction> {
    let rest = u8::try_from(rest).unwrap_or(u8::MAX);
    let low_offset = OFFSET_ARGUMENTS + 8 * condition.index;
    let [high, low] = halves(condition.value);
    let load_high = load(low_offset + 4);
    let load_low = load(low_offset);
    match condition.comparison {
        Comparison::Equal => vec![
            load_high,
            jump(JUMP_IF_EQUAL, high, 0, rest + 2),
            load_low,
            jump(JUMP_IF_EQUAL, low, 0, rest),
        ],
        Comparison::NotEqual => vec![
            load_high,
            jump(JUMP_IF_EQUAL, high, 0, 2),
            load_low,
            jump(JUMP_IF_EQUAL, low, rest, 0),
        ],
        Comparison::Masked(mask) => {
            let [mask_high, mask_low] = halves(mask);
            vec![
                load_high,
                and(mask_high),
                jump(JUMP_IF_EQUAL, high, 0, rest + 3),
                load_low,
                and(mask_low),
                jump(JUMP_IF_EQUAL, low, 0, rest),
            ]
        }
        Comparison::Greater => ordered(load_high, load_low, JUMP_IF_GREATER, condition.value, [0, rest]),
        Comparison::GreaterOrEqual => ordered(
            load_high,
            load_low,
            JUMP_IF_GREATER_OR_EQUAL,
            condition.value,
            [0, rest],
        ),
        Comparison::Less => ordered(
            load_high,
            load_low,
            JUMP_IF_GREATER_OR_EQUAL,
            condition.value,
            [rest, 0],
        ),
        Comparison::LessOrEqual => ordered(load_high, load_low, JUMP_IF_GREATER, condition.value, [rest, 0]),
    }
}

/// Compares the high half, and if it is equal the low half with `code`; jumps so far beyond itself when the argument is that much, and when not.
fn ordered(
    load_high: Instruction,
    load_low: Instruction,
    code: u16,
    value: u64,
    [when_true, when_false]: [u8; 2],
) -> Vec<Instruction> {
    let [high, low] = halves(value);
    vec![
        load_high,
        jump(JUMP_IF_GREATER, high, when_true + 3, 0),
        jump(JUMP_IF_EQUAL, high, 0, when_false + 2),
        load_low,
        jump(code, low, when_true, when_false),
    ]
}

#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
fn halves(value: u64) -> [u32; 2] {
    [(value >> 32) as u32, value as u32]
}

fn give(action: Action) -> Instruction {
    let value = match action {
        Action::Allow => RETURN_ALLOW,
        Action::Log => RETURN_LOG,
        Action::Errno(number) => RETURN_ERRNO | number,
        Action::Trace(data) => RETURN_TRACE | data,
        Action::Trap => RETURN_TRAP,
        Action::KillThread => RETURN_KILL_THREAD,
        Action::KillProcess => RETURN_KILL_PROCESS,
    };
    plain(RETURN, value)
}

fn load(offset: u32) -> Instruction {
    plain(LOAD, offset)
}

fn and(mask: u32) -> Instruction {
    plain(AND, mask)
}

/// Programs are far shorter than 2^32 instructions.
fn skip(count: usize) -> Instruction {
    plain(JUMP, u32::try_from(count).unwrap_or(u32::MAX))
}

fn plain(code: u16, value: u32) -> Instruction {
    jump(code, value, 0, 0)
}

fn jump(code: u16, value: u32, when_true: u8, when_false: u8) -> Instruction {
    Instruction {
        code,
        when_true,
        when_false,
        value,
    }
}

impl Instruction {
    fn bytes(self) -> [u8; 8] {
        let [code_0, code_1] = self.code.to_le_bytes();
        let [value_0, value_1, value_2, value_3] = self.value.to_le_bytes();
        [
            code_0,
            code_1,
            self.when_true,
            self.when_false,
            value_0,
            value_1,
            value_2,
            value_3,
        ]
    }
}
