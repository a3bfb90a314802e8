//! Programs decide as the profiles say that they are made of.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod kernel;

use container_seccomp_profile::{Architecture, Profile, ProfileError};
use kernel::{ALLOW, ERRNO, KILL_PROCESS, LOG, TRACE, TRAP, run};
use proptest::prelude::*;

const X86_64: u32 = 0xc000_003e;
const AARCH64: u32 = 0xc000_00b7;
const EPERM: u32 = ERRNO | 1;
const ENOSYS: u32 = ERRNO | 38;

// Numbers of x86-64, `asm/unistd_64.h`.
const READ: u32 = 0;
const OPEN: u32 = 2;
const SOCKET: u32 = 41;
const CLONE: u32 = 56;
const CHROOT: u32 = 161;
const CLONE3: u32 = 435;

/// In the manner of Docker's: what is not listed is refused, and capabilities lift rules.
const LIKE_DOCKERS: &str = r#"{
    "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
    "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}, {"architecture": "SCMP_ARCH_AARCH64"}],
    "syscalls": [
        {"names": ["read", "write", "openat", "_newselect"], "action": "SCMP_ACT_ALLOW"},
        {"names": ["socket"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
        {"names": ["clone", "clone3"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390x"]},
         "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
        {"names": ["chroot"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_CHROOT"], "arches": ["amd64"], "minKernel": "4.8"}}
    ]
}"#;

fn parse(text: &str) -> Result<Profile, ProfileError> {
    Profile::from_json(&Profile::document(text)?)
}

fn program(text: &str, capabilities: &[&str]) -> Vec<u8> {
    let capabilities: Vec<String> = capabilities.iter().map(|name| (*name).to_owned()).collect();
    let profile = parse(text).unwrap();
    profile.program(Architecture::X86_64, &capabilities).unwrap()
}

fn verdict(program: &[u8], number: u32, first: u64) -> u32 {
    run(program, X86_64, number, [first, 0, 0, 0, 0, 0])
}

#[test]
fn listed_calls_pass_and_others_fail() {
    let program = program(LIKE_DOCKERS, &[]);
    for (number, first, expected) in [
        (READ, 0, ALLOW),
        (OPEN, 0, EPERM),
        (SOCKET, 2, ALLOW),
        (SOCKET, 40, EPERM),
        // The argument has 64 bits.
        (SOCKET, 40 | 1 << 32, ALLOW),
        (CLONE, 0x11, ALLOW),
        (CLONE, 0x1000_0000, EPERM),
        (CLONE3, 0, ENOSYS),
        (CHROOT, 0, EPERM),
        (CLONE3 - 1, 0, EPERM),
        // Newer than all that the profile knows.
        (CLONE3 + 1, 0, ENOSYS),
        (u32::MAX, 0, ENOSYS),
    ] {
        assert_eq!(verdict(&program, number, first), expected, "{number} {first:#x}");
    }
    assert_eq!(run(&program, 0x4000_0003, READ, [0; 6]), ENOSYS);
}

#[test]
fn capabilities_lift_rules() {
    let program = program(LIKE_DOCKERS, &["CAP_SYS_ADMIN", "CAP_SYS_CHROOT"]);
    for number in [CLONE, CLONE3, CHROOT] {
        assert_eq!(verdict(&program, number, 0x1000_0000), ALLOW, "{number}");
    }
}

#[test]
fn numbers_are_those_of_the_machines_processor() {
    let profile = parse(LIKE_DOCKERS).unwrap();
    let capabilities = ["CAP_SYS_CHROOT".to_owned()];
    let program = profile.program(Architecture::Aarch64, &capabilities).unwrap();
    let verdict = |number| run(&program, AARCH64, number, [0; 6]);
    // read, write and chroot of `asm-generic/unistd.h`; the rule of the last one is for other processors.
    assert_eq!([63, 64, 51].map(verdict), [ALLOW, ALLOW, EPERM]);
    assert_eq!(run(&program, X86_64, READ, [0; 6]), ENOSYS);
}

#[test]
fn all_actions_do_what_they_are_called() {
    for (action, expected) in [
        ("SCMP_ACT_KILL", 0),
        ("SCMP_ACT_KILL_THREAD", 0),
        ("SCMP_ACT_KILL_PROCESS", KILL_PROCESS),
        ("SCMP_ACT_TRAP", TRAP),
        ("SCMP_ACT_ERRNO", ERRNO | 13),
        ("SCMP_ACT_TRACE", TRACE | 13),
        ("SCMP_ACT_LOG", LOG),
    ] {
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"name":"open","action":"{action}","errnoRet":13}}]}}"#
        );
        let program = program(&text, &[]);
        assert_eq!(verdict(&program, OPEN, 0), expected, "{action}");
        // Everything is allowed by default, so that nothing is too new.
        assert_eq!([READ, 5000].map(|number| verdict(&program, number, 0)), [ALLOW, ALLOW]);
    }
}

