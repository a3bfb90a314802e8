//! The device policy as a program in the kernel's instruction set (linux/bpf.h, BPF instruction set specification in the
//! kernel's documentation).

use super::Rule;

/// One instruction, `struct bpf_insn`.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Instruction {
    code: u8,
    /// Destination in the lower four bits, source in the upper ones.
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// `BPF_LDX | BPF_MEM | BPF_W`: destination = 32 bits at source + offset.
const LOAD: u8 = 0x61;
/// `BPF_ALU | BPF_AND | BPF_K`
const AND: u8 = 0x54;
/// `BPF_ALU | BPF_RSH | BPF_K`
const SHIFT_RIGHT: u8 = 0x74;
/// `BPF_ALU | BPF_MOV | BPF_X`
const COPY: u8 = 0xbc;
/// `BPF_ALU64 | BPF_MOV | BPF_K`
const SET: u8 = 0xb7;
/// `BPF_JMP | BPF_JNE | BPF_K`: the offset counts from the next instruction.
const JUMP_UNLESS_EQUAL: u8 = 0x55;
/// `BPF_JMP | BPF_JSET | BPF_K`: if any of the bits is set.
const JUMP_IF_ANY: u8 = 0x45;
/// `BPF_JMP | BPF_EXIT`: ends with what is in register 0.
const EXIT: u8 = 0x95;

const RESULT: u8 = 0;
/// The register that holds the address of `struct bpf_cgroup_dev_ctx` at the start.
const CONTEXT: u8 = 1;
const KIND: u8 = 2;
const ACCESS: u8 = 3;
const MAJOR: u8 = 4;
const MINOR: u8 = 5;

/// Offsets in `struct bpf_cgroup_dev_ctx`: the kind of device in the lower half of the first word, the access in the upper.
const ACCESS_AND_KIND_AT: i16 = 0;
const MAJOR_AT: i16 = 4;
const MINOR_AT: i16 = 8;

const KIND_MASK: i32 = 0xffff;
const ACCESS_SHIFT: i32 = 16;
/// `BPF_DEVCG_DEV_BLOCK`
const BLOCK_DEVICE: i32 = 1;
/// `BPF_DEVCG_DEV_CHAR`
const CHARACTER_DEVICE: i32 = 2;
/// `BPF_DEVCG_ACC_READ`
const READING: i32 = 2;
/// `BPF_DEVCG_ACC_WRITE`; the remaining access is making a node.
const WRITING: i32 = 4;
const OPENING: i32 = READING | WRITING;

const ALLOW: i32 = 1;
const DENY: i32 = 0;

const fn instruction(code: u8, to: u8, from: u8, offset: i16, immediate: i32) -> Instruction {
    Instruction {
        code,
        registers: from << 4 | to,
        offset,
        immediate,
    }
}

/// Ends the program with a decision.
const fn decide(decision: i32) -> [Instruction; 2] {
    [instruction(SET, RESULT, 0, 0, decision), instruction(EXIT, 0, 0, 0, 0)]
}

/// Length of [`decide`].
const DECISION: i16 = 2;

/// The program that lets devices be opened as the rules say, and no others. Making nodes is allowed for all.
pub(super) fn program(rules: &[Rule]) -> Vec<Instruction> {
    let mut program = vec![
        instruction(LOAD, KIND, CONTEXT, ACCESS_AND_KIND_AT, 0),
        instruction(LOAD, MAJOR, CONTEXT, MAJOR_AT, 0),
        instruction(LOAD, MINOR, CONTEXT, MINOR_AT, 0),
        instruction(COPY, ACCESS, KIND, 0, 0),
        instruction(AND, KIND, 0, 0, KIND_MASK),
        instruction(SHIFT_RIGHT, ACCESS, 0, 0, ACCESS_SHIFT),
        instruction(AND, ACCESS, 0, 0, OPENING),
        instruction(JUMP_UNLESS_EQUAL, ACCESS, 0, DECISION, 0),
    ];
    program.extend(decide(ALLOW));
    for rule in rules {
        program.extend(allow(rule));
    }
    program.extend(decide(DENY));
    program
}

