//! Restart policies: what is on record of restarts, and what clients see and do meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::sync::atomic::{AtomicUsize, Ordering};

use container_hypervisor::fake::{Boot, FakeHypervisor, Guest, Process};
use container_launcher::control::v1::start_response::Outcome as Started;
use container_launcher::control::v1::{
    EndWithHostRequest, ExecRequest, SignalRequest, StartRequest, StopRequest, WaitRequest,
};
use container_launcher::{EndedRun, NextRun, Restarts, RunPolicy};
use container_model::{ObservedState, Phase, RestartPolicy};
use harness::{Launcher, PATIENCE, Source, World, owner, until, waiting};

const TERM: u32 = 15;
const INT: u32 = 2;
const KILL: u32 = 9;

/// After each run one more that does not come by itself.
struct Waiting;

impl RunPolicy for Waiting {
    fn after(&self, _: &EndedRun) -> NextRun {
        NextRun::After { pause: 500 * PATIENCE }
    }
}

/// This restart policy, whatever is on record.
struct Policy(RestartPolicy);

impl RunPolicy for Policy {
    fn after(&self, run: &EndedRun) -> NextRun {
        let restart = self.0;
        Restarts.after(&EndedRun { restart, ..run.clone() })
    }
}

fn policy(text: &str) -> Policy {
    Policy(text.parse().unwrap())
}

/// A guest whose program exits with the number of its start.
fn counting() -> Guest {
    let count = AtomicUsize::new(0);
    Guest::running(move |_| {
        let number = count.fetch_add(1, Ordering::Relaxed) + 1;
        Process::exits(u32::try_from(number).unwrap()).with_stdout(format!("run {number}\n"))
    })
}

fn signal(number: u32) -> SignalRequest {
    SignalRequest {
        process_id: String::new(),
        signal: number,
    }
}

fn state(world: &World) -> ObservedState {
    world.store().load(world.id()).unwrap().state
}

fn is_restarting(world: &World) -> bool {
    world.phase().label() == "restarting"
}

/// A launcher whose first run has ended with 1 and whose second one does not come by itself.
async fn between_runs(world: &World) -> Launcher {
    let mut launcher = world.launch_with_policy(Source::new(&counting()), Waiting);
    let response = launcher.client.start(StartRequest {}).await.unwrap().into_inner();
    assert!(matches!(response.outcome, Some(Started::Running(_))), "{response:?}");
    until("between two runs", || is_restarting(world)).await;
    launcher
}

async fn exit_code(launcher: &mut Launcher, next_exit: bool) -> u32 {
    let waited = tokio::time::timeout(PATIENCE, launcher.client.wait(WaitRequest { next_exit })).await;
    waited.unwrap().unwrap().into_inner().exit_status.unwrap().exit_code
}

#[tokio::test]
async fn a_program_that_fails_is_started_again_as_often_as_the_policy_says() {
    let world = World::new(|_| {});
    let guest = counting();
    let launcher = world.launch_with_policy(Source::new(&guest), policy("on-failure:2"));
    let seen = launcher.attach(owner()).await.finish().await;
    assert_eq!(String::from_utf8_lossy(&seen.stdout), "run 1\nrun 2\nrun 3\n");
    assert_eq!(seen.exit.unwrap().exit_code, 3);
    launcher.ended().await;
    assert_eq!(guest.observed().hellos.len(), 3);
    let ended = state(&world);
    assert_eq!((ended.restart_count, ended.stopped_by_user), (2, false));

    // The next start counts anew.
    let mut launcher = world.launch_with_policy(
        Source::new(&Guest::running(|_| Process::exits(0))),
        policy("on-failure:2"),
    );
    launcher.client.start(StartRequest {}).await.unwrap();
    launcher.ended().await;
    let ended = state(&world);
    assert_eq!(ended.restart_count, 0);
    assert!(matches!(ended.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 0));
}

#[tokio::test]
async fn the_record_tells_of_the_last_run_while_the_next_one_is_waited_for() {
    let world = World::new(|_| {});
    let mut launcher = between_runs(&world).await;
    let waiting = state(&world);
    assert_eq!(waiting.restart_count, 1);
    let Phase::Starting { after: Some(last) } = waiting.phase else {
        panic!("{:?}", waiting.phase)
    };
    assert_eq!(last.exit.unwrap().exit_code, 1);
    assert!(last.started.unwrap() <= last.finished.unwrap());
    let refused = launcher
        .client
        .exec(tokio_stream::once(ExecRequest::default()))
        .await
        .unwrap_err();
    assert!(refused.message().contains("restarting"), "{refused}");
    let stopped = launcher.client.stop(StopRequest::default()).await.unwrap().into_inner();
    assert_eq!(stopped.exit_status.unwrap().exit_code, 1);
    launcher.ended().await;
    let ended = state(&world);
    assert_eq!((ended.restart_count, ended.stopped_by_user), (1, true));
    assert!(matches!(ended.phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 1));
}

