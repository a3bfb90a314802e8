//! A container that runs several times under one launcher.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use container_hypervisor::MachineExit;
use container_hypervisor::fake::{Boot, FakeHypervisor, Guest, Outcome, Process};
use container_launcher::control::v1 as control;
use container_launcher::control::v1::attach_request::Request as Wire;
use container_launcher::control::v1::attach_response::Response as Event;
use container_launcher::control::v1::exec_request::Request as ExecWire;
use container_launcher::control::v1::exec_response::Response as ExecEvent;
use container_launcher::control::v1::{
    AttachOpen, CloseStdin, ExecOpen, ExecRequest, Phase as WirePhase, StatusRequest, StopRequest, WaitRequest,
};
use container_model::Phase;
use harness::{Launcher, PATIENCE, Runs, Source, World, owner};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// A signal that ends a workload without a wish of its sender that no other run follows.
const SIGUSR1: u32 = 10;

fn twice(pause: Duration) -> Runs {
    Runs { count: 2, pause }
}

/// A guest whose first process tells how often one was started before it, and then ends as `outcome` says.
fn counting(outcome: impl Fn(u32) -> Outcome + Send + Sync + 'static) -> Guest {
    let starts = Arc::new(AtomicU32::new(0));
    Guest::running(move |start| {
        if start.process_id != "init" {
            return Process::ends(Outcome::UntilSignal { ignores: Vec::new() });
        }
        let number = starts.fetch_add(1, Ordering::Relaxed) + 1;
        Process::ends(outcome(number)).with_stdout(format!("run {number}\n"))
    })
}

fn exits(code: u32) -> Outcome {
    Outcome::Exit {
        code,
        after: Duration::ZERO,
    }
}

/// Waits until the launcher is in this phase of this run.
async fn until(launcher: &Launcher, phase: WirePhase, run: u32) {
    let mut client = launcher.client.clone();
    let reached = async {
        loop {
            let status = client.status(StatusRequest {}).await.unwrap().into_inner();
            if status.phase() == phase && status.run == run {
                return;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it gets there");
}

#[tokio::test]
async fn a_client_sees_the_output_of_all_runs_and_one_end() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::ZERO);
    let guest = counting(|number| exits(number + 2));
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    let seen = attached.finish().await;
    assert!(seen.running && seen.failure.is_none());
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "run 1\nrun 2\n");
    assert_eq!(seen.exit.unwrap().exit_code, 4);
    drop(attached);
    launcher.ended().await;
    assert_eq!(String::from_utf8_lossy(&world.logged()), "run 1\nrun 2\n");
    let Phase::Stopped {
        started,
        finished,
        exit,
        ..
    } = world.phase()
    else {
        panic!("{:?}", world.phase());
    };
    assert!(started.unwrap() <= finished.unwrap());
    assert_eq!(exit.unwrap().exit_code, 4);
    assert_eq!(world.socket_count(), 0);
    let observed = guest.observed();
    assert_eq!(
        (observed.hellos.len(), observed.containers.len()),
        (2, 2),
        "each run has a machine"
    );
    assert_ne!(
        observed.hellos[0].token, observed.hellos[1].token,
        "each boot has a token"
    );
}

#[tokio::test]
async fn what_is_free_on_the_disk_is_given_back_at_the_end_and_not_between_two_runs() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::ZERO);
    let path = world.store().bundle(world.id()).root_disk();
    let mut disk = std::fs::File::create(&path).unwrap();
    container_ext4::format_writable(&mut disk, &disk_options()).unwrap();
    // As what was deleted last.
    disk.write_all_at(&vec![1; 8 << 20], 40 << 20).unwrap();
    disk.sync_all().unwrap();
    let allocated_bytes = move || std::fs::metadata(&path).unwrap().blocks() * 512;
    let before_bytes = allocated_bytes();
    let seen_bytes = Arc::new(AtomicU64::new(0));
    let guest = counting({
        let (allocated_bytes, seen_bytes) = (allocated_bytes.clone(), Arc::clone(&seen_bytes));
        move |_| {
            seen_bytes.store(allocated_bytes(), Ordering::Relaxed);
            exits(0)
        }
    });
    let launcher = world.launch(&guest);
    let seen = launcher.attach(owner()).await.finish().await;
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "run 1\nrun 2\n");
    launcher.ended().await;
    assert_eq!(seen_bytes.load(Ordering::Relaxed), before_bytes);
    assert!(allocated_bytes() <= before_bytes - (8 << 20));
}