/// The instructions that allow what a rule says, and go on behind themselves with anything else.
fn allow(rule: &Rule) -> Vec<Instruction> {
    let kind = if rule.is_block { BLOCK_DEVICE } else { CHARACTER_DEVICE };
    let mut refused = 0;
    if !rule.read {
        refused |= READING;
    }
    if !rule.write {
        refused |= WRITING;
    }
    let mut conditions = vec![
        (JUMP_UNLESS_EQUAL, KIND, kind),
        (JUMP_UNLESS_EQUAL, MAJOR, rule.major.cast_signed()),
    ];
    if let Some(minor) = rule.minor {
        conditions.push((JUMP_UNLESS_EQUAL, MINOR, minor.cast_signed()));
    }
    if refused != 0 {
        conditions.push((JUMP_IF_ANY, ACCESS, refused));
    }
    // Four at most, so that the distance always fits.
    let distances = (0..4).rev().skip(4 - conditions.len());
    let tests = conditions.into_iter().zip(distances);
    tests
        .map(|((code, register, value), rest)| instruction(code, register, 0, rest + DECISION, value))
        .chain(decide(ALLOW))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device_policy::allowed;
    use proptest::prelude::*;

    const BLOCK: u32 = 1;
    const CHARACTER: u32 = 2;
    const MAKE: u32 = 1;
    const READ: u32 = 2;
    const WRITE: u32 = 4;

    /// Runs a program as the kernel would.
    fn run(program: &[Instruction], context: [u32; 3]) -> u64 {
        let mut registers = [0_u64; 11];
        let mut next = 0;
        loop {
            let instruction = program[next];
            next += 1;
            let to = usize::from(instruction.registers & 0xf);
            let from = usize::from(instruction.registers >> 4);
            let immediate = i64::from(instruction.immediate).cast_unsigned();
            // Operations of 32 bits clear the upper half.
            let low = |value: u64| value & u64::from(u32::MAX);
            let jump = match instruction.code {
                LOAD => {
                    assert_eq!(from, usize::from(CONTEXT));
                    registers[to] = context[usize::try_from(instruction.offset).unwrap() / 4].into();
                    false
                }
                AND => {
                    registers[to] = low(registers[to] & immediate);
                    false
                }
                SHIFT_RIGHT => {
                    registers[to] = low(registers[to]) >> immediate;
                    false
                }
                COPY => {
                    registers[to] = low(registers[from]);
                    false
                }
                SET => {
                    registers[to] = immediate;
                    false
                }
                JUMP_IF_ANY => registers[to] & immediate != 0,
                JUMP_UNLESS_EQUAL => registers[to] != immediate,
                EXIT => return registers[usize::from(RESULT)],
                other => panic!("instruction {other:#x}"),
            };
            if jump {
                next += usize::try_from(instruction.offset).unwrap();
            }
        }
    }

    fn decision(access: u32, kind: u32, major: u32, minor: u32) -> bool {
        match run(
            &program(&allowed().collect::<Vec<_>>()),
            [access << 16 | kind, major, minor],
        ) {
            0 => false,
            1 => true,
            other => panic!("{other} is no decision"),
        }
    }

    #[test]
    fn devices_that_every_program_expects_are_open() {
        for (major, minor) in [
            (1, 3),
            (1, 5),
            (1, 7),
            (1, 8),
            (1, 9),
            (5, 0),
            (5, 2),
            (136, 0),
            (136, 4711),
        ] {
            for access in [READ, WRITE, READ | WRITE] {
                assert!(decision(access, CHARACTER, major, minor), "{major}:{minor}");
            }
        }
    }

    #[test]
    fn console_memory_and_disks_are_shut_but_can_be_made() {
        let console = [(4, 0), (4, 64), (5, 1), (5, 3), (204, 64), (229, 0)];
        let memory = [(1, 1), (1, 2), (1, 4), (1, 11)];
        for (major, minor) in console.into_iter().chain(memory) {
            assert!(!decision(READ, CHARACTER, major, minor), "{major}:{minor}");
            assert!(!decision(WRITE, CHARACTER, major, minor), "{major}:{minor}");
            assert!(decision(MAKE, CHARACTER, major, minor));
        }
        // The last of them has the numbers of /dev/null.
        for (major, minor) in [(254, 0), (8, 0), (7, 0), (1, 3)] {
            assert!(!decision(READ, BLOCK, major, minor), "{major}:{minor}");
            assert!(!decision(MAKE | WRITE, BLOCK, major, minor), "{major}:{minor}");
            assert!(decision(MAKE, BLOCK, major, minor));
        }
    }

    #[test]
    fn no_device_is_open_without_a_list() {
        assert_eq!(run(&program(&[]), [READ << 16 | CHARACTER, 1, 3]), 0);
    }

    fn rule() -> impl Strategy<Value = Rule> {
        let numbers = (0_u32..30, prop::option::of(0_u32..30));
        (any::<[bool; 3]>(), numbers).prop_map(|([is_block, read, write], (major, minor))| Rule {
            is_block,
            major,
            minor,
            read,
            write,
        })
    }

    proptest! {
        #[test]
        fn the_program_allows_exactly_the_devices_of_its_list(
            list in prop::collection::vec(rule(), 0..8),
            access in 1_u32..8, kind in 1_u32..3, major in 0_u32..30, minor in 0_u32..30,
        ) {
            let allows = |rule: &Rule| {
                (kind == BLOCK) == rule.is_block
                    && rule.major == major
                    && rule.minor.is_none_or(|n| n == minor)
                    && (access & READ == 0 || rule.read)
                    && (access & WRITE == 0 || rule.write)
            };
            let expected = access == MAKE || list.iter().any(allows);
            prop_assert_eq!(run(&program(&list), [access << 16 | kind, major, minor]), u64::from(expected));
        }
    }
}