#[test]
fn what_there_is_not_is_refused() {
    let rule = |action: &str, args: &str| {
        format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"names":["open"],"action":"{action}","errnoRet":4096,"args":{args}}}]}}"#
        )
    };
    let comparison = |index: u32, op: &str| format!(r#"[{{"index":{index},"value":1,"op":"{op}"}}]"#);
    for (text, error) in [
        (rule("ALLOW", "[]"), ProfileError::Action("ALLOW".to_owned())),
        (rule("SCMP_ACT_NOTIFY", "[]"), ProfileError::Notify),
        (rule("SCMP_ACT_ERRNO", "[]"), ProfileError::ErrorNumber(4096)),
        (
            rule("SCMP_ACT_KILL", &comparison(6, "SCMP_CMP_EQ")),
            ProfileError::Argument(6),
        ),
        (
            rule("SCMP_ACT_KILL", &comparison(0, "==")),
            ProfileError::Comparison("==".to_owned()),
        ),
        (
            r#"{"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_ARM"]}"#.to_owned(),
            ProfileError::Architecture("SCMP_ARCH_X86_64"),
        ),
    ] {
        let profile = parse(&text).unwrap();
        assert_eq!(profile.program(Architecture::X86_64, &[]), Err(error), "{text}");
    }
}

#[test]
fn a_program_that_the_kernel_would_not_take_is_refused() {
    let argument = r#"{"index":0,"value":1,"op":"SCMP_CMP_EQ"},{"index":0,"value":2,"op":"SCMP_CMP_EQ"}"#;
    let many = vec![argument; 450].join(",");
    let text = format!(
        r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"names":["open"],"action":"SCMP_ACT_KILL","args":[{many}]}}]}}"#
    );
    let error = parse(&text).unwrap().program(Architecture::X86_64, &[]);
    assert!(
        matches!(
            error,
            Err(ProfileError::Program {
                instructions: 4501..,
                limit: 4096
            })
        ),
        "{error:?}"
    );
}

/// A comparison, as it is written and as it is meant.
fn compare(op: &str, argument: u64, value: u64, value_two: u64) -> bool {
    match op {
        "EQ" => argument == value,
        "NE" => argument != value,
        "LT" => argument < value,
        "LE" => argument <= value,
        "GT" => argument > value,
        "GE" => argument >= value,
        _ => argument & value == value_two,
    }
}

/// Values whose halves are often alike.
fn value() -> impl Strategy<Value = u64> {
    let half = || prop_oneof![Just(0_u32), Just(1), Just(7), Just(u32::MAX), any::<u32>()];
    (half(), half()).prop_map(|(high, low)| u64::from(high) << 32 | u64::from(low))
}

proptest! {
    #[test]
    fn comparisons_are_those_of_numbers_of_64_bits(
        op in prop::sample::select(vec!["EQ", "NE", "LT", "LE", "GT", "GE", "MASKED_EQ"]),
        argument in value(), value in value(), value_two in value(), other in 0_u32..8,
    ) {
        // A second condition, which holds for six of eight arguments.
        let text = format!(
            r#"{{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{{"names":["open"],"action":"SCMP_ACT_TRAP","args":[
                {{"index":3,"value":{value},"valueTwo":{value_two},"op":"SCMP_CMP_{op}"}},
                {{"index":5,"value":2,"op":"SCMP_CMP_GE"}}]}}]}}"#
        );
        let is_met = compare(op, argument, value, value_two) && other >= 2;
        let program = program(&text, &[]);
        let got = run(&program, X86_64, OPEN, [9, 9, 9, argument, 9, u64::from(other)]);
        prop_assert_eq!(got, if is_met { TRAP } else { ALLOW });
    }

    #[test]
    fn each_number_has_its_own_verdict(
        names in prop::collection::vec((prop::sample::select(vec![
            ("read", 0), ("write", 1), ("open", 2), ("stat", 4), ("mmap", 9), ("ioctl", 16), ("socket", 41), ("clone", 56), ("fork", 57),
            ("kill", 62), ("chroot", 161), ("futex", 202), ("openat", 257), ("statx", 332), ("clone3", 435), ("openat2", 437),
        ]), 0_u32..4), 0..16),
        number in prop_oneof![0_u32..500, any::<u32>()],
    ) {
        let entries: Vec<String> = names
            .iter()
            .map(|((name, _), errno)| format!(r#"{{"names":["{name}"],"action":"SCMP_ACT_ERRNO","errnoRet":{errno}}}"#))
            .collect();
        let text = format!(r#"{{"defaultAction":"SCMP_ACT_LOG","syscalls":[{}]}}"#, entries.join(","));
        let last = names.iter().rev().find(|((_, known), _)| *known == number);
        let expected = last.map_or(LOG, |(_, errno)| ERRNO | errno);
        prop_assert_eq!(verdict(&program(&text, &[]), number, 0), expected);
    }

    #[test]
    fn arbitrary_text_never_panics(text in "\\PC*") {
        if let Ok(profile) = parse(&text) {
            let _ = profile.program(Architecture::Aarch64, &[]);
        }
    }
}