fn disk_options() -> container_ext4::FormatOptions {
    container_ext4::FormatOptions {
        size_bytes: 64 << 20,
        uuid: [7; 16],
        label: String::new(),
        made: container_ext4::Timestamp {
            seconds: 0,
            nanoseconds: 0,
        },
        root: (0o755, 0, 0),
        directories: Vec::new(),
        journal: Some(container_ext4::Journal::default()),
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_last_run() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::from_millis(20));
    let launcher = world.launch(&counting(exits));
    let attached = launcher.attach(owner()).await;
    let mut client = launcher.client.clone();
    let ended = tokio::time::timeout(PATIENCE, client.wait(WaitRequest::default())).await;
    let status = ended.unwrap().unwrap().into_inner().exit_status.unwrap();
    assert_eq!(status.exit_code, 2);
    drop((attached, client));
    launcher.ended().await;
}

#[tokio::test]
async fn standard_input_reaches_the_run_that_reads() {
    let mut world = World::new(|config| config.options.stdin = true);
    world.runs = twice(Duration::ZERO);
    let guest = counting(|number| match number {
        1 => exits(0),
        _ => Outcome::Echo,
    });
    let launcher = world.launch(&guest);
    let open = AttachOpen { stdin: true, ..owner() };
    let mut attached = launcher.attach(open).await;
    until(&launcher, WirePhase::Running, 2).await;
    attached.send(Wire::Stdin(b"typed".to_vec())).await;
    attached.send(Wire::CloseStdin(CloseStdin {})).await;
    let seen = attached.finish().await;
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "run 1\nrun 2\ntyped");
    assert_eq!(guest.observed().stdin, b"typed");
    assert_eq!(seen.exit.unwrap().exit_code, 0);
    drop(attached);
    launcher.ended().await;
}

/// Asks for a further process; gives what is answered.
async fn exec(
    launcher: &Launcher,
    process_id: &str,
) -> (
    mpsc::Sender<ExecRequest>,
    Result<tonic::Streaming<control::ExecResponse>, tonic::Status>,
) {
    let (requests, receiver) = mpsc::channel(4);
    let open = ExecOpen {
        process_id: process_id.to_owned(),
        arguments: vec!["sleep".to_owned()],
        ..ExecOpen::default()
    };
    requests
        .send(ExecRequest {
            request: Some(ExecWire::Open(open)),
        })
        .await
        .unwrap();
    let answer = launcher.client.clone().exec(ReceiverStream::new(receiver)).await;
    (requests, answer.map(tonic::Response::into_inner))
}

#[tokio::test]
async fn a_further_process_ends_with_its_run_and_is_refused_between_two() {
    let mut world = World::new(|_| {});
    // Only the stop below ends the pause.
    world.runs = twice(10 * PATIENCE);
    let guest = counting(|_| Outcome::UntilSignal { ignores: Vec::new() });
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    until(&launcher, WirePhase::Running, 1).await;
    let (_requests, answer) = exec(&launcher, "sleep-1").await;
    let mut responses = answer.unwrap();
    let first = responses.message().await.unwrap().unwrap().response;
    assert!(matches!(first, Some(ExecEvent::Running(_))), "{first:?}");

    let mut client = launcher.client.clone();
    client
        .signal(control::SignalRequest {
            process_id: String::new(),
            signal: SIGUSR1,
        })
        .await
        .unwrap();
    let broken = tokio::time::timeout(PATIENCE, responses.message())
        .await
        .expect("it ends");
    match broken.unwrap().and_then(|response| response.response) {
        Some(ExecEvent::Exited(status)) => assert_ne!(status.exit_code, 0),
        Some(ExecEvent::Failure(failure)) => assert!(!failure.message.is_empty()),
        other => panic!("{other:?}"),
    }
    until(&launcher, WirePhase::Booting, 0).await;
    let (_requests, refused) = exec(&launcher, "sleep-2").await;
    let status = refused.unwrap_err();
    assert_eq!(status.message(), "the container is restarting: wait until it runs");
    client.stop(StopRequest::default()).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&attached.finish().await.stdout), "run 1\n");
    drop((attached, client, responses));
    launcher.ended().await;
}

