//! Builds as they look at a time.

use container_build::{BuildEvent, OutputStream, VertexId};
use proptest::prelude::*;

use super::*;

fn at(tenths: u64) -> Duration {
    Duration::from_millis(100 * tenths)
}

fn started(number: u64, name: &str) -> BuildEvent {
    BuildEvent::Started {
        vertex: VertexId(number),
        name: name.to_owned(),
    }
}

fn finished(number: u64, tenths: u64) -> BuildEvent {
    BuildEvent::Finished {
        vertex: VertexId(number),
        took: at(tenths),
    }
}

fn output(number: u64, text: &str) -> BuildEvent {
    BuildEvent::Output {
        vertex: VertexId(number),
        stream: OutputStream::Stderr,
        bytes: text.as_bytes().to_vec(),
    }
}

fn board(events: Vec<(u64, BuildEvent)>) -> Board {
    let mut board = Board::default();
    for (tenths, event) in events {
        board.event(event, at(tenths));
    }
    board
}

fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("{}\n", line.text())).collect()
}

fn build() -> Board {
    let cached = BuildEvent::Cached { vertex: VertexId(2) };
    board(vec![
        (0, started(1, "[internal] load build definition and context")),
        (1, finished(1, 1)),
        (1, BuildEvent::Planned { further: 4 }),
        (1, started(2, "[1/3] FROM docker.io/library/busybox:latest")),
        (1, cached),
        (1, finished(2, 0)),
        (2, started(3, "[2/3] RUN make")),
        (3, output(3, "one\ntwo\nthr")),
    ])
}

const SIZE: WindowSize = WindowSize { rows: 24, columns: 60 };

#[test]
fn steps_have_their_times_and_those_that_run_their_last_lines() {
    let expected = "\
[+] Building 1.4s (2/5)
 => [internal] load build definition and context       0.1s
 => CACHED [1/3] FROM docker.io/library/busybox:latest 0.0s
 => [2/3] RUN make                                     1.2s
 => => # one
 => => # two
 => => # thr
";
    assert_eq!(text(&frame(&build(), at(14), SIZE)), expected);
}

#[test]
fn the_end_shows_what_was_done_and_what_was_not() {
    let mut board = build();
    board.event(started(4, "[other 1/1] RUN test"), at(15));
    let failed = BuildEvent::Failed {
        vertex: VertexId(3),
        reason: "no".to_owned(),
    };
    board.event(failed, at(20));
    let expected = "\
[+] Building 2.5s (3/5) ERROR
 => [internal] load build definition and context       0.1s
 => CACHED [1/3] FROM docker.io/library/busybox:latest 0.0s
 => ERROR [2/3] RUN make                               1.8s
 => CANCELED [other 1/1] RUN test                      1.0s
";
    assert_eq!(text(&last_frame(&board, at(25), SIZE)), expected);
}

#[test]
fn where_there_is_little_room_what_runs_is_shown() {
    let size = WindowSize { rows: 5, columns: 30 };
    let expected = "\
[+] Building 1.4s (2/5)
 => [internal] load buil 0.1s
 => CACHED [1/3] FROM do 0.0s
 => [2/3] RUN make       1.2s
";
    assert_eq!(text(&frame(&build(), at(14), size)), expected);
    let size = WindowSize { rows: 3, columns: 30 };
    assert!(text(&frame(&build(), at(14), size)).contains("RUN make"));
}

#[test]
fn wide_characters_are_not_cut_in_two() {
    let board = board(vec![(0, started(1, "RUN echo 漢字漢字漢字"))]);
    let size = WindowSize { rows: 9, columns: 24 };
    assert_eq!(
        text(&frame(&board, at(0), size)),
        "[+] Building 0.0s (0/1)\n => RUN echo 漢字  0.0s\n"
    );
}

proptest! {
    #[test]
    fn nothing_is_ever_higher_or_wider_than_the_terminal(
        steps in proptest::collection::vec(("\\PC{0,80}", "(\\PC|\n){0,200}", any::<bool>()), 0..30),
        rows in 0..40_u16,
        columns in 0..120_u16,
    ) {
        let mut board = Board::default();
        for (number, (name, written, has_ended)) in (0..).zip(&steps) {
            board.event(started(number, name), at(number));
            board.event(output(number, written), at(number));
            if *has_ended {
                board.event(finished(number, 1), at(number));
            }
        }
        let size = WindowSize { rows, columns };
        let lines = frame(&board, at(1000), size);
        prop_assert!(lines.len() < usize::from(rows).max(2));
        for line in lines.iter().chain(&last_frame(&board, at(1000), size)) {
            prop_assert!(columns_of(line.text()) <= usize::from(columns.saturating_sub(1)));
        }
    }
}
