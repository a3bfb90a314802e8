//! More processes in a running container.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_agent_api::v1::StartFailure;
use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::ControlClient;
use container_launcher::control::v1::exec_request::Request as Wire;
use container_launcher::control::v1::exec_response::Response as Event;
use container_launcher::control::v1::{
    CloseStdin, Detach, ExecOpen, ExecRequest, ExecResponse, FailureKind, SignalRequest, StartRequest, StopRequest,
};
use harness::{Launcher, PATIENCE, SHORT, World};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

const SIGHUP: u32 = 1;
const SIGTERM: u32 = 15;
const SIGKILL: u32 = 9;

/// More than all queues between process and client hold.
const LOUD_BYTES: usize = 16 << 20;

/// A container whose first process waits, and whose others do what their program's name says.
async fn running(world: &World) -> (Guest, Launcher) {
    let guest = Guest::running(|start| {
        let program = start
            .spec
            .as_ref()
            .map(|spec| spec.arguments[0].clone())
            .unwrap_or_default();
        match program.as_str() {
            "cat" => Process::ends(Outcome::Echo),
            "fail" => Process::ends(Outcome::Fail {
                reason: StartFailure::NotFound,
                message: "no such program: fail".to_owned(),
            }),
            "loud" => Process::ends(Outcome::UntilSignal { ignores: Vec::new() }).with_stdout(vec![b'y'; LOUD_BYTES]),
            "slow" => {
                Process::ends(Outcome::UntilSignal { ignores: Vec::new() }).starting_after(Duration::from_millis(100))
            }
            "deaf" => Process::ends(Outcome::UntilSignal { ignores: vec![SIGHUP] }),
            "hello" => Process::exits(5).with_stdout("hello").with_stderr("oops"),
            _ => Process::ends(Outcome::UntilSignal { ignores: Vec::new() }),
        }
    });
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    (guest, launcher)
}

fn open(id: &str, program: &str) -> ExecOpen {
    ExecOpen {
        process_id: id.to_owned(),
        arguments: vec![program.to_owned()],
        ..ExecOpen::default()
    }
}

async fn exec(mut client: ControlClient, requests: Vec<Wire>) -> Vec<Event> {
    let requests = requests
        .into_iter()
        .map(|request| ExecRequest { request: Some(request) });
    // Clients keep their side open.
    let requests = tokio_stream::iter(requests).chain(tokio_stream::pending());
    let responses = client.exec(requests).await.unwrap().into_inner();
    responses
        .map(|response| response.unwrap().response.unwrap())
        .collect()
        .await
}

async fn stop(mut launcher: Launcher) {
    launcher
        .client
        .stop(StopRequest {
            signal: 9,
            timeout_ms: 0,
        })
        .await
        .unwrap();
    launcher.ended().await;
}

