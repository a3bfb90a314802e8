//! The inputs with which the fuzz target begins: frames that another program made, many of them wrong in one way each.
//!
//! They are in the form in which the target reads its steps: a step is 1, its kind, its argument, its bytes and 0; each byte has a 1 before
//! it, and 0 ends the input.

use std::path::Path;

use super::properties::{Run, Step};

type RawStep = (u8, usize, Vec<u8>);

fn steps(input: &[u8]) -> Vec<RawStep> {
    let mut bytes = input.iter().copied();
    let mut steps = Vec::new();
    while bytes.next() == Some(1) {
        let (kind, argument) = (bytes.next().expect("a kind"), bytes.next().expect("an argument"));
        let mut body = Vec::new();
        while bytes.next() == Some(1) {
            body.push(bytes.next().expect("a byte"));
        }
        steps.push((kind, argument.into(), body));
    }
    steps
}

fn step((kind, argument, bytes): RawStep, full: &mut [bool; 3]) -> Step {
    let machine = argument % 3;
    match kind {
        0 => Step::Frame(machine, bytes),
        8 => {
            full[machine] = !full[machine];
            Step::Full(machine, full[machine])
        }
        9 => Step::Elapse(u64::from(bytes.last().copied().unwrap_or_default()) / 5),
        10 => Step::Connect(argument),
        11 => Step::Refuse(argument),
        12..=13 => Step::Answer(argument),
        14 => Step::Accept(machine, false),
        15 => Step::Remove(machine),
        _ => panic!("no seed has a step of the kind {kind}"),
    }
}

#[test]
fn seeds_of_the_fuzz_target_lead_to_valid_frames_for_the_right_machine_within_bounds() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds/netstack");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let input = std::fs::read(entry.unwrap().path()).unwrap();
        let (mut run, mut full) = (Run::new(), [false; 3]);
        for raw in steps(&input) {
            run.take(step(raw, &mut full));
            run.check();
        }
        count += 1;
    }
    assert!(count > 60, "{count} seeds");
}
