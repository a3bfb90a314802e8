//! The time-stamp counter, the one instruction without a safe function in the standard library.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "the standard library offers rdtsc as an unsafe function only")]

/// Reads the time-stamp counter.
pub(super) fn read_tsc() -> u64 {
    // SAFETY: rdtsc touches no memory, and every x86-64 processor has it; Linux lets user space use it unless the
    // process itself forbade it by prctl(2).
    unsafe { core::arch::x86_64::_rdtsc() }
}
