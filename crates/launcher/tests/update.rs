//! Limits and the restart policy of a container that lives.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::{SignalRequest, StartRequest, StopRequest, UpdateRequest};
use container_launcher::{EndedRun, NextRun, RunPolicy};
use container_model::{ContainerConfig, Phase, RestartPolicy};
use harness::{PATIENCE, Runs, Source, World};
use tonic::Code;

const MIB: u64 = 1 << 20;

/// Ends a workload without a wish that no other run follows.
const SIGUSR1: u32 = 10;

/// Longer than any test takes.
const FOR_EVER: Duration = Duration::from_secs(100_000);

fn until_signal() -> Guest {
    Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }))
}

fn world() -> World {
    World::new(|config| {
        config.resources.cpus = 2;
        config.resources.memory_bytes = 512 * MIB;
    })
}

fn recorded(world: &World) -> ContainerConfig {
    world.store().load(world.id()).unwrap().config
}

/// The changes of limits that the guest was asked for, each as `name=value …`.
fn changes(guest: &Guest) -> Vec<String> {
    let changes = guest.observed().limits;
    let text = |files: &Vec<container_agent_api::v1::ControlFile>| {
        let files = files.iter().map(|file| format!("{}={}", file.name, file.value));
        files.collect::<Vec<_>>().join(" ")
    };
    changes.iter().map(text).collect()
}

#[tokio::test]
async fn a_running_container_has_other_limits_at_once_and_on_record() {
    let world = world();
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let update = UpdateRequest {
        pids: Some(64),
        cpus: Some(1),
        restart: Some("on-failure:2".to_owned()),
        ..UpdateRequest::default()
    };
    let answer = launcher.client.update(update).await.unwrap().into_inner();
    assert_eq!((answer.next_cpus, answer.next_memory_bytes), (None, None));
    assert_eq!(changes(&guest), ["cpuset.cpus=0 pids.max=64"]);
    let config = recorded(&world);
    assert_eq!(config.resources.cpus, 1);
    assert_eq!(config.resources.control_group.pids, Some(64));
    assert_eq!(config.options.restart.to_string(), "on-failure:2");

    // More than the machine has comes later; what is the same is not written again.
    let more = UpdateRequest {
        pids: Some(64),
        cpus: Some(4),
        memory_bytes: Some(1024 * MIB),
        ..UpdateRequest::default()
    };
    let answer = launcher.client.update(more).await.unwrap().into_inner();
    assert_eq!(
        (answer.next_cpus, answer.next_memory_bytes),
        (Some(4), Some(1024 * MIB))
    );
    assert_eq!(changes(&guest)[1..], ["cpuset.cpus="]);
    assert_eq!(recorded(&world).resources.memory_bytes, 1024 * MIB);
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert_eq!(
        recorded(&world).resources.cpus,
        4,
        "the end does not bring the old ones back"
    );
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let world = world();
    let guest = until_signal().refusing_limits("memory.max", "the container uses 400 MiB of memory");
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let before = recorded(&world);
    let less = UpdateRequest {
        memory_bytes: Some(256 * MIB),
        pids: Some(64),
        ..UpdateRequest::default()
    };
    let refused = launcher.client.update(less).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message()),
        (Code::FailedPrecondition, "the container uses 400 MiB of memory")
    );
    let contradiction = UpdateRequest {
        memory_swap_bytes: Some(MIB),
        ..UpdateRequest::default()
    };
    let refused = launcher.client.update(contradiction).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    assert!(changes(&guest).is_empty());
    assert_eq!(recorded(&world), before);
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn limits_that_cannot_be_recorded_are_taken_back() {
    let world = world();
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let path = world.store().bundle(world.id()).config();
    let record = std::fs::read(&path).unwrap();
    // No file can take the place of a directory.
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let update = || UpdateRequest {
        pids: Some(64),
        ..UpdateRequest::default()
    };
    let failed = launcher.client.update(update()).await.unwrap_err();
    assert_eq!(failed.code(), Code::Aborted, "{failed}");
    assert_eq!(changes(&guest), ["pids.max=64", "pids.max=max"]);
    std::fs::remove_dir(&path).unwrap();
    std::fs::write(&path, record).unwrap();
    launcher.client.update(update()).await.unwrap();
    assert_eq!(changes(&guest).len(), 3);
    assert_eq!(recorded(&world).resources.control_group.pids, Some(64));
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn the_next_run_has_what_the_machine_of_this_one_could_not() {
    let mut world = world();
    world.runs = Runs {
        count: 2,
        pause: Duration::ZERO,
    };
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let more = UpdateRequest {
        memory_bytes: Some(1024 * MIB),
        cpu_shares: Some(1024),
        ..UpdateRequest::default()
    };
    launcher.client.update(more).await.unwrap();
    let signal = SignalRequest {
        process_id: String::new(),
        signal: SIGUSR1,
    };
    launcher.client.signal(signal).await.unwrap();
    // It waits for the workload of the next run.
    let second_run = async {
        while guest.observed().containers.len() < 2 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, second_run).await.unwrap();
    let update = UpdateRequest {
        cpu_shares: Some(0),
        ..UpdateRequest::default()
    };
    let answer = launcher.client.update(update).await.unwrap().into_inner();
    assert_eq!(answer.next_memory_bytes, None, "its machine has that much");
    assert_eq!(changes(&guest), ["cpu.weight=39", "cpu.weight=100"]);
    let made = &guest.observed().containers[1];
    assert_eq!(made.memory_limit_bytes, 1024 * MIB);
    assert_eq!(made.control_files[0].value, "39");
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}

/// What the record says, with pauses for ever.
struct Recorded;

impl RunPolicy for Recorded {
    fn after(&self, run: &EndedRun) -> NextRun {
        match run.restart.is_no() {
            true => NextRun::None,
            false => NextRun::After { pause: FOR_EVER },
        }
    }
}

#[tokio::test]
async fn a_policy_without_restarts_ends_a_container_that_waits_for_its_next_run() {
    let world = World::new(|config| config.options.restart = RestartPolicy::Always);
    let guest = Guest::running(|_| Process::exits(3));
    let mut launcher = world.launch_with_policy(Source::new(&guest), Recorded);
    launcher.client.start(StartRequest {}).await.unwrap();
    let pausing = async {
        while !matches!(world.phase(), Phase::Starting { after: Some(_) }) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, pausing).await.unwrap();
    let policy = |restart: &str| UpdateRequest {
        restart: Some(restart.to_owned()),
        pids: Some(64),
        ..UpdateRequest::default()
    };
    launcher.client.update(policy("unless-stopped")).await.unwrap();
    assert!(matches!(world.phase(), Phase::Starting { .. }), "it goes on waiting");
    launcher.client.update(policy("no")).await.unwrap();
    launcher.ended().await;
    let Phase::Stopped { exit, .. } = world.phase() else {
        panic!("{:?}", world.phase());
    };
    assert_eq!(exit.unwrap().exit_code, 3);
    let config = recorded(&world);
    assert!(config.options.restart.is_no() && config.resources.control_group.pids == Some(64));
    assert!(changes(&guest).is_empty());
}

#[tokio::test]
async fn a_container_that_is_removed_at_its_end_gets_no_restart_policy() {
    let world = World::new(|config| config.options.auto_remove = true);
    let guest = until_signal();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let update = UpdateRequest {
        restart: Some("always".to_owned()),
        ..UpdateRequest::default()
    };
    let refused = launcher.client.update(update).await.unwrap_err();
    assert!(refused.message().contains("--rm"), "{refused}");
    launcher.client.stop(StopRequest::default()).await.unwrap();
}
