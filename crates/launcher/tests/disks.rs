//! Trimming and freezing the disks of a running container.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::{FreezeRequest, StartRequest, StopRequest, TrimRequest};
use harness::{PATIENCE, World};

fn until_signal() -> Guest {
    Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }))
}

#[tokio::test]
async fn trimming_tells_the_bytes_of_all_disks_together_and_needs_a_workload() {
    let world = World::new(|_| {});
    let mut launcher = world.launch(&until_signal().with_trimmed_bytes([4096, 1 << 30]));
    let early = launcher.client.trim(TrimRequest {}).await.unwrap_err();
    assert_eq!(early.code(), tonic::Code::FailedPrecondition);
    launcher.client.start(StartRequest {}).await.unwrap();
    let response = launcher.client.trim(TrimRequest {}).await.unwrap().into_inner();
    assert_eq!(response.trimmed_bytes, 4096 + (1 << 30));
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn disks_are_thawed_when_the_client_goes_away() {
    let world = World::new(|_| {});
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let mut frozen = launcher.client.freeze(FreezeRequest {}).await.unwrap().into_inner();
    assert!(frozen.message().await.unwrap().is_some());
    let observed = guest.observed();
    assert_eq!((observed.frozen_count, observed.thawed_count), (1, 0));
    drop(frozen);
    let thawed = async {
        while guest.observed().thawed_count == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, thawed).await.unwrap();
    launcher.client.stop(StopRequest::default()).await.unwrap();
}