#[tokio::test]
async fn the_name_of_a_further_process_is_free_in_the_next_run() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::ZERO);
    let guest = counting(|_| Outcome::UntilSignal { ignores: Vec::new() });
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    let mut client = launcher.client.clone();
    let mut open = Vec::new();
    for run in 1..=2 {
        until(&launcher, WirePhase::Running, run).await;
        let (requests, answer) = exec(&launcher, "sleep-1").await;
        let mut responses = answer.unwrap();
        let first = responses.message().await.unwrap().unwrap().response;
        assert!(matches!(first, Some(ExecEvent::Running(_))), "{first:?}");
        open.push((requests, responses));
        if run == 1 {
            let end = control::SignalRequest {
                process_id: String::new(),
                signal: SIGUSR1,
            };
            client.signal(end).await.unwrap();
        }
    }
    let stop = StopRequest {
        signal: 15,
        timeout_ms: 60_000,
    };
    client.stop(stop).await.unwrap();
    let seen = attached.finish().await;
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "run 1\nrun 2\n");
    drop((attached, client, open));
    launcher.ended().await;
}

#[tokio::test]
async fn a_stop_ends_the_pause_between_two_runs() {
    let mut world = World::new(|_| {});
    world.runs = twice(10 * PATIENCE);
    let guest = counting(exits);
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    while !matches!(attached.next().await, Some(Event::Stdout(_))) {}
    until(&launcher, WirePhase::Booting, 0).await;
    let mut client = launcher.client.clone();
    let stopped = tokio::time::timeout(PATIENCE, client.stop(StopRequest::default())).await;
    assert_eq!(stopped.unwrap().unwrap().into_inner().exit_status.unwrap().exit_code, 1);
    assert_eq!(attached.finish().await.exit.unwrap().exit_code, 1);
    drop((attached, client));
    launcher.ended().await;
    assert_eq!(guest.observed().hellos.len(), 1, "nothing was booted again");
    assert!(matches!(world.phase(), Phase::Stopped { exit: Some(_), .. }));
}

#[tokio::test]
async fn a_stop_ends_the_last_run_that_the_policy_would_repeat() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::ZERO);
    let guest = counting(|_| Outcome::UntilSignal { ignores: Vec::new() });
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    until(&launcher, WirePhase::Running, 1).await;
    let mut client = launcher.client.clone();
    client
        .stop(StopRequest {
            signal: 15,
            timeout_ms: 5000,
        })
        .await
        .unwrap();
    let seen = attached.finish().await;
    assert_eq!(seen.exit.unwrap().signal, 15);
    drop((attached, client));
    launcher.ended().await;
    assert_eq!(guest.observed().hellos.len(), 1);
}

#[tokio::test]
async fn a_run_that_does_not_come_up_is_the_end_and_keeps_the_last_start() {
    let mut world = World::new(|_| {});
    world.runs = twice(Duration::ZERO);
    let mut source = Source::new(&counting(|_| exits(0)));
    let exit = MachineExit::Failed {
        reason: "KVM internal error".to_owned(),
    };
    source.next = Some(FakeHypervisor::new(Guest::booting(Boot::Die {
        after: Duration::ZERO,
        exit,
    })));
    let launcher = world.launch_with(source);
    let mut attached = launcher.attach(owner()).await;
    let seen = attached.finish().await;
    assert!(seen.running && seen.exit.is_none());
    assert!(seen.failure.unwrap().message.contains("KVM internal error"));
    drop(attached);
    launcher.ended().await;
    assert!(matches!(
        world.phase(),
        Phase::Stopped {
            started: Some(_),
            exit: None,
            reason: Some(_),
            ..
        }
    ));
    assert_eq!(world.socket_count(), 0);
}

#[tokio::test]
async fn a_container_that_is_to_be_removed_goes_after_its_last_run() {
    let mut world = World::new(|config| config.options.auto_remove = true);
    world.runs = twice(Duration::ZERO);
    let launcher = world.launch(&counting(|_| exits(0)));
    let mut attached = launcher.attach(owner()).await;
    let seen = attached.finish().await;
    assert_eq!(Bytes::from(seen.stdout), "run 1\nrun 2\n");
    drop(attached);
    launcher.ended().await;
    assert!(world.is_gone());
}
