//! Whether a QEMU that failed speaks against KVM.

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

/// What a failed QEMU says about KVM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// KVM itself could not run the guest.
    Kvm,
    /// KVM could not be had this time: it is busy, or not permitted.
    Circumstances,
    /// It failed for a reason that has nothing to do with KVM.
    Other,
}

/// Judges by QEMU's last words.
pub(crate) fn blame(words: &str) -> Blame {
    if OF_KVM_ITSELF.iter().any(|phrase| words.contains(phrase)) {
        Blame::Kvm
    } else if words.to_ascii_lowercase().contains("kvm") {
        Blame::Circumstances
    } else {
        Blame::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_kvm_itself_explains_counts_against_it() {
        for words in [
            "QEMU ended by signal 9: KVM internal error. Suberror: 1",
            "KVM: entry failed, hardware error 0x80000021",
            "error: kvm run failed Bad address",
            "QEMU ended by signal 6: error: failed to set MSR 0x48f; kvm_buf_set_msrs: Assertion `ret == 1' failed.",
        ] {
            assert_eq!(blame(words), Blame::Kvm, "{words}");
        }
        for words in [
            "QEMU exited with 1: Could not access KVM kernel module: Permission denied",
            "ioctl(KVM_CREATE_VM) failed: 16 Device or resource busy",
            "failed to initialize kvm: Cannot allocate memory",
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
