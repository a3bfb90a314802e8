//! What the kernel does with a program, seccomp(2).

pub(crate) const KILL_PROCESS: u32 = 0x8000_0000;
pub(crate) const TRAP: u32 = 0x0003_0000;
pub(crate) const ERRNO: u32 = 0x0005_0000;
pub(crate) const TRACE: u32 = 0x7ff0_0000;
pub(crate) const LOG: u32 = 0x7ffc_0000;
pub(crate) const ALLOW: u32 = 0x7fff_0000;

/// Runs the program on a call and returns its verdict.
pub(crate) fn run(program: &[u8], architecture: u32, number: u32, arguments: [u64; 6]) -> u32 {
    assert_eq!(program.len() % 8, 0);
    let mut data = Vec::new();
    data.extend(number.to_le_bytes());
    data.extend(architecture.to_le_bytes());
    data.extend([0; 8]);
    data.extend(arguments.iter().flat_map(|argument| argument.to_le_bytes()));
    let (mut at, mut accumulator) = (0, 0_u32);
    loop {
        let step = &program[at * 8..at * 8 + 8];
        let code = u16::from_le_bytes([step[0], step[1]]);
        let value = u32::from_le_bytes([step[4], step[5], step[6], step[7]]);
        let jump = |is_true: bool| usize::from(if is_true { step[2] } else { step[3] });
        at += 1;
        match code {
            0x20 => {
                let offset = value as usize;
                accumulator = u32::from_le_bytes(data[offset..offset + 4].try_into().unwrap());
            }
            0x54 => accumulator &= value,
            0x05 => at += value as usize,
            0x15 => at += jump(accumulator == value),
            0x25 => at += jump(accumulator > value),
            0x35 => at += jump(accumulator >= value),
            0x06 => return value,
            other => panic!("an instruction that seccomp does not know: {other:#x}"),
        }
    }
}
