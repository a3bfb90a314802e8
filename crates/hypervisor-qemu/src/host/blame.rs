//! Whether a QEMU that failed speaks against the accelerator that uses the host's processor.

/// How QEMU reports that KVM could not go on with a guest: accel/kvm/kvm-all.c (`KVM internal error`, `KVM: entry
/// failed`, `KVM: unknown exit`, `kvm run failed`) and target/i386/kvm/kvm.c (a register that KVM does not take).
const OF_KVM_ITSELF: [&str; 6] = [
    "KVM internal error",
    "KVM: entry failed",
    "KVM: unknown exit",
    "kvm run failed",
    "kvm_buf_set_msrs: Assertion",
    "kvm_buf_get_msrs: Assertion",
];

/// How QEMU reports what Hypervisor.framework refuses for good: its codes (accel/hvf/hvf-all.c), a program that is not signed for it, a
/// QEMU without it, and an assertion in its own code for it.
const OF_HVF_ITSELF: [&str; 7] = [
    "HV_ERROR",
    "HV_BAD_ARGUMENT",
    "HV_NO_DEVICE",
    "HV_UNSUPPORTED",
    "HV_DENIED",
    "com.apple.security.hypervisor",
    "hvf_arch_",
];

/// What a failed QEMU says about the accelerator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// It could not run the guest itself.
    Accelerator,
    /// It could not be had this time: it is busy, or not permitted.
    Circumstances,
    /// QEMU failed for a reason that has nothing to do with it.
    Other,
}

/// Judges by QEMU's last words.
pub(crate) fn blame(words: &str) -> Blame {
    let mut of_itself = OF_KVM_ITSELF.iter().chain(&OF_HVF_ITSELF);
    if of_itself.any(|phrase| words.contains(phrase)) {
        return Blame::Accelerator;
    }
    let lower = words.to_ascii_lowercase();
    if ["kvm", "hvf", "hv_"].iter().any(|name| lower.contains(name)) {
        Blame::Circumstances
    } else {
        Blame::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_accelerator_itself_explains_counts_against_it() {
        for words in [
            "QEMU ended by signal 9: KVM internal error. Suberror: 1",
            "KVM: entry failed, hardware error 0x80000021",
            "error: kvm run failed Bad address",
            "QEMU ended by signal 6: error: failed to set MSR 0x48f; kvm_buf_set_msrs: Assertion `ret == 1' failed.",
            "QEMU ended by signal 6: Error: ret = HV_UNSUPPORTED (0xfae9400f, at ../accel/hvf/hvf-all.c:330)",
            "QEMU exited with 1: Could not access HVF. Is the executable signed with com.apple.security.hypervisor entitlement?",
        ] {
            assert_eq!(blame(words), Blame::Accelerator, "{words}");
        }
        for words in [
            "QEMU exited with 1: Could not access KVM kernel module: Permission denied",
            "ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy",
            "failed to initialize kvm: Cannot allocate memory",
            "QEMU ended by signal 6: Error: ret = HV_BUSY (0xfae94002, at ../accel/hvf/hvf-all.c:330)",
        ] {
            assert_eq!(blame(words), Blame::Circumstances, "{words}");
        }
        for words in [
            "QEMU ended by signal 9",
            "QEMU exited with 1: Failed to get \"write\" lock",
        ] {
            assert_eq!(blame(words), Blame::Other, "{words}");
        }
    }
}
