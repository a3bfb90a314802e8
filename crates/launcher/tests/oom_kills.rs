//! What the guest's kernel kills for lack of memory: what is on record and told of it, and what clients hear.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_agent_api::v1::{OomKill, ProcessRole};
use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::exec_response::Response as Event;
use container_launcher::control::v1::{ExecOpen, ExecRequest, StartRequest, StopRequest, exec_request};
use container_model::OomKills;
use harness::{World, owner, until, waiting};
use tokio_stream::StreamExt as _;

fn kill(process: &str, pid: u32, count: u64) -> OomKill {
    OomKill {
        process: process.to_owned(),
        pid,
        resident_bytes: 4096,
        count,
    }
}

fn on_record(world: &World) -> Option<OomKills> {
    world.store().load(world.id()).unwrap().state.oom_kills
}

/// The attributes of each `oom` that was told.
fn told(world: &World) -> Vec<[Option<String>; 4]> {
    let lines = std::fs::read_to_string(world.paths().events()).unwrap_or_default();
    let events = lines
        .lines()
        .filter_map(|line| container_model::Event::parse(line.as_bytes()));
    events
        .filter(|event| event.action == "oom")
        .map(|event| ["process", "pid", "residentBytes", "count"].map(|key| event.attributes.get(key).cloned()))
        .collect()
}

fn some(texts: [&str; 4]) -> [Option<String>; 4] {
    texts.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))
}

#[tokio::test]
async fn a_kill_is_told_while_the_container_goes_on_and_those_behind_it_together() {
    let world = World::new(|_| {});
    let kills = [kill("a) (b", 7, 1), kill("dd", 0, 2), kill("awk", 9, 1)];
    let guest = Guest::running(move |_| waiting().with_oom_kills(kills.clone()));
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    until("told", || told(&world).len() == 2).await;
    assert_eq!(
        told(&world),
        [some(["a) (b", "7", "4096", ""]), some(["awk", "9", "4096", "3"])]
    );
    let kills = on_record(&world).unwrap();
    assert_eq!((kills.count, kills.last.process.as_deref()), (4, Some("awk")));
    assert_eq!(world.phase().label(), "running");
    let stop = StopRequest {
        signal: 15,
        timeout_ms: 60_000,
    };
    launcher.client.stop(stop).await.unwrap();
    launcher.ended().await;
    assert_eq!(told(&world).len(), 2);
    assert_eq!(on_record(&world).unwrap().count, 4);
}

#[tokio::test]
async fn clients_hear_what_was_killed_when_the_workload_has_failed() {
    for (outcome, is_told) in [
        (Outcome::OutOfMemory { killed: None }, true),
        // A shell, or make, that has lost a child.
        (
            Outcome::Exit {
                code: 2,
                after: Duration::ZERO,
            },
            true,
        ),
        (
            Outcome::Exit {
                code: 0,
                after: Duration::ZERO,
            },
            false,
        ),
    ] {
        let world = World::new(|_| {});
        let process = Process::ends(outcome).with_oom_kills([kill("cc1", 7, 1)]);
        let launcher = world.launch(&Guest::running(move |_| process.clone()));
        let seen = launcher.attach(owner()).await.finish().await;
        match (seen.notices.as_slice(), is_told) {
            ([], false) => {}
            ([text], true) => assert!(text.contains("killed \"cc1\" (process 7) for lack"), "{text}"),
            (notices, _) => panic!("{notices:?}"),
        }
        launcher.ended().await;
        assert_eq!(told(&world), [some(["cc1", "7", "4096", ""])]);
    }
}

#[tokio::test]
async fn a_guest_that_cannot_say_what_was_killed_says_that_something_was() {
    let world = World::new(|_| {});
    let launcher = world.launch(&Guest::running(|_| {
        Process::ends(Outcome::OutOfMemory { killed: None })
    }));
    let seen = launcher.attach(owner()).await.finish().await;
    assert!(seen.exit.unwrap().oom_killed);
    assert!(
        seen.notices[0].contains("killed a process for lack of memory"),
        "{seen:?}"
    );
    launcher.ended().await;
    assert_eq!(told(&world), [some([""; 4])]);
    let kills = on_record(&world).unwrap();
    assert_eq!((kills.count, kills.last.process), (1, None));
}

#[tokio::test]
async fn the_client_of_a_killed_process_hears_that_it_was() {
    let world = World::new(|_| {});
    let killed = Some(kill("eater", 12, 1));
    let guest = Guest::running(move |start| match start.role() {
        ProcessRole::Exec => Process::ends(Outcome::OutOfMemory { killed: killed.clone() }),
        _ => waiting(),
    });
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let open = ExecOpen {
        process_id: "exec-1".to_owned(),
        arguments: vec!["eater".to_owned()],
        ..ExecOpen::default()
    };
    let first = ExecRequest {
        request: Some(exec_request::Request::Open(open)),
    };
    let requests = tokio_stream::once(first).chain(tokio_stream::pending());
    let responses = launcher.client.exec(requests).await.unwrap().into_inner();
    let events: Vec<_> = responses
        .map(|response| response.unwrap().response.unwrap())
        .collect()
        .await;
    let [Event::Running(_), Event::Notice(notice), Event::Exited(exited)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert!(notice.text.contains("killed \"eater\" (process 12)"), "{notice:?}");
    assert_eq!((exited.exit_code, exited.oom_killed), (137, true));
    let stop = StopRequest {
        signal: 15,
        timeout_ms: 60_000,
    };
    launcher.client.stop(stop).await.unwrap();
    launcher.ended().await;
}
