//! What a policy is asked, and what becomes of clients and their wishes between two runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use container_agent_api::v1::StartFailure;
use container_hypervisor::MachineExit;
use container_hypervisor::fake::{Boot, FakeHypervisor, Guest, Outcome, Process};
use container_launcher::control::ControlClient;
use container_launcher::control::v1::attach_request::Request as Wire;
use container_launcher::control::v1::attach_response::Response as Event;
use container_launcher::control::v1::exec_request::Request as Exec;
use container_launcher::control::v1::exec_response::Response as ExecEvent;
use container_launcher::control::v1::start_response::Outcome as Started;
use container_launcher::control::v1::{
    AttachOpen, CloseStdin, ExecOpen, ExecRequest, ExecResponse, SignalRequest, StartRequest, StopRequest, WaitRequest,
};
use container_launcher::{EndedRun, NextRun, RunPolicy};
use container_model::Phase;
use harness::{Launcher, PATIENCE, Source, World, owner, until, waiting};
use tokio_stream::StreamExt as _;

/// So many runs with a pause between them; remembers what it was asked.
#[derive(Clone)]
struct Runs {
    count: u32,
    pause: Duration,
    asked: Arc<Mutex<Vec<EndedRun>>>,
}

impl Runs {
    fn new(count: u32, pause: Duration) -> Self {
        Self {
            count,
            pause,
            asked: Arc::default(),
        }
    }

    fn asked(&self) -> Vec<EndedRun> {
        self.asked.lock().unwrap().clone()
    }

    fn launch(&self, world: &World, guest: &Guest) -> Launcher {
        world.launch_with_policy(Source::new(guest), self.clone())
    }
}

impl RunPolicy for Runs {
    fn after(&self, run: &EndedRun) -> NextRun {
        self.asked.lock().unwrap().push(run.clone());
        match run.number < self.count {
            true => NextRun::After { pause: self.pause },
            false => NextRun::None,
        }
    }
}

const KILL: u32 = 9;
/// Does not stand for a wish to end the container.
const USR1: u32 = 10;

/// For the workload.
fn signal(number: u32) -> SignalRequest {
    SignalRequest {
        process_id: String::new(),
        signal: number,
    }
}

const AT_ONCE: Duration = Duration::ZERO;
/// Longer than any test: only a wish ends the pause.
const FOR_EVER: Duration = Duration::from_secs(10_000);

/// A guest whose first processes do one after the other what `play` says of their number, from 1.
fn guest(play: impl Fn(usize) -> Process + Send + Sync + 'static) -> Guest {
    let count = AtomicUsize::new(0);
    Guest::running(move |start| match start.process_id.as_str() {
        "init" => play(count.fetch_add(1, Ordering::Relaxed) + 1),
        _ => waiting(),
    })
}

fn open(process_id: &str) -> ExecOpen {
    ExecOpen {
        process_id: process_id.to_owned(),
        arguments: vec!["sleep".to_owned()],
        ..ExecOpen::default()
    }
}

async fn exec(mut client: ControlClient, process_id: &str) -> Result<tonic::Streaming<ExecResponse>, tonic::Status> {
    let request = ExecRequest {
        request: Some(Exec::Open(open(process_id))),
    };
    let requests = tokio_stream::once(request).chain(tokio_stream::pending());
    Ok(client.exec(requests).await?.into_inner())
}

/// Tasks that wait for signals to the launcher, as long as its process lives.
const SIGNAL_TASKS: usize = 3;

/// Nothing but the record and the logs is left.
async fn leaves_nothing(world: &World, launcher: Launcher) {
    launcher.ended().await;
    let bundle = world.store().bundle(world.id());
    assert_eq!(world.socket_count(), 0);
    assert!(!bundle.has_owner() && std::fs::symlink_metadata(bundle.control_link()).is_err());
    let runtime = tokio::runtime::Handle::current();
    until("without tasks", || runtime.metrics().num_alive_tasks() <= SIGNAL_TASKS).await;
}