#[tokio::test]
async fn output_and_exit_code_come_back() {
    let world = World::new(|config| config.security.dropped_capabilities = vec!["ALL".to_owned()]);
    let (guest, launcher) = running(&world).await;
    let mut request = open("exec-1", "hello");
    request.environment = vec!["PATH=/sbin".to_owned(), "A=1".to_owned()];
    request.working_directory = "/tmp".to_owned();
    let events = exec(launcher.client.clone(), vec![Wire::Open(request)]).await;
    let [
        Event::Running(_),
        Event::Stdout(out),
        Event::Stderr(err),
        Event::Exited(exit),
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(
        (out.as_slice(), err.as_slice(), exit.exit_code),
        (&b"hello"[..], &b"oops"[..], 5)
    );
    let spec = guest.observed().starts[1].spec.clone().unwrap();
    assert_eq!(spec.environment, ["PATH=/sbin", "A=1"]);
    assert_eq!((spec.working_directory.as_str(), spec.user.as_str()), ("/tmp", "0:0"));
    assert!(spec.seccomp && !spec.no_new_privileges && spec.capabilities.is_empty());
    stop(launcher).await;
}

#[tokio::test]
async fn input_reaches_the_process() {
    let world = World::new(|_| {});
    let (_guest, launcher) = running(&world).await;
    let request = ExecOpen {
        stdin: true,
        ..open("exec-1", "cat")
    };
    let requests = vec![
        Wire::Open(request),
        Wire::Stdin(b"abc".to_vec()),
        Wire::CloseStdin(CloseStdin {}),
    ];
    let events = exec(launcher.client.clone(), requests).await;
    assert!(
        matches!(&events[1], Event::Stdout(bytes) if bytes == b"abc"),
        "{events:?}"
    );
    assert!(matches!(events.last(), Some(Event::Exited(exit)) if exit.exit_code == 0));
    stop(launcher).await;
}

#[tokio::test]
async fn program_that_is_not_there_is_reported_as_such() {
    let world = World::new(|_| {});
    let (_guest, launcher) = running(&world).await;
    let events = exec(launcher.client.clone(), vec![Wire::Open(open("exec-1", "fail"))]).await;
    let [Event::Failure(failure)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(failure.kind(), FailureKind::NotFound);
    for bad in [
        open("init", "hello"),
        open("", "hello"),
        open("a b", "hello"),
        ExecOpen::default(),
    ] {
        let events = exec(launcher.client.clone(), vec![Wire::Open(bad)]).await;
        assert!(matches!(events.as_slice(), [Event::Failure(_)]), "{events:?}");
    }
    stop(launcher).await;
}

#[tokio::test]
async fn process_ids_in_use_are_refused() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    let client = launcher.client.clone();
    let waiting = tokio::spawn(exec(client.clone(), vec![Wire::Open(open("exec-1", "sleep"))]));
    while guest.observed().starts.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let refused = exec(client.clone(), vec![Wire::Open(open("exec-1", "hello"))]).await;
    assert!(matches!(refused.as_slice(), [Event::Failure(failure)] if failure.message.contains("exec-1")));
    let request = SignalRequest {
        process_id: "exec-1".to_owned(),
        signal: 15,
    };
    client.clone().signal(request).await.unwrap();
    let events = waiting.await.unwrap();
    assert!(
        matches!(events.last(), Some(Event::Exited(exit)) if exit.exit_code == 143),
        "{events:?}"
    );
    drop(client);
    stop(launcher).await;
}

#[tokio::test]
async fn detached_process_is_only_started() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    let request = ExecOpen {
        detached: true,
        stdin: true,
        ..open("exec-1", "sleep")
    };
    let events = exec(launcher.client.clone(), vec![Wire::Open(request)]).await;
    assert!(matches!(events.as_slice(), [Event::Running(_)]), "{events:?}");
    let start = guest.observed().starts[1].clone();
    assert!(start.detached && !start.stdin);
    stop(launcher).await;
}

#[tokio::test]
async fn processes_end_with_the_container() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    let waiting = tokio::spawn(exec(launcher.client.clone(), vec![Wire::Open(open("exec-1", "sleep"))]));
    while guest.observed().starts.len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop(launcher).await;
    let events = tokio::time::timeout(harness::PATIENCE, waiting).await.unwrap().unwrap();
    assert!(
        matches!(events.last(), Some(Event::Exited(_) | Event::Failure(_))),
        "{events:?}"
    );
}

/// A client that can do one thing after the other, and vanishes when it is dropped.
struct Client {
    requests: mpsc::Sender<ExecRequest>,
    responses: Streaming<ExecResponse>,
}

impl Client {
    async fn open(mut client: ControlClient, open: ExecOpen) -> Self {
        let (requests, receiver) = mpsc::channel(4);
        let first = ExecRequest {
            request: Some(Wire::Open(open)),
        };
        requests.send(first).await.unwrap();
        let responses = client.exec(ReceiverStream::new(receiver)).await.unwrap().into_inner();
        Self { requests, responses }
    }

    async fn send(&self, request: Wire) {
        self.requests
            .send(ExecRequest { request: Some(request) })
            .await
            .unwrap();
    }

