//! Pausing a running container.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::{
    ListProcessesRequest, ReadStatisticsRequest, SetPausedRequest, SignalRequest, StartRequest, StatPathRequest,
    StopRequest, WaitRequest,
};
use harness::World;
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