#[tokio::test]
async fn attached_client_sees_all_runs_and_one_end() {
    let world = World::new(|_| {});
    let policy = Runs::new(3, AT_ONCE);
    let guest = guest(|number| {
        Process::exits(u32::try_from(number).unwrap())
            .with_stdout(format!("out {number}\n"))
            .with_stderr(format!("err {number}\n"))
    });
    let launcher = policy.launch(&world, &guest);
    let mut attached = launcher.attach(owner()).await;
    let mut events = Vec::new();
    while let Some(event) = attached.next().await {
        events.push(event);
    }
    let exits: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::Exited(status) => Some(status.exit_code),
            Event::Failure(failure) => panic!("{failure:?}"),
            _ => None,
        })
        .collect();
    assert_eq!(exits, [3]);
    assert!(matches!(events.last(), Some(Event::Exited(_))), "{events:?}");
    let stdout: Vec<u8> = events
        .iter()
        .filter_map(|event| match event {
            Event::Stdout(bytes) => Some(bytes.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(stdout, b"out 1\nout 2\nout 3\n");
    let bundle = world.store().bundle(world.id());
    assert_eq!(world.logged(), b"out 1\nerr 1\nout 2\nerr 2\nout 3\nerr 3\n");
    let asked: Vec<_> = policy
        .asked()
        .iter()
        .map(|run| (run.number, run.exit.map(|exit| exit.exit_code)))
        .collect();
    assert_eq!(asked, [(1, Some(1)), (2, Some(2)), (3, Some(3))]);
    let timings = std::fs::read_to_string(bundle.timings()).unwrap();
    assert!(timings.contains(r#""run":3"#), "{timings}");
    assert_eq!(guest.observed().hellos.len(), 3, "each run has a machine of its own");
    assert_eq!(guest.observed().shutdown_count, 3, "whose disks are flushed");
    drop(attached);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn record_follows_the_runs() {
    let world = World::new(|_| {});
    let guest = guest(|_| waiting());
    let mut launcher = Runs::new(2, AT_ONCE).launch(&world, &guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let Phase::Running { started: first, .. } = world.phase() else {
        panic!("{:?}", world.phase())
    };
    end_of_run(&launcher, &guest, 1).await;
    until(
        "runs again",
        || matches!(world.phase(), Phase::Running { started, .. } if started != first),
    )
    .await;
    let second = world.phase().started().unwrap();
    assert!(second > first);
    end_of_run(&launcher, &guest, 2).await;
    launcher.client.wait(WaitRequest::default()).await.unwrap();
    let Phase::Stopped {
        started,
        finished: Some(finished),
        exit: Some(exit),
        reason: None,
    } = world.phase()
    else {
        panic!("{:?}", world.phase())
    };
    assert_eq!((started, exit.exit_code), (Some(second), 138));
    assert!(finished > second);
    leaves_nothing(&world, launcher).await;
}

/// Ends the workload by a signal that does not stand for a wish to end the container.
async fn end_of_run(launcher: &Launcher, guest: &Guest, number: usize) {
    until("started", || guest.observed().starts.len() == number).await;
    let mut client = launcher.client.clone();
    let request = signal(USR1);
    // A moment before the launcher knows that the workload runs it refuses the signal.
    while client.signal(request.clone()).await.is_err() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test]
async fn exec_belongs_to_the_run_it_was_started_in() {
    let world = World::new(|_| {});
    let guest = guest(|_| waiting());
    let mut launcher = Runs::new(2, AT_ONCE).launch(&world, &guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let mut first = exec(launcher.client.clone(), "exec-1").await.unwrap();
    let running = first.message().await.unwrap().unwrap().response;
    assert!(matches!(running, Some(ExecEvent::Running(_))), "{running:?}");
    // Asked in the first run, and said what to run in the second.
    let (late, requests) = tokio::sync::mpsc::channel(1);
    let requests = tokio_stream::wrappers::ReceiverStream::new(requests);
    let mut responses = launcher.client.clone().exec(requests).await.unwrap().into_inner();

    let request = signal(USR1);
    launcher.client.signal(request).await.unwrap();
    let mut last = None;
    while let Some(message) = tokio::time::timeout(PATIENCE, first.message()).await.unwrap().unwrap() {
        last = message.response;
    }
    assert!(
        matches!(last, Some(ExecEvent::Exited(_) | ExecEvent::Failure(_))),
        "{last:?}"
    );
    // Its name is free in the next run, and the late one gets no process there.
    until("second run", || init_count(&guest) == 2).await;
    let open = Exec::Open(open("exec-2"));
    late.send(ExecRequest { request: Some(open) }).await.unwrap();
    let refused = tokio::time::timeout(PATIENCE, responses.message()).await.unwrap();
    let refused = refused.unwrap().unwrap().response;
    assert!(matches!(refused, Some(ExecEvent::Failure(_))), "{refused:?}");
    let mut again = loop {
        match exec(launcher.client.clone(), "exec-1").await {
            Ok(responses) => break responses,
            Err(_) => tokio::time::sleep(Duration::from_millis(2)).await,
        }
    };
    let running = again.message().await.unwrap().unwrap().response;
    assert!(matches!(running, Some(ExecEvent::Running(_))), "{running:?}");
    let ids: Vec<_> = guest
        .observed()
        .starts
        .iter()
        .map(|start| start.process_id.clone())
        .collect();
    assert_eq!(ids, ["init", "exec-1", "init", "exec-1"]);
    launcher.client.stop(StopRequest::default()).await.unwrap();
    drop((first, responses, late, again));
    leaves_nothing(&world, launcher).await;
}

fn init_count(guest: &Guest) -> usize {
    let observed = guest.observed();
    observed
        .starts
        .iter()
        .filter(|start| start.process_id == "init")
        .count()
}

/// A launcher whose first run is over and whose second does not come by itself.
async fn between_runs(world: &World) -> (Runs, Launcher) {
    let policy = Runs::new(2, FOR_EVER);
    let mut launcher = policy.launch(world, &guest(|_| Process::exits(7).with_stdout("once")));
    launcher.client.start(StartRequest {}).await.unwrap();
    until("asked", || policy.asked().len() == 1).await;
    (policy, launcher)
}

#[tokio::test]
async fn kill_between_runs_ends_the_container() {
    let world = World::new(|_| {});
    let (_policy, mut launcher) = between_runs(&world).await;
    launcher.client.signal(signal(KILL)).await.unwrap();
    let waited = tokio::time::timeout(PATIENCE, launcher.client.wait(WaitRequest::default())).await;
    let exit = waited.unwrap().unwrap().into_inner().exit_status.unwrap();
    assert_eq!(exit.exit_code, 7);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn kill_in_a_boot_ends_the_container() {
    let mut world = World::new(|_| {});
    world.limits.boot = 10 * PATIENCE;
    let mut launcher = world.launch(&Guest::booting(Boot::Hang));
    launcher.client.signal(signal(KILL)).await.unwrap();
    let waited = tokio::time::timeout(PATIENCE, launcher.client.wait(WaitRequest::default())).await;
    assert_eq!(waited.unwrap().unwrap_err().code(), tonic::Code::Aborted);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn stop_in_the_second_boot_ends_with_what_the_first_run_was() {
    let mut world = World::new(|_| {});
    world.limits.boot = 10 * PATIENCE;
    let good = guest(|_| Process::exits(7));
    let hanging = Guest::booting(Boot::Hang);
    let mut launcher = world.launch_with_policy(
        Source {
            next: Some(FakeHypervisor::new(hanging.clone())),
            ..Source::new(&good)
        },
        Runs::new(9, AT_ONCE),
    );
    launcher.client.start(StartRequest {}).await.unwrap();
    until("booting", || hanging.observed().connect_count > 0).await;
    let stopped = launcher.client.stop(StopRequest::default()).await.unwrap().into_inner();
    assert_eq!(stopped.exit_status.unwrap().exit_code, 7);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn owner_that_vanishes_between_runs_ends_the_container() {
    let world = World::new(|_| {});
    let policy = Runs::new(2, FOR_EVER);
    let launcher = policy.launch(&world, &guest(|_| Process::exits(7)));
    let attached = launcher.attach(owner()).await;
    until("asked", || policy.asked().len() == 1).await;
    drop(attached);
    tokio::time::timeout(PATIENCE, leaves_nothing(&world, launcher))
        .await
        .unwrap();
}

#[tokio::test]
async fn input_reaches_the_run_that_is_current() {
    let world = World::new(|config| config.options.stdin = true);
    let guest = guest(|number| match number {
        1 => waiting().with_stdout("first"),
        _ => Process::ends(Outcome::Echo),
    });
    let launcher = Runs::new(2, AT_ONCE).launch(&world, &guest);
    let mut attached = launcher.attach(AttachOpen { stdin: true, ..owner() }).await;
    attached.next().await.expect("running");
    attached.next().await.expect("output of the first run");
    // The first run reads nothing of this.
    attached.send(Wire::Stdin(b"lost".to_vec())).await;
    end_of_run(&launcher, &guest, 1).await;
    until("second run", || init_count(&guest) == 2).await;
    attached.send(Wire::Stdin(b"hello".to_vec())).await;
    attached.send(Wire::CloseStdin(CloseStdin {})).await;
    let seen = attached.finish().await;
    assert_eq!(seen.stdout, b"hello");
    assert_eq!(seen.exit.unwrap().exit_code, 0);
    assert_eq!(guest.observed().stdin, b"hello");
    drop(attached);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn input_that_comes_between_runs_is_for_the_next_one() {
    let world = World::new(|config| config.options.stdin = true);
    let guest = guest(|number| match number {
        1 => Process::exits(0),
        _ => Process::ends(Outcome::Echo),
    });
    let policy = Runs::new(2, Duration::from_millis(100));
    let mut launcher = policy.launch(&world, &guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    until("asked", || policy.asked().len() == 1).await;
    // Attached while no process reads, and the only one that is.
    let open = AttachOpen {
        stdin: true,
        ..AttachOpen::default()
    };
    let mut attached = launcher.attach(open).await;
    attached.send(Wire::Stdin(b"early".to_vec())).await;
    attached.send(Wire::CloseStdin(CloseStdin {})).await;
    assert_eq!(attached.finish().await.stdout, b"early");
    drop(attached);
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn run_that_cannot_be_started_is_the_policy_s_matter_and_may_be_the_last_word() {
    let world = World::new(|_| {});
    let policy = Runs::new(2, AT_ONCE);
    let guest = guest(|number| match number {
        1 => Process::exits(7),
        _ => Process::ends(Outcome::Fail {
            reason: StartFailure::NotFound,
            message: "no such program: sh".to_owned(),
        }),
    });
    let launcher = policy.launch(&world, &guest);
    let seen = launcher.attach(owner()).await.finish().await;
    assert!(seen.running && seen.exit.is_none());
    assert_eq!(seen.failure.unwrap().message, "no such program: sh");
    let asked = policy.asked();
    assert_eq!((asked.len(), asked[1].exit), (2, None));
    assert!(
        matches!(
            world.phase(),
            Phase::Stopped {
                started: Some(_),
                exit: None,
                reason: Some(_),
                ..
            }
        ),
        "{:?}",
        world.phase()
    );
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn run_after_one_that_did_not_come_up_counts() {
    let world = World::new(|_| {});
    let policy = Runs::new(2, AT_ONCE);
    let dead = Guest::booting(Boot::Die {
        after: Duration::ZERO,
        exit: MachineExit::Failed {
            reason: "KVM internal error".to_owned(),
        },
    });
    let mut launcher = world.launch_with_policy(
        Source {
            next: Some(FakeHypervisor::new(guest(|_| Process::exits(4)))),
            ..Source::new(&dead)
        },
        policy.clone(),
    );
    let response = launcher.client.start(StartRequest {}).await.unwrap().into_inner();
    assert!(matches!(response.outcome, Some(Started::Running(_))), "{response:?}");
    let waited = launcher.client.wait(WaitRequest::default()).await.unwrap().into_inner();
    assert_eq!(waited.exit_status.unwrap().exit_code, 4);
    let asked = policy.asked();
    assert_eq!((asked[0].exit, asked[1].number), (None, 2));
    leaves_nothing(&world, launcher).await;
}

#[tokio::test]
async fn temporary_container_keeps_its_disk_until_its_last_run() {
    let world = World::new(|config| config.options.auto_remove = true);
    let guest = guest(|_| Process::exits(0));
    let launcher = Runs::new(2, AT_ONCE).launch(&world, &guest);
    assert!(launcher.attach(owner()).await.finish().await.exit.is_some());
    assert!(world.is_gone());
    assert_eq!(guest.observed().shutdown_count, 1, "only the next run needs it");
    launcher.ended().await;
}
