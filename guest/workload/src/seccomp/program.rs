//! A filter program that comes from the host.

use libc::sock_filter;

/// `BPF_MAXINSNS`, `linux/bpf_common.h`.
const LENGTH_LIMIT: usize = 4096;
/// The size of a `struct sock_filter`, bytes.
const INSTRUCTION_BYTES: usize = 8;

/// A program of a length that the kernel takes. Whether it is one that it takes is seen when it is installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterProgram(Vec<[u8; INSTRUCTION_BYTES]>);

/// Bytes that are no program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seccomp program of {0} bytes: it has 1 to {LENGTH_LIMIT} instructions of {INSTRUCTION_BYTES} bytes")]
pub struct FilterProgramError(usize);

impl FilterProgram {
    /// The program of these bytes, instructions of the guest's processor one after the other.
    ///
    /// # Errors
    /// [`FilterProgramError`] when they are no whole number of instructions, none or too many.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FilterProgramError> {
        let (instructions, []) = bytes.as_chunks() else {
            return Err(FilterProgramError(bytes.len()));
        };
        match instructions.len() {
            1..=LENGTH_LIMIT => Ok(Self(instructions.to_vec())),
            _ => Err(FilterProgramError(bytes.len())),
        }
    }

    pub(super) fn instructions(&self) -> Vec<sock_filter> {
        let instruction = |bytes: &[u8; INSTRUCTION_BYTES]| {
            let [code_0, code_1, jt, jf, k_0, k_1, k_2, k_3] = *bytes;
            sock_filter {
                code: u16::from_le_bytes([code_0, code_1]),
                jt,
                jf,
                k: u32::from_le_bytes([k_0, k_1, k_2, k_3]),
            }
        };
        self.0.iter().map(instruction).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_whole_number_of_instructions() {
        let bytes = [0x06, 0, 1, 2, 0x00, 0x00, 0xff, 0x7f];
        let program = FilterProgram::from_bytes(&bytes).unwrap();
        let [first] = program.instructions()[..] else {
            panic!("{program:?}")
        };
        assert_eq!(
            (first.code, first.jt, first.jf, first.k),
            (6, 1, 2, libc::SECCOMP_RET_ALLOW)
        );
        for length in [0, 7, 9, (LENGTH_LIMIT + 1) * INSTRUCTION_BYTES] {
            assert_eq!(
                FilterProgram::from_bytes(&vec![0; length]),
                Err(FilterProgramError(length))
            );
        }
    }
}
