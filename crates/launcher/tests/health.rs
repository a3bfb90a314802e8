//! Checks of whether a container works: what is on record of them, and that nothing waits for them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use container_agent_api::v1::StartFailure;
use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::{SetPausedRequest, SignalRequest, StartRequest, StopRequest};
use container_model::{Health, HealthCheck, HealthResult, HealthStatus};
use harness::{Launcher, Runs, World, until};

const KILL: u32 = 9;

/// Longer than any test takes, nanoseconds.
const FOR_EVER_NS: u64 = 1_000_000_000_000;

const MS: u64 = 1_000_000;

/// A check every few milliseconds, of which two failures are enough.
fn frequent() -> HealthCheck {
    HealthCheck {
        test: ["CMD", "works", "now"].map(str::to_owned).to_vec(),
        interval_ns: 5 * MS,
        timeout_ns: FOR_EVER_NS,
        retries: 2,
        ..HealthCheck::default()
    }
}

fn world(check: HealthCheck) -> World {
    World::new(|config| config.health_check = Some(check))
}

fn until_signal() -> Process {
    Process::ends(Outcome::UntilSignal { ignores: Vec::new() })
}

/// A guest whose program waits for a signal, and whose checks do what `script` says of their numbers, from 1.
fn checked(script: impl Fn(usize) -> Process + Send + Sync + 'static) -> Guest {
    let count = AtomicUsize::new(0);
    Guest::running(move |start| match start.process_id.starts_with("health-") {
        true => script(count.fetch_add(1, Ordering::Relaxed) + 1),
        false => until_signal(),
    })
}

