//! A host whose disk is full below a running machine.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::attach_request::Request as Wire;
use container_launcher::control::v1::attach_response::Response as Event;
use container_launcher::control::v1::exec_request::Request as ExecWire;
use container_launcher::control::v1::exec_response::Response as ExecEvent;
use container_launcher::control::v1::{
    AttachOpen, CloseStdin, ExecOpen, ExecRequest, SignalRequest, StartRequest, StatusRequest, StopRequest,
};
use container_model::Phase;
use harness::{Attached, Launcher, PATIENCE, World, owner};
use tokio_stream::StreamExt as _;

const SIGKILL: u32 = 9;

/// It is on a file system that never has room.
const NO_ROOM_EVER: &str = "/proc";

fn echo() -> Guest {
    Guest::running(|_| Process::ends(Outcome::Echo))
}

/// A world whose container has standard input.
fn world() -> World {
    World::new(|config| config.options.stdin = true)
}

fn with_stdin() -> AttachOpen {
    AttachOpen { stdin: true, ..owner() }
}

async fn running(launcher: &Launcher, open: AttachOpen) -> Attached {
    let mut client = launcher.attach(open).await;
    assert!(matches!(client.next().await, Some(Event::Running(_))));
    client
}

async fn notice(client: &mut Attached) -> String {
    match client.next().await {
        Some(Event::Notice(notice)) => notice.text,
        other => panic!("{other:?}"),
    }
}

async fn paused_because(launcher: &Launcher) -> String {
    let status = launcher.client.clone().status(StatusRequest {}).await.unwrap();
    status.into_inner().paused_because
}

#[tokio::test]
async fn clients_are_told_and_the_machine_goes_on_once_there_is_room() {
    let (world, guest) = (world(), echo());
    let image = world.store().bundle(world.id()).root_disk();
    let launcher = world.launch(&guest);
    let mut client = running(&launcher, with_stdin()).await;
    assert_eq!(paused_because(&launcher).await, "");

    guest.take_room([&image]);
    let text = notice(&mut client).await;
    let expected = format!(
        "the container is paused: the host's disk is full: {} cannot grow; free some space and it goes on by itself",
        image.display()
    );
    assert_eq!(text, expected);
    let reason = paused_because(&launcher).await;
    assert_eq!(
        reason,
        format!("the host's disk is full: {} cannot grow", image.display())
    );
    // The file system of this test has room, so that there are tries, which end like the first one.
    while guest.try_count() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(paused_because(&launcher).await, reason);

    let late = AttachOpen::default();
    let mut late = running(&launcher, late).await;
    assert_eq!(notice(&mut late).await, expected, "one that comes now is told as well");

    guest.take_room([""; 0]);
    for client in [&mut client, &mut late] {
        let text = notice(client).await;
        assert_eq!(text, "the container goes on: the host's disk has room again");
    }
    assert_eq!(paused_because(&launcher).await, "");
    client.send(Wire::Stdin(b"still there".to_vec())).await;
    client.send(Wire::CloseStdin(CloseStdin {})).await;
    let seen = client.finish().await;
    assert_eq!(
        (seen.stdout.as_slice(), seen.exit.unwrap().exit_code),
        (&b"still there"[..], 0)
    );
    assert_eq!(seen.notices, [""; 0], "neither pause nor end are told twice");
    launcher.ended().await;
}

#[tokio::test]
async fn clients_of_other_processes_are_told_too() {
    let (world, guest) = (world(), echo());
    let launcher = world.launch(&guest);
    let _owner = running(&launcher, with_stdin()).await;
    let open = ExecOpen {
        process_id: "other".to_owned(),
        arguments: vec!["cat".to_owned()],
        stdin: true,
        ..ExecOpen::default()
    };
    let open = ExecRequest {
        request: Some(ExecWire::Open(open)),
    };
    let requests = tokio_stream::once(open).chain(tokio_stream::pending());
    let mut responses = launcher.client.clone().exec(requests).await.unwrap().into_inner();
    let mut next = async || responses.message().await.unwrap().unwrap().response.unwrap();
    assert!(matches!(next().await, ExecEvent::Running(_)));
    guest.take_room([NO_ROOM_EVER]);
    let ExecEvent::Notice(notice) = next().await else {
        panic!("no notice");
    };
    assert!(notice.text.contains("the host's disk is full: /"), "{}", notice.text);

    let mut client = launcher.client.clone();
    let refused = client.exec(tokio_stream::pending()).await.unwrap_err();
    let expected = format!("it is paused: the host's disk is full: {NO_ROOM_EVER} cannot grow");
    assert_eq!(
        refused.message(),
        expected,
        "a guest that stands still is not waited for"
    );
}

#[tokio::test]
async fn a_machine_is_not_asked_to_go_on_while_there_is_no_room() {
    let (world, guest) = (world(), echo());
    let launcher = world.launch(&guest);
    let mut client = running(&launcher, with_stdin()).await;
    guest.take_room([NO_ROOM_EVER]);
    notice(&mut client).await;
    tokio::time::sleep(10 * world.limits.room).await;
    assert_eq!(guest.try_count(), 0);
}

#[tokio::test]
async fn a_container_that_stands_still_is_stopped_and_killed_in_bounded_time() {
    for is_kill in [false, true] {
        let mut world = world();
        // More than the test's patience, so that nothing waits for a guest that stands still.
        world.limits.kill = 2 * PATIENCE;
        let ignores = vec![15];
        let guest = Guest::running(move |_| {
            let ignores = ignores.clone();
            Process::ends(Outcome::UntilSignal { ignores })
        });
        let mut launcher = world.launch(&guest);
        let mut client = running(&launcher, with_stdin()).await;
        guest.take_room([NO_ROOM_EVER]);
        notice(&mut client).await;
        if is_kill {
            let kill = SignalRequest {
                process_id: String::new(),
                signal: SIGKILL,
            };
            launcher.client.signal(kill).await.unwrap();
        } else {
            let stop = StopRequest {
                signal: 0,
                timeout_ms: 50,
            };
            let stopped = tokio::time::timeout(PATIENCE, launcher.client.stop(stop));
            stopped.await.expect("it ends").unwrap();
        }
        let seen = client.finish().await;
        assert_eq!(seen.exit.unwrap().exit_code, 137);
        assert_eq!(seen.notices, [""; 0], "it did not go on");
        let Phase::Stopped { reason, .. } = world.phase() else {
            panic!("{:?}", world.phase());
        };
        let expected = "its machine was switched off while the host's disk was full";
        assert_eq!(reason.as_deref(), Some(expected));
        launcher.ended().await;
    }
}

#[tokio::test]
async fn a_start_on_a_full_disk_fails_with_the_reason() {
    let (mut world, guest) = (world(), echo());
    world.limits.boot = PATIENCE;
    guest.take_room(["/images/rootfs.ext4"]);
    let mut launcher = world.launch(&guest);
    let response = launcher.client.start(StartRequest {}).await.unwrap().into_inner();
    let Some(container_launcher::control::v1::start_response::Outcome::Failure(failure)) = response.outcome else {
        panic!("{response:?}");
    };
    assert_eq!(
        failure.message,
        "the container cannot be started: the host's disk is full: /images/rootfs.ext4 cannot grow"
    );
    assert_eq!(failure.hint, "free some space and start it again");
    launcher.ended().await;
}
