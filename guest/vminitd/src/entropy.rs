//! The kernel's random number generator, random(4), which a restored machine has in the state of its template.

#![expect(unsafe_code, reason = "adding entropy has no safe wrapper")]

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;
use rustix::ioctl::{NoArg, Opcode, Setter, ioctl, opcode};

/// Least number of bytes that make a generator another one: the size of its key.
pub(crate) const MIN_BYTES: usize = 32;
/// Most bytes that are taken at once.
pub(crate) const MAX_BYTES: usize = 512;

/// RNDADDENTROPY, `linux/random.h`. The number says an argument of two integers, after which the bytes follow.
const ADD_ENTROPY: Opcode = opcode::write::<[core::ffi::c_int; 2]>(b'R', 3);
/// RNDRESEEDCRNG, `linux/random.h`.
const RESEED: Opcode = opcode::none(b'R', 7);

/// `struct rand_pool_info`, `linux/random.h`, with room for the bytes.
#[repr(C)]
struct PoolInfo {
    entropy_bits: core::ffi::c_int,
    size_bytes: core::ffi::c_int,
    bytes: [u8; MAX_BYTES],
}

/// Adds random bytes that nobody else has, and has all that is drawn from now on depend on them.
///
/// # Errors
/// The kernel's; `INVAL` for fewer bytes than [`MIN_BYTES`] or more than [`MAX_BYTES`].
pub(crate) fn add(entropy: &[u8]) -> rustix::io::Result<()> {
    let info = PoolInfo::new(entropy).ok_or(Errno::INVAL)?;
    let generator = openat(CWD, "/dev/urandom", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    // SAFETY: the number is RNDADDENTROPY, which reads this structure and, after its integers, as many bytes as the second of them says, all of which
    // are in it.
    unsafe { ioctl(&generator, Setter::<ADD_ENTROPY, PoolInfo>::new(info)) }?;
    // SAFETY: the number is RNDRESEEDCRNG, which neither reads nor writes memory of the caller.
    unsafe { ioctl(&generator, NoArg::<RESEED>::new()) }
}

impl PoolInfo {
    /// All of the bytes count as unpredictable. `None` for too few and too many of them.
    fn new(entropy: &[u8]) -> Option<Self> {
        if !(MIN_BYTES..=MAX_BYTES).contains(&entropy.len()) {
            return None;
        }
        let mut bytes = [0; MAX_BYTES];
        bytes.get_mut(..entropy.len())?.copy_from_slice(entropy);
        let size_bytes = i32::try_from(entropy.len()).ok()?;
        Some(Self {
            entropy_bits: size_bytes * 8,
            size_bytes,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_kernel() {
        // asm-generic/ioctl.h
        assert_eq!([ADD_ENTROPY, RESEED], [0x4008_5203, 0x5207]);
    }

    #[test]
    fn bytes_are_counted_as_the_kernel_counts() {
        let info = PoolInfo::new(&[7; MIN_BYTES]).unwrap();
        assert_eq!((info.entropy_bits, info.size_bytes), (256, 32));
        assert_eq!(
            info.bytes[..MIN_BYTES + 1].iter().filter(|byte| **byte == 7).count(),
            MIN_BYTES
        );
        assert!(PoolInfo::new(&[7; MAX_BYTES]).is_some());
    }

    #[test]
    fn too_few_bytes_and_too_many_are_refused() {
        for count in [0, MIN_BYTES - 1, MAX_BYTES + 1] {
            assert_eq!(add(&vec![7; count]), Err(Errno::INVAL));
        }
    }
}
