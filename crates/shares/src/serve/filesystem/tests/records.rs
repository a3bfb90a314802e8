//! Owners that somebody else sets: another machine with the same tree, a program of the host.

use std::thread::sleep;

use rustix::fs::{XattrFlags, removexattr, setxattr};

use super::*;
use crate::serve::record::RECORD_NAME;
use crate::serve::record_cache::SETTLED;

/// Whom the file belongs to, for both machines; each looks twice, the second time at what it may have kept.
fn owner(machines: &[Machine; 2]) -> u32 {
    let looks = [0, 1, 0, 1].map(|index| {
        let machine: &Machine = &machines[index];
        let found = machine.look("tree/below/made").unwrap();
        let (again, _) = machine.filesystem.getattr(nobody(), found.inode, None).unwrap();
        assert_eq!(seen(&again), seen(&found.attr));
        found.attr.uid.into_inner()
    });
    assert_eq!(looks, [looks[0]; 4]);
    looks[0]
}

#[test]
fn an_owner_that_another_machine_or_the_host_sets_is_seen_at_once() {
    let host = host();
    let machines = [Machine::boot(host.path(), ONE), Machine::boot(host.path(), ONE)];
    let path = host.path().join("shared/below/made");
    machines[0].create(7, "tree/below", "made", 0o600).unwrap();
    assert_eq!(owner(&machines), 7);
    for round in 0..60_u32 {
        // At once, and when it has been long enough for the record to be kept.
        if round % 10 == 0 {
            sleep(2 * SETTLED);
            owner(&machines);
        }
        let expected = 1000 + round;
        match round % 3 {
            0 => drop(machines[1].chown("tree/below/made", expected, expected).unwrap()),
            1 => setxattr(
                &path,
                RECORD_NAME,
                format!("1:{expected}:-:-").as_bytes(),
                XattrFlags::empty(),
            )
            .unwrap(),
            _ => removexattr(&path, RECORD_NAME).unwrap(),
        }
        assert_eq!(owner(&machines), if round % 3 == 2 { 0 } else { expected }, "{round}");
    }
}

#[test]
fn an_owner_that_is_set_without_a_change_of_time_is_seen_after_a_fresh_file_s_first_look() {
    // What is read within one tick of the kernel's clock must not be kept: all of these may have one time of change.
    let host = host();
    let machines = [Machine::boot(host.path(), ONE), Machine::boot(host.path(), ONE)];
    let path = host.path().join("shared/below/made");
    fs::write(&path, "").unwrap();
    for owner_id in 1..500_u32 {
        setxattr(
            &path,
            RECORD_NAME,
            format!("1:{owner_id}:-:-").as_bytes(),
            XattrFlags::empty(),
        )
        .unwrap();
        assert_eq!(owner(&machines), owner_id);
    }
}

#[test]
fn a_directory_s_group_that_another_machine_sets_counts_for_what_is_made_in_it() {
    let host = host();
    let machines = [Machine::boot(host.path(), ONE), Machine::boot(host.path(), ONE)];
    for round in 0..8_u32 {
        machines[1].chown("tree/below", 5, 100 + round).unwrap();
        machines[1].chmod("tree/below", 0o2775).unwrap();
        let [first, second] = ["a", "b"].map(|name| {
            machines[0]
                .create(7, "tree/below", &format!("{name}{round}"), 0o600)
                .unwrap()
        });
        assert_eq!(first.attr.gid.into_inner(), 100 + round);
        assert_eq!(second.attr.gid.into_inner(), 100 + round);
        machines[1].chmod("tree/below", 0o775).unwrap();
        let third = machines[0]
            .create(7, "tree/below", &format!("c{round}"), 0o600)
            .unwrap();
        assert_eq!(third.attr.gid.into_inner(), 7);
        assert_eq!(
            seen(&machines[1].look(&format!("tree/below/c{round}")).unwrap().attr),
            seen(&third.attr)
        );
    }
}
