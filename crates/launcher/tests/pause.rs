//! Pausing a running container.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::{
    ExecOpen, ExecRequest, ListProcessesRequest, ReadStatisticsRequest, SetPausedRequest, SignalRequest, StartRequest,
    StatPathRequest, StopRequest, WaitRequest, exec_request, exec_response,
};
use harness::{PATIENCE, World, until};
use tokio_stream::StreamExt as _;
use tonic::Code;

const PAUSE: SetPausedRequest = SetPausedRequest { paused: true };
const UNPAUSE: SetPausedRequest = SetPausedRequest { paused: false };

/// Longer than any test takes.
const FOR_EVER_MS: u64 = 1_000_000;

fn until_signal() -> Guest {
    Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }))
}

#[tokio::test]
async fn a_pause_is_on_record_and_keeps_processes_from_being_started() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    let early = launcher.client.set_paused(PAUSE).await.unwrap_err();
    assert_eq!(early.code(), Code::FailedPrecondition);
    launcher.client.start(StartRequest {}).await.unwrap();
    assert!(launcher.client.set_paused(UNPAUSE).await.is_err());
    launcher.client.set_paused(PAUSE).await.unwrap();
    assert!(world.phase().is_paused());
    let listed = launcher.client.list_processes(ListProcessesRequest {}).await.unwrap();
    let [process] = listed.into_inner().processes.try_into().unwrap();
    assert_eq!((process.pid, process.command.as_str()), (1, "sh -c true"));
    let told = launcher.client.read_statistics(ReadStatisticsRequest {}).await.unwrap();
    let told = told.into_inner();
    assert_eq!((told.process_count, told.cpu_us), (Some(1), None));
    let again = launcher.client.set_paused(PAUSE).await.unwrap_err();
    assert_eq!(again.message(), "it is paused already");
    let refused = launcher.client.stat_path(StatPathRequest::default()).await.unwrap_err();
    assert!(refused.message().contains("paused"), "{refused}");
    launcher.client.set_paused(UNPAUSE).await.unwrap();
    assert!(!world.phase().is_paused());
    launcher.client.stat_path(StatPathRequest::default()).await.unwrap();
    assert_eq!(guest.observed().pauses, [true, false]);
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

/// The first request of an `exec`.
fn exec_open() -> ExecRequest {
    let open = ExecOpen {
        process_id: "exec-1".to_owned(),
        arguments: vec!["job".to_owned()],
        ..ExecOpen::default()
    };
    ExecRequest {
        request: Some(exec_request::Request::Open(open)),
    }
}

#[tokio::test]
async fn a_process_that_is_being_started_is_before_a_pause_that_comes_meanwhile() {
    let world = World::new(|_| {});
    let guest = Guest::running(|_| {
        Process::ends(Outcome::UntilSignal { ignores: Vec::new() }).starting_after(Duration::from_millis(100))
    });
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let requests = tokio_stream::iter([exec_open()]).chain(tokio_stream::pending());
    let mut responses = launcher.client.exec(requests).await.unwrap().into_inner();
    until("the guest is asked to start it", || guest.observed().starts.len() == 2).await;
    launcher.client.set_paused(PAUSE).await.unwrap();
    // What is told is written in its order, and the pause after that.
    let told = std::fs::read_to_string(world.paths().events()).unwrap();
    assert!(told.contains("exec_start: job"), "{told}");
    let first = responses.next().await.unwrap().unwrap().response;
    assert!(matches!(first, Some(exec_response::Response::Running(_))), "{first:?}");
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_process_that_is_named_only_after_a_pause_is_refused() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let (name, names) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(names);
    let responses = launcher.client.exec(requests).await.unwrap().into_inner();
    launcher.client.set_paused(PAUSE).await.unwrap();
    name.send(exec_open()).await.unwrap();
    let responses = responses.map(|response| response.unwrap().response.unwrap()).collect();
    let responses: Vec<_> = tokio::time::timeout(PATIENCE, responses).await.expect("it is refused");
    let [exec_response::Response::Failure(failure)] = responses.as_slice() else {
        panic!("{responses:?}")
    };
    assert_eq!(failure.message, "it is paused: unpause it first");
    assert_eq!(guest.observed().starts.len(), 1);
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_paused_container_goes_on_to_heed_its_stop_signal() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    launcher.client.set_paused(PAUSE).await.unwrap();
    let stop = StopRequest {
        timeout_ms: FOR_EVER_MS,
        ..StopRequest::default()
    };
    launcher.client.stop(stop).await.unwrap();
    assert_eq!(guest.observed().pauses, [true, false]);
    launcher.ended().await;
}

#[tokio::test]
async fn a_paused_container_is_killed_as_it_is() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    launcher.client.set_paused(PAUSE).await.unwrap();
    let kill = SignalRequest {
        process_id: String::new(),
        signal: 9,
    };
    launcher.client.signal(kill).await.unwrap();
    launcher.client.wait(WaitRequest::default()).await.unwrap();
    assert_eq!(guest.observed().pauses, [true]);
    launcher.ended().await;
}