async fn start(world: &World, guest: &Guest) -> Launcher {
    let mut launcher = world.launch(guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    launcher
}

fn health(world: &World) -> Option<Health> {
    world.store().load(world.id()).unwrap().state.health
}

async fn until_status(world: &World, status: HealthStatus) -> Health {
    until(status.as_str(), || {
        health(world).is_some_and(|health| health.status == status)
    })
    .await;
    health(world).unwrap()
}

fn check_count(guest: &Guest) -> usize {
    let starts = guest.observed().starts;
    starts
        .iter()
        .filter(|start| start.process_id.starts_with("health-"))
        .count()
}

fn is_killed(guest: &Guest, process_id: &str) -> bool {
    let signals = guest.observed().signals;
    signals
        .iter()
        .any(|sent| sent.process_id == process_id && sent.signal == KILL)
}

fn told(world: &World) -> String {
    std::fs::read_to_string(world.paths().events()).unwrap()
}

#[tokio::test]
async fn a_container_is_starting_until_a_check_succeeds_and_the_last_word_stays_on_record() {
    let world = world(frequent());
    // The first check goes on until the test has seen what is on record before.
    let guest = checked(|number| match number {
        1 => Process::ends(Outcome::UntilSignal { ignores: Vec::new() }),
        _ => Process::exits(0).with_stdout("fine\n"),
    });
    let mut launcher = start(&world, &guest).await;
    assert_eq!(health(&world), Some(Health::default()));
    until("a check is going on", || check_count(&guest) == 1).await;
    let interrupt = SignalRequest {
        process_id: "health-1".to_owned(),
        signal: 2,
    };
    launcher.client.signal(interrupt).await.unwrap();
    let found = until_status(&world, HealthStatus::Healthy).await;
    let codes: Vec<i32> = found.log.iter().map(|result| result.exit_code).collect();
    assert_eq!((found.failing_streak, &codes[..2]), (0, &[130, 0][..]));
    assert_eq!(found.log[1].output, "fine\n");
    until("a change is told", || {
        told(&world).contains("\"health_status: healthy\"")
    })
    .await;

    // As `exec` runs it.
    let starts = guest.observed().starts;
    let (init, check) = (&starts[0], &starts[1]);
    let (init, spec) = (init.spec.as_ref().unwrap(), check.spec.as_ref().unwrap());
    assert_eq!(spec.arguments, ["works", "now"]);
    assert_eq!(spec.environment, init.environment);
    assert_eq!(
        (&spec.user, &spec.working_directory),
        (&init.user, &init.working_directory)
    );
    assert!(!check.stdin && !spec.terminal);

    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert_eq!(health(&world).unwrap().status, HealthStatus::Healthy);
    assert!(!told(&world).contains("health_status: unhealthy"));
}

#[tokio::test]
async fn failures_in_a_row_make_it_unhealthy_and_the_last_five_are_on_record() {
    let world = world(frequent());
    let guest = checked(|number| match number {
        1 => Process::exits(1)
            .with_stdout(vec![b'x'; 100_000])
            .with_stderr("never seen"),
        2 => Process::ends(Outcome::Fail {
            reason: StartFailure::NotFound,
            message: "works: no such program".to_owned(),
        }),
        number => Process::exits(u32::try_from(number).unwrap()),
    });
    let mut launcher = start(&world, &guest).await;
    let found = until_status(&world, HealthStatus::Unhealthy).await;
    let [first, second, ..] = found.log.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(first.exit_code, 1);
    assert_eq!(
        first.output,
        format!("{}...", "x".repeat(HealthResult::OUTPUT_MAX_BYTES))
    );
    assert_eq!(
        (second.exit_code, second.output.as_str()),
        (-1, "works: no such program")
    );
    until("many checks", || check_count(&guest) > 9).await;
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    // What was not worth a write of its own is written with the end.
    let last = health(&world).unwrap();
    assert_eq!(
        (last.status, last.log.len()),
        (HealthStatus::Unhealthy, Health::LOG_RESULTS)
    );
    assert!(last.failing_streak >= 8, "{last:?}");
    assert_eq!(told(&world).matches("health_status").count(), 1);
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_killed_and_has_failed() {
    let world = world(HealthCheck {
        timeout_ns: 50 * MS,
        ..frequent()
    });
    let guest = checked(|_| until_signal().with_stdout("still here"));
    let mut launcher = start(&world, &guest).await;
    let found = until_status(&world, HealthStatus::Unhealthy).await;
    assert!(is_killed(&guest, "health-1") && is_killed(&guest, "health-2"));
    for result in &found.log {
        assert_eq!(result.exit_code, HealthResult::NO_EXIT_CODE);
        // On a busy host it may not have come to write anything.
        assert!(
            result.output.starts_with("Health check exceeded timeout (50ms)"),
            "{result:?}"
        );
    }
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn the_end_of_a_container_does_not_wait_for_a_check() {
    let world = world(frequent());
    let guest = checked(|_| Process::ends(Outcome::UntilSignal { ignores: vec![15] }));
    let mut launcher = start(&world, &guest).await;
    until("a check is going on", || check_count(&guest) == 1).await;
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert_eq!(health(&world), Some(Health::default()));
}

#[tokio::test]
async fn a_pause_drops_the_check_that_is_going_on_and_none_is_begun_before_it_is_over() {
    let world = world(frequent());
    let guest = checked(|number| match number {
        1 => until_signal(),
        _ => Process::exits(0),
    });
    let mut launcher = start(&world, &guest).await;
    until("a check is going on", || check_count(&guest) == 1).await;
    launcher
        .client
        .set_paused(SetPausedRequest { paused: true })
        .await
        .unwrap();
    until("it is killed", || is_killed(&guest, "health-1")).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(check_count(&guest), 1);
    assert_eq!(health(&world), Some(Health::default()));
    launcher
        .client
        .set_paused(SetPausedRequest { paused: false })
        .await
        .unwrap();
    let found = until_status(&world, HealthStatus::Healthy).await;
    assert!(found.log.iter().all(|result| result.exit_code == 0), "{found:?}");
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn each_run_begins_anew() {
    let mut world = world(HealthCheck {
        retries: 1,
        ..frequent()
    });
    world.runs = Runs {
        count: 2,
        pause: Duration::ZERO,
    };
    let guest = checked(|number| match number {
        1 => Process::exits(1),
        _ => until_signal(),
    });
    let mut launcher = start(&world, &guest).await;
    until_status(&world, HealthStatus::Unhealthy).await;
    // The signal of a program itself, after which another run follows.
    let hang_up = SignalRequest {
        process_id: "init".to_owned(),
        signal: 1,
    };
    launcher.client.signal(hang_up).await.unwrap();
    until("it runs again", || {
        guest.observed().hellos.len() == 2 && health(&world).is_some()
    })
    .await;
    assert_eq!(health(&world), Some(Health::default()));
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert_eq!(health(&world), Some(Health::default()));
}

#[tokio::test]
async fn a_container_without_a_check_has_no_health() {
    let world = World::new(|_| {});
    let guest = checked(|_| Process::exits(1));
    let mut launcher = start(&world, &guest).await;
    assert_eq!(health(&world), None);
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert_eq!((health(&world), check_count(&guest)), (None, 0));
}