    async fn next(&mut self) -> Option<Event> {
        let message = tokio::time::timeout(PATIENCE, self.responses.message()).await;
        message
            .expect("an event")
            .unwrap()
            .and_then(|response| response.response)
    }
}

/// Waits until the process has ended and returns its exit code and the signals that it was sent.
async fn end_of(guest: &Guest, process_id: &str) -> (u32, Vec<u32>) {
    let ended = async {
        loop {
            let observed = guest.observed();
            if let Some((_, code)) = observed.exits.iter().find(|(id, _)| id == process_id) {
                let signals = observed.signals.iter().filter(|signal| signal.process_id == process_id);
                return (*code, signals.map(|signal| signal.signal).collect());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.expect("the process ends")
}

#[tokio::test]
async fn process_whose_client_has_vanished_is_hung_up() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    // One that waits, one whose output nobody takes any more, one whose start is not over.
    for (id, program) in [("exec-1", "sleep"), ("exec-2", "loud"), ("exec-3", "slow")] {
        let mut client = Client::open(launcher.client.clone(), open(id, program)).await;
        if program != "slow" {
            assert!(matches!(client.next().await, Some(Event::Running(_))));
        } else {
            while !guest.observed().starts.iter().any(|start| start.process_id == id) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        drop(client);
        assert_eq!(end_of(&guest, id).await, (129, vec![SIGHUP]), "{program}");
    }
    stop(launcher).await;
}

#[tokio::test]
async fn process_that_does_not_heed_its_hang_up_is_killed() {
    let mut world = World::new(|_| {});
    world.limits.stop = SHORT;
    let (guest, launcher) = running(&world).await;
    let mut client = Client::open(launcher.client.clone(), open("exec-1", "deaf")).await;
    assert!(matches!(client.next().await, Some(Event::Running(_))));
    drop(client);
    assert_eq!(end_of(&guest, "exec-1").await, (137, vec![SIGHUP, SIGKILL]));
    stop(launcher).await;
}

#[tokio::test]
async fn process_whose_client_has_detached_goes_on_with_its_input_open() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    let request = ExecOpen {
        stdin: true,
        terminal: true,
        ..open("exec-1", "cat")
    };
    let mut client = Client::open(launcher.client.clone(), request).await;
    assert!(matches!(client.next().await, Some(Event::Running(_))));
    client.send(Wire::Stdin(b"abc".to_vec())).await;
    assert!(matches!(client.next().await, Some(Event::Stdout(bytes)) if bytes == b"abc"));
    client.send(Wire::Detach(Detach {})).await;
    assert_eq!(client.next().await, None, "the stream ends at once, without an exit");
    drop(client);
    // It can still be named, and its end is ours: closed input would have ended it with 0, a lost client with SIGHUP.
    let taken = exec(launcher.client.clone(), vec![Wire::Open(open("exec-1", "hello"))]).await;
    assert!(
        matches!(taken.as_slice(), [Event::Failure(failure)] if failure.message.contains("exec-1 already")),
        "{taken:?}"
    );
    let request = SignalRequest {
        process_id: "exec-1".to_owned(),
        signal: SIGTERM,
    };
    launcher.client.clone().signal(request).await.unwrap();
    assert_eq!(end_of(&guest, "exec-1").await, (143, vec![SIGTERM]));
    stop(launcher).await;
}

#[tokio::test]
async fn detached_process_does_not_wait_for_a_reader() {
    let world = World::new(|_| {});
    let (guest, launcher) = running(&world).await;
    let mut client = Client::open(launcher.client.clone(), open("exec-1", "loud")).await;
    assert!(matches!(client.next().await, Some(Event::Running(_))));
    client.send(Wire::Detach(Detach {})).await;
    while client.next().await.is_some() {}
    // Only a process that has got rid of its output takes signals in this guest.
    let request = SignalRequest {
        process_id: "exec-1".to_owned(),
        signal: SIGTERM,
    };
    launcher.client.clone().signal(request).await.unwrap();
    assert_eq!(end_of(&guest, "exec-1").await, (143, vec![SIGTERM]));
    stop(launcher).await;
}
