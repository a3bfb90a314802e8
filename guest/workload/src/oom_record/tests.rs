//! Records as the kernel writes them, and as it does not.

use std::fmt::Write as _;

use proptest::prelude::*;

use super::*;

/// What the kernel says of a killed process.
fn text(beginning: &[u8], pid: u32, name: &[u8], anonymous_kb: u64) -> Vec<u8> {
    let after = format!(
        ") total-vm:410132kB, anon-rss:{anonymous_kb}kB, file-rss:4kB, shmem-rss:0kB, UID:0 pgtables:820kB oom_score_adj:0"
    );
    [beginning, format!("{pid} (").as_bytes(), name, after.as_bytes()].concat()
}

/// A record with that text, as `msg_print_ext_body` of the kernel escapes it.
fn record(prefix: u32, text: &[u8]) -> Vec<u8> {
    let mut record = format!("{prefix},1021,73918321,-;");
    for byte in text {
        match byte {
            b'\\' | 0..b' ' | 127.. => write!(record, "\\x{byte:02x}").unwrap(),
            byte => record.push(char::from(*byte)),
        }
    }
    record.push('\n');
    record.into_bytes()
}

fn killed(name: &[u8]) -> Vec<u8> {
    record(3, &text(BEGINNINGS[0], 118, name, 200_000))
}

#[test]
fn a_killed_process_is_read_with_its_name_and_memory() {
    let expected = OomRecord {
        pid: 118,
        name: "dd".to_owned(),
        resident_bytes: 200_004 << 10,
    };
    for beginning in BEGINNINGS {
        let line = record(3, &text(beginning, 118, b"dd", 200_000));
        assert_eq!(OomRecord::parse(&line), Some(expected.clone()));
    }
    let line =
        b"3,7,1,-,caller=T118;Out of memory: Killed process 118 (dd) total-vm:1kB, anon-rss:200004kB\n SUBSYSTEM=x\n";
    assert_eq!(OomRecord::parse(line), Some(expected));
}

#[test]
fn names_are_whatever_programs_choose() {
    for name in [
        "a) (b",
        ") total-vm:1kB,",
        "a\nb",
        "tab\there",
        "back\\x41",
        "",
        "é",
        "123456789012345",
    ] {
        assert_eq!(OomRecord::parse(&killed(name.as_bytes())).unwrap().name, name);
    }
    assert_eq!(OomRecord::parse(&killed(b"a\xffb")).unwrap().name, "a\u{fffd}b");
}

#[test]
fn what_programs_write_is_no_record_of_the_kernels() {
    let text = text(BEGINNINGS[0], 1, b"forged", 1);
    assert!(OomRecord::parse(&record(7, &text)).is_some());
    // LOG_USER, which the kernel gives to what programs write, and facilities that they may ask for.
    for facility in [1, 3, 16, 31] {
        assert_eq!(OomRecord::parse(&record(facility << 3 | 3, &text)), None);
    }
}

#[test]
fn other_records_are_passed_over() {
    let whole = killed(b"dd");
    let head = whole.iter().position(|byte| *byte == b'(').unwrap();
    for length in 0..head {
        assert_eq!(OomRecord::parse(&whole[..length]), None);
    }
    for text in [
        "dd invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        "oom_reaper: reaped process 118 (dd), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB",
        "Out of memory: OOM victim 118 (dd) is already exiting. Skip killing the task",
        "x Out of memory: Killed process 118 (dd) total-vm:1kB",
        "x\nOut of memory: Killed process 118 (dd) total-vm:1kB",
        "Out of memory: Killed process -118 (dd) total-vm:1kB",
        "Out of memory: Killed process 118 (longer than names) total-vm:1kB",
        "Out of memory: Killed process 118 ) total-vm:1kB",
    ] {
        assert_eq!(OomRecord::parse(&record(3, text.as_bytes())), None, "{text}");
    }
}

proptest! {
    #[test]
    fn every_name_reads_back(
        which in 0..BEGINNINGS.len(),
        pid in any::<u32>(),
        name in proptest::collection::vec(any::<u8>(), 0..=NAME_MAX_BYTES),
        anonymous_kb in 0..1_u64 << 50,
    ) {
        let line = record(3, &text(BEGINNINGS[which], pid, &name, anonymous_kb));
        prop_assert_eq!(OomRecord::parse(&line), Some(OomRecord {
            pid,
            name: String::from_utf8_lossy(&name).into_owned(),
            resident_bytes: (anonymous_kb + 4) << 10,
        }));
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes: Vec<u8>, behind in "[0-9() a-z:,\\\\x]{0,60}") {
        let _ = OomRecord::parse(&bytes);
        let begun = [b"3,1,1,-;".as_slice(), BEGINNINGS[0], behind.as_bytes()].concat();
        let _ = OomRecord::parse(&begun);
    }
}