#[tokio::test]
async fn signals_that_end_programs_end_the_pause() {
    for number in [TERM, INT, KILL] {
        let world = World::new(|_| {});
        let mut launcher = between_runs(&world).await;
        launcher.client.signal(signal(number)).await.unwrap();
        assert_eq!(exit_code(&mut launcher, false).await, 1);
        launcher.ended().await;
        assert!(state(&world).stopped_by_user, "{number}");
    }
}

#[tokio::test]
async fn signals_that_end_programs_are_the_end_of_the_container() {
    for number in [TERM, INT, KILL] {
        let world = World::new(|_| {});
        let guest = Guest::running(|_| waiting());
        let mut launcher = world.launch_with_policy(Source::new(&guest), policy("always"));
        launcher.client.start(StartRequest {}).await.unwrap();
        launcher.client.signal(signal(number)).await.unwrap();
        assert_eq!(exit_code(&mut launcher, false).await, 128 + number);
        launcher.ended().await;
        assert_eq!(guest.observed().hellos.len(), 1);
        let ended = state(&world);
        assert_eq!((ended.restart_count, ended.stopped_by_user), (0, true));
    }
}

#[tokio::test]
async fn a_signal_in_the_second_boot_ends_with_what_the_first_run_was() {
    let mut world = World::new(|_| {});
    world.limits.boot = 10 * PATIENCE;
    let hanging = Guest::booting(Boot::Hang);
    let mut launcher = world.launch_with_policy(
        Source {
            next: Some(FakeHypervisor::new(hanging.clone())),
            ..Source::new(&counting())
        },
        policy("always"),
    );
    launcher.client.start(StartRequest {}).await.unwrap();
    until("booting", || hanging.observed().connect_count > 0).await;
    launcher.client.signal(signal(TERM)).await.unwrap();
    assert_eq!(exit_code(&mut launcher, false).await, 1);
    launcher.ended().await;
}

#[tokio::test]
async fn a_wait_for_the_next_exit_does_not_wait_for_the_end_of_the_container() {
    let world = World::new(|_| {});
    let mut launcher = world.launch_with_policy(Source::new(&counting()), policy("always"));
    launcher.client.start(StartRequest {}).await.unwrap();
    // The program goes on being started, so that only an exit can end this.
    let first = exit_code(&mut launcher, true).await;
    let second = exit_code(&mut launcher, true).await;
    assert!(first < second, "{first} {second}");
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn an_owner_that_vanishes_is_no_user_that_stops() {
    let world = World::new(|_| {});
    let launcher = world.launch_with_policy(Source::new(&counting()), Waiting);
    let attached = launcher.attach(owner()).await;
    until("between two runs", || is_restarting(&world)).await;
    drop(attached);
    launcher.ended().await;
    assert!(!state(&world).stopped_by_user);
}

#[tokio::test]
async fn an_end_with_the_host_is_no_user_that_stops_and_nothing_follows_it() {
    let request = || EndWithHostRequest { timeout_ms: 60_000 };
    let told = |world: &World| {
        let ended = state(world);
        (ended.restart_count, ended.stopped_by_user, ended.ended_with_host)
    };
    let world = World::new(|_| {});
    let guest = Guest::running(|_| waiting());
    let mut launcher = world.launch_with_policy(Source::new(&guest), policy("always"));
    launcher.client.start(StartRequest {}).await.unwrap();
    launcher.client.end_with_host(request()).await.unwrap();
    // That is on record when it is answered.
    assert_eq!(told(&world), (0, false, true));
    assert!(
        matches!(state(&world).phase, Phase::Stopped { exit: Some(exit), .. } if exit.exit_code == 128 + TERM as u8)
    );
    launcher.ended().await;
    assert_eq!(guest.observed().starts.len(), 1);

    let world = World::new(|_| {});
    let mut launcher = between_runs(&world).await;
    launcher.client.end_with_host(request()).await.unwrap();
    assert_eq!(told(&world), (1, false, true));
    launcher.ended().await;
}

#[tokio::test]
async fn a_storm_of_restarts_slows_down_and_a_stop_ends_it() {
    let world = World::new(|_| {});
    let guest = counting();
    let mut launcher = world.launch_with_policy(Source::new(&guest), policy("always"));
    launcher.client.start(StartRequest {}).await.unwrap();
    until("restarted three times", || state(&world).restart_count >= 3).await;
    launcher.client.stop(StopRequest::default()).await.unwrap();
    let starts = guest.observed().starts.len();
    launcher.ended().await;
    assert_eq!(guest.observed().starts.len(), starts, "nothing is started after a stop");
    assert!(state(&world).stopped_by_user);
    assert_eq!(world.socket_count(), 0);
}
