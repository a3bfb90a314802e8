//! The life of a container, as clients and the next command see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::{Duration, Instant};

use container_agent_api::v1::StartFailure;
use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::attach_request::Request as Wire;
use container_launcher::control::v1::start_response::Outcome as Started;
use container_launcher::control::v1::{
    AttachOpen, CloseStdin, Detach, FailureKind, StartRequest, StatusRequest, StopRequest, WaitRequest,
};
use container_launcher::control::{self, ConnectError};
use container_model::{ExitStatus, LogDriver, Phase, Signal};
use harness::{PATIENCE, SHORT, World, attach, owner};

const SIGTERM: u32 = 15;

fn until_signal(ignores: &[u32]) -> Guest {
    let ignores = ignores.to_vec();
    Guest::running(move |_| {
        Process::ends(Outcome::UntilSignal {
            ignores: ignores.clone(),
        })
    })
}

fn stopped_with(phase: &Phase) -> Option<ExitStatus> {
    match phase {
        Phase::Stopped { exit, .. } => *exit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn exit_code_and_output_reach_client_log_and_record() {
    let world = World::new(|_| {});
    let guest = Guest::running(|_| Process::exits(7).with_stdout("out\0").with_stderr("err"));
    let launcher = world.launch(&guest);
    let seen = launcher.attach(owner()).await.finish().await;
    assert!(seen.running);
    assert_eq!(
        (seen.stdout.as_slice(), seen.stderr.as_slice()),
        (&b"out\0"[..], &b"err"[..])
    );
    assert_eq!(seen.exit.unwrap().exit_code, 7);
    // The stream has ended, so the record is final although the launcher may still live.
    let Phase::Stopped {
        started: Some(_),
        finished: Some(_),
        exit: Some(exit),
        reason: None,
    } = world.phase()
    else {
        panic!("{:?}", world.phase())
    };
    assert_eq!(exit.exit_code, 7);
    assert_eq!(world.logged(), b"out\0err");
    assert_eq!(world.socket_count(), 0);
    launcher.ended().await;
    assert_eq!(guest.observed().shutdown_count, 1, "the disk is used again");
    let container = &guest.observed().containers[0];
    assert_eq!(
        (container.layer_disks.as_slice(), container.writable_disk.as_str()),
        (&["layer-0".to_owned()][..], "rootfs")
    );
}

#[tokio::test]
async fn temporary_container_is_gone_when_its_client_is_told() {
    let world = World::new(|config| config.options.auto_remove = true);
    let guest = Guest::default();
    let launcher = world.launch(&guest);
    assert_eq!(launcher.attach(owner()).await.finish().await.exit.unwrap().exit_code, 0);
    assert!(world.is_gone());
    assert_eq!(world.socket_count(), 0);
    launcher.ended().await;
    assert_eq!(guest.observed().shutdown_count, 0, "nobody needs its disk");
}

#[tokio::test]
async fn program_that_cannot_be_started_has_its_own_kind_of_failure() {
    for (reason, kind) in [
        (StartFailure::NotFound, FailureKind::NotFound),
        (StartFailure::NotExecutable, FailureKind::NotExecutable),
        (StartFailure::User, FailureKind::Launch),
    ] {
        let world = World::new(|_| {});
        let message = "no such program: nope".to_owned();
        let guest = Guest::running(move |_| {
            Process::ends(Outcome::Fail {
                reason,
                message: message.clone(),
            })
        });
        let mut launcher = world.launch(&guest);
        let response = launcher.client.start(StartRequest {}).await.unwrap().into_inner();
        let Some(Started::Failure(failure)) = response.outcome else {
            panic!("{response:?}")
        };
        assert_eq!(
            (failure.kind(), failure.message.as_str()),
            (kind, "no such program: nope")
        );
        assert!(matches!(
            world.phase(),
            Phase::Stopped {
                started: None,
                exit: None,
                reason: Some(_),
                ..
            }
        ));
        launcher.ended().await;
    }
}

#[tokio::test]
async fn detached_container_runs_on_and_is_stopped_by_another_client() {
    let world = World::new(|_| {});
    let guest = until_signal(&[]);
    let mut launcher = world.launch(&guest);
    let response = launcher.client.start(StartRequest {}).await.unwrap().into_inner();
    assert!(matches!(response.outcome, Some(Started::Running(_))));
    drop(std::mem::replace(
        &mut launcher.client,
        control::connect(&world.paths(), world.id()).await.unwrap(),
    ));
    assert_eq!(
        launcher
            .client
            .status(StatusRequest {})
            .await
            .unwrap()
            .into_inner()
            .launcher_pid,
        std::process::id()
    );
    assert!(matches!(world.phase(), Phase::Running { .. }));
    let mut waiting = launcher.client.clone();
    let wait = tokio::spawn(async move { waiting.wait(WaitRequest::default()).await });
    let stopped = launcher
        .client
        .stop(StopRequest {
            signal: 0,
            timeout_ms: 5000,
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(stopped.exit_status.unwrap().signal, SIGTERM);
    assert_eq!(stopped_with(&world.phase()).unwrap().exit_code, 143);
    assert_eq!(
        wait.await.unwrap().unwrap().into_inner().exit_status.unwrap().exit_code,
        143
    );
    launcher.ended().await;
    assert!(matches!(
        control::connect(&world.paths(), world.id()).await,
        Err(ConnectError::NotRunning { .. })
    ));
}

#[tokio::test]
async fn a_stop_signal_that_is_none_is_sigterm() {
    let world = World::new(|config| config.stop_signal = Some("nonsense".to_owned().into()));
    let guest = until_signal(&[]);
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let request = StopRequest {
        signal: 0,
        timeout_ms: 10_000,
    };
    let stopped = launcher.client.stop(request).await.unwrap().into_inner();
    assert_eq!(stopped.exit_status.unwrap().signal, SIGTERM);
    launcher.ended().await;
}

#[tokio::test]
async fn stop_kills_after_timeout() {
    let world = World::new(|config| config.stop_signal = Some(Signal::INT.into()));
    let guest = until_signal(&[2]);
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let stopped = launcher
        .client
        .stop(StopRequest {
            signal: 0,
            timeout_ms: 100,
        })
        .await
        .unwrap()
        .into_inner();
    assert_eq!(stopped.exit_status.unwrap().exit_code, 137);
    let signals: Vec<_> = guest
        .observed()
        .signals
        .iter()
        .map(|s| (s.process_id.clone(), s.signal))
        .collect();
    assert_eq!(signals, [("init".to_owned(), 2), (String::new(), 9)]);
    launcher.ended().await;
}

#[tokio::test]
async fn owner_that_vanishes_takes_the_container_along() {
    let world = World::new(|_| {});
    let guest = until_signal(&[]);
    let launcher = world.launch(&guest);
    let mut attached = launcher.attach(owner()).await;
    attached.next().await.unwrap();
    drop(attached);
    launcher.ended().await;
    assert_eq!(stopped_with(&world.phase()).unwrap().exit_code, 143);
}

#[tokio::test]
async fn owner_that_detaches_leaves_the_container_running() {
    let world = World::new(|_| {});
    let launcher = world.launch(&until_signal(&[]));
    let mut attached = launcher.attach(owner()).await;
    attached.next().await.unwrap();
    attached.send(Wire::Detach(Detach {})).await;
    assert!(attached.finish().await.exit.is_none());
    // Answers once it is on record, which a slow disk may delay.
    launcher.client.clone().start(StartRequest {}).await.unwrap();
    assert!(matches!(world.phase(), Phase::Running { .. }));
    launcher
        .client
        .clone()
        .stop(StopRequest {
            signal: 9,
            timeout_ms: 0,
        })
        .await
        .unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn launcher_whose_starter_vanishes_gives_up() {
    let world = World::new(|_| {});
    let launcher = world.launch(&Guest::booting(container_hypervisor::fake::Boot::Hang));
    let mut client = launcher.client.clone();
    client.status(StatusRequest {}).await.unwrap();
    drop(client);
    launcher.ended().await;
    assert!(matches!(world.phase(), Phase::Stopped { started: None, .. }));
    assert_eq!(world.socket_count(), 0);
}

#[tokio::test]
async fn input_goes_through_and_its_end_as_well() {
    let world = World::new(|config| config.options.stdin = true);
    let guest = Guest::running(|_| Process::ends(Outcome::Echo));
    let launcher = world.launch(&guest);
    // Longer than what the protocol to the guest takes at once.
    let text: Vec<u8> = (0..200_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut attached = launcher.attach(AttachOpen { stdin: true, ..owner() }).await;
    attached.send(Wire::Stdin(text.clone())).await;
    attached.send(Wire::CloseStdin(CloseStdin {})).await;
    let seen = attached.finish().await;
    assert!(seen.stdout == text, "{} bytes came back", seen.stdout.len());
    assert_eq!(seen.exit.unwrap().exit_code, 0);
    launcher.ended().await;
}

#[tokio::test]
async fn standard_input_belongs_to_one_client_and_passes_on() {
    let world = World::new(|config| config.options.stdin = true);
    let launcher = world.launch(&Guest::running(|_| Process::ends(Outcome::Echo)));
    let open = AttachOpen {
        stdin: true,
        start: true,
        ..AttachOpen::default()
    };
    let mut first = launcher.attach(open).await;
    first.next().await.unwrap();
    let (_keep, receiver) = tokio::sync::mpsc::channel(1);
    let request = container_launcher::control::v1::AttachRequest {
        request: Some(Wire::Open(open)),
    };
    _keep.send(request).await.unwrap();
    let second = launcher
        .client
        .clone()
        .attach(tokio_stream::wrappers::ReceiverStream::new(receiver))
        .await;
    assert_eq!(second.unwrap_err().code(), tonic::Code::AlreadyExists);
    first.send(Wire::Detach(Detach {})).await;
    first.finish().await;
    let mut second = launcher.attach(open).await;
    second.send(Wire::Stdin(b"hello".to_vec())).await;
    second.send(Wire::CloseStdin(CloseStdin {})).await;
    assert_eq!(second.finish().await.stdout, b"hello");
    launcher.ended().await;
}

#[tokio::test]
async fn slow_client_holds_the_workload_back_but_not_its_end() {
    let mut world = World::new(|_| {});
    // In this guest a process that cannot get rid of its output takes no signals, so that the machine is switched off.
    world.limits.kill = SHORT;
    let flood = vec![b'x'; 16 << 20];
    let guest = Guest::running(move |_| Process::exits(0).with_stdout(flood.clone()));
    let launcher = world.launch(&guest);
    let mut slow = launcher
        .attach(AttachOpen {
            start: true,
            ..AttachOpen::default()
        })
        .await;
    slow.next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let logged = world.logged().len();
    assert!(
        logged < 8 << 20,
        "{logged} bytes were taken for a client that does not read"
    );
    // Stopping works all the same.
    let other = control::connect(&world.paths(), world.id()).await.unwrap();
    let stopped = tokio::time::timeout(
        PATIENCE,
        other.clone().stop(StopRequest {
            signal: 9,
            timeout_ms: 0,
        }),
    )
    .await;
    assert_eq!(
        stopped.unwrap().unwrap().into_inner().exit_status.unwrap().exit_code,
        137
    );
    drop((slow, other));
    launcher.ended().await;
}

#[tokio::test]
async fn client_that_pauses_at_the_end_still_gets_everything() {
    let mut world = World::new(|_| {});
    world.limits.reading = PATIENCE;
    // More than a connection carries ahead, and little enough to wait in the launcher as a whole.
    let flood = vec![b'x'; 768 << 10];
    let length = flood.len();
    let guest = Guest::running(move |_| Process::exits(0).with_stdout(flood.clone()));
    let launcher = world.launch(&guest);
    let mut slow = launcher
        .attach(AttachOpen {
            start: true,
            ..AttachOpen::default()
        })
        .await;
    let recorded = async {
        while !matches!(world.phase(), Phase::Stopped { .. }) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, recorded).await.unwrap();
    tokio::time::sleep(3 * world.limits.farewell).await;
    let seen = slow.finish().await;
    assert_eq!(seen.stdout.len(), length);
    assert_eq!(seen.exit.unwrap().exit_code, 0);
    drop(slow);
    launcher.ended().await;
}

#[tokio::test]
async fn clock_of_the_guest_is_set_again_when_it_is_wrong() {
    let mut world = World::new(|_| {});
    world.limits.clock = Duration::from_millis(50);
    let begun = Instant::now();
    let guest = until_signal(&[]).with_clock_ahead(-5_000_000_000);
    let launcher = world.launch(&guest);
    let mut attached = launcher
        .attach(AttachOpen {
            start: true,
            ..AttachOpen::default()
        })
        .await;
    attached.next().await.unwrap();
    let moved = async {
        while guest.observed().clock_offsets_ns.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.unwrap();
    drop(attached);
    let mut client = launcher.client.clone();
    client
        .stop(StopRequest {
            signal: 9,
            timeout_ms: 0,
        })
        .await
        .unwrap();
    drop(client);
    launcher.ended().await;
    // It shows some moment between a question and its answer, which is no longer ago than all of this.
    let uncertainty_ns = i64::try_from(begun.elapsed().as_nanos()).unwrap();
    let offsets = guest.observed().clock_offsets_ns;
    let (first, later) = offsets.split_first().unwrap();
    assert!((first - 5_000_000_000).abs() <= uncertainty_ns, "{offsets:?}");
    // Once it was right, it was left alone.
    assert!(later.iter().all(|offset| offset.abs() <= uncertainty_ns), "{offsets:?}");
    assert!(later.len() < 5, "{offsets:?}");
}

#[tokio::test]
async fn client_that_leaves_lets_the_workload_go_on() {
    let world = World::new(|_| {});
    let flood = vec![b'x'; 16 << 20];
    let guest = Guest::running(move |_| Process::exits(3).with_stdout(flood.clone()));
    let launcher = world.launch(&guest);
    let mut gone = launcher
        .attach(AttachOpen {
            start: true,
            ..AttachOpen::default()
        })
        .await;
    gone.next().await.unwrap();
    let mut reader = attach(
        control::connect(&world.paths(), world.id()).await.unwrap(),
        AttachOpen::default(),
    )
    .await;
    drop(gone);
    let seen = reader.finish().await;
    assert_eq!(seen.exit.unwrap().exit_code, 3);
    drop(reader);
    launcher.ended().await;
    assert_eq!(world.logged().len(), 16 << 20);
}

#[tokio::test]
async fn second_launcher_is_told_that_the_container_runs() {
    let world = World::new(|_| {});
    let mut first = world.launch(&until_signal(&[]));
    first.client.start(StartRequest {}).await.unwrap();
    let mut second = world.launch(&Guest::default());
    let response = second.client.start(StartRequest {}).await.unwrap().into_inner();
    let Some(Started::Failure(failure)) = response.outcome else {
        panic!("{response:?}")
    };
    assert!(failure.message.contains("web is running"), "{failure:?}");
    second.ended().await;
    assert!(matches!(world.phase(), Phase::Running { .. }), "the first goes on");
    assert_eq!(world.socket_count(), 1);
    first
        .client
        .stop(StopRequest {
            signal: 9,
            timeout_ms: 0,
        })
        .await
        .unwrap();
    first.ended().await;
}

#[tokio::test]
async fn output_that_is_not_to_be_kept_is_not_and_clients_see_it() {
    let world = World::new(|config| config.options.log.driver = LogDriver::None);
    let launcher = world.launch(&Guest::running(|_| Process::exits(0).with_stdout("once")));
    assert_eq!(launcher.attach(owner()).await.finish().await.stdout, b"once");
    launcher.ended().await;
    assert!(!world.store().bundle(world.id()).output_log().exists());
}

#[tokio::test]
async fn the_log_of_an_older_release_gives_way_at_the_next_start() {
    let world = World::new(|_| {});
    let old = world.store().bundle(world.id()).stdio_log();
    std::fs::write(&old, "old").unwrap();
    let launcher = world.launch(&Guest::running(|_| Process::exits(0).with_stdout("new")));
    launcher.attach(owner()).await.finish().await;
    launcher.ended().await;
    assert!(!old.exists());
    assert_eq!(world.logged(), b"new");
}

#[tokio::test]
async fn output_of_all_starts_is_logged_and_the_console_of_the_last_one() {
    let world = World::new(|_| {});
    for _ in 0..3 {
        let launcher = world.launch(&Guest::running(|_| Process::exits(0).with_stdout("once")));
        launcher.attach(owner()).await.finish().await;
        launcher.ended().await;
    }
    let bundle = world.store().bundle(world.id());
    assert_eq!(world.logged(), b"onceonceonce");
    assert_eq!(
        std::fs::read_to_string(bundle.boot_log())
            .unwrap()
            .matches("booting")
            .count(),
        1
    );
    assert!(
        std::fs::read_to_string(bundle.timings())
            .unwrap()
            .contains("agent_ready_ms")
    );
}
