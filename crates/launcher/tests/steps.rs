//! The machine of a build: steps instead of a workload.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

mod harness;

use std::time::Duration;

use container_agent_api::v1::add_archive_open::Use;
use container_hypervisor::fake::{Guest, Outcome, Process};
use container_launcher::control::v1::exec_response::Response as Event;
use container_launcher::control::v1::run_step_request::Request as Wire;
use container_launcher::control::v1::step_mount::Source;
use container_launcher::control::v1::{
    AddArchiveEnd, AddArchiveOpen, AddArchiveRequest, ExecResponse, RunStepRequest, SealStepRequest, StartRequest,
    StepCacheMount, StepMount, StepOpen, StepSecretMount, StopRequest, add_archive_request,
};
use container_model::{BuildMachine, CacheDirectory, Signal, UnknownFields};
use harness::{Launcher, PATIENCE, World};
use tokio::sync::mpsc::{self, Sender};
use tonic::Streaming;

/// A build's machine with one cache below `/nowhere`, which no backend of these tests looks at.
fn world() -> World {
    World::new(|config| {
        config.options.auto_remove = true;
        config.networks = Vec::new();
        config.build = Some(BuildMachine::default());
    })
}

fn open(program: &str) -> StepOpen {
    StepOpen {
        process_id: format!("step-{program}"),
        arguments: vec![program.to_owned()],
        ..StepOpen::default()
    }
}

async fn run(launcher: &mut Launcher, open: StepOpen) -> Streaming<ExecResponse> {
    let (responses, sender) = begin(launcher, open).await;
    // A client has no more to say for as long as the step runs.
    tokio::spawn(async move { sender.closed().await });
    responses
}

/// The step's responses, and the way to say more.
async fn begin(launcher: &mut Launcher, open: StepOpen) -> (Streaming<ExecResponse>, Sender<RunStepRequest>) {
    let first = RunStepRequest {
        request: Some(Wire::Open(open)),
    };
    let (sender, receiver) = mpsc::channel(1);
    sender.send(first).await.unwrap();
    let requests = tokio_stream::wrappers::ReceiverStream::new(receiver);
    let responses = launcher.client.run_step(requests).await.unwrap().into_inner();
    (responses, sender)
}

async fn events(mut responses: Streaming<ExecResponse>) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some(response) = tokio::time::timeout(PATIENCE, responses.message())
        .await
        .unwrap()
        .unwrap()
    {
        events.extend(response.response);
    }
    events
}

#[tokio::test]
async fn steps_run_one_after_another_and_are_sealed() {
    let world = world();
    let guest = Guest::running(|start| {
        let program = start.spec.as_ref().unwrap().arguments[0].clone();
        Process::exits(u32::from(program == "fails")).with_stdout(program)
    });
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    for (program, code) in [("works", 0), ("fails", 1)] {
        let step = run(&mut launcher, open(program)).await;
        let events = events(step).await;
        assert!(matches!(&events[0], Event::Running(_)), "{events:?}");
        assert!(matches!(&events[1], Event::Stdout(bytes) if bytes == program.as_bytes()));
        assert!(matches!(&events[2], Event::Exited(status) if status.exit_code == code));
    }
    let sealed = launcher
        .client
        .seal_step(SealStepRequest {})
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sealed.number, 1);
    let observed = guest.observed();
    assert!(observed.containers[0].steps);
    assert_eq!(observed.steps.len(), 2);
    launcher.client.stop(StopRequest::default()).await.unwrap();
    launcher.ended().await;
    assert!(world.is_gone());
}

#[tokio::test]
async fn what_a_privileged_step_may_do_and_what_is_mounted_reach_the_guest() {
    let world = world();
    let guest = Guest::default();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let secret = StepMount {
        target: "/a/b".to_owned(),
        source: Some(Source::Secret(StepSecretMount {
            content: b"s".to_vec(),
            access: None,
        })),
    };
    let tmpfs = StepMount {
        target: "/a".to_owned(),
        source: Some(Source::Tmpfs(Default::default())),
    };
    let privileged = StepOpen {
        privileged: true,
        mounts: vec![secret, tmpfs],
        ..open("true")
    };
    drop(events(run(&mut launcher, privileged).await).await);
    let observed = guest.observed();
    let spec = observed.starts[0].spec.clone().unwrap();
    assert!(!spec.own_network);
    assert!(!spec.seccomp && spec.capabilities.contains(&"CAP_SYS_ADMIN".to_owned()));
    assert!(observed.steps[0].masked_paths.is_empty() && observed.steps[0].readonly_paths.is_empty());
    // What is below another mount comes after it.
    let targets: Vec<&str> = observed.steps[0]
        .mounts
        .iter()
        .map(|mount| mount.target.as_str())
        .collect();
    assert_eq!(targets, ["/a", "/a/b"]);

    let unknown = StepMount {
        target: "/c".to_owned(),
        source: Some(Source::Cache(StepCacheMount::default())),
    };
    let refused = StepOpen {
        mounts: vec![unknown],
        ..open("true")
    };
    let refused = events(run(&mut launcher, refused).await).await;
    assert!(
        matches!(&refused[..], [Event::Failure(failure)] if failure.message.contains("no cache 0")),
        "{refused:?}"
    );
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn a_step_without_network_is_started_in_one_of_its_own() {
    let world = world();
    let guest = Guest::default();
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    for without_network in [true, false] {
        let step = StepOpen {
            without_network,
            ..open("true")
        };
        drop(events(run(&mut launcher, step).await).await);
    }
    let starts = guest.observed().starts;
    let own: Vec<bool> = starts
        .into_iter()
        .map(|start| start.spec.unwrap().own_network)
        .collect();
    assert_eq!(own, [true, false]);
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn nothing_of_a_step_goes_on_without_its_client() {
    let world = world();
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }));
    let mut launcher = world.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let (mut step, sender) = begin(&mut launcher, open("sleeps")).await;
    assert!(step.message().await.unwrap().is_some());
    drop((step, sender));
    let killed = async {
        let is_kill = |signal: &container_agent_api::v1::SignalRequest| {
            signal.process_id.is_empty() && signal.signal == Signal::KILL.number()
        };
        while !guest.observed().signals.iter().any(is_kill) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, killed).await.unwrap();
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[tokio::test]
async fn archives_are_passed_on_and_containers_take_none() {
    let send = async |launcher: &mut Launcher, tree| {
        let requests = [
            add_archive_request::Request::Open(AddArchiveOpen { tree }),
            add_archive_request::Request::Chunk(b"tar".to_vec()),
            add_archive_request::Request::End(AddArchiveEnd {}),
        ];
        let requests = requests.map(|request| AddArchiveRequest { request: Some(request) });
        launcher.client.add_archive(tokio_stream::iter(requests)).await
    };
    let build = world();
    let guest = Guest::default();
    let mut launcher = build.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    send(&mut launcher, 0).await.unwrap();
    send(&mut launcher, 7).await.unwrap();
    let archives = guest.observed().archives;
    assert!(matches!(&archives[0], (Use::Layer(_), archive) if archive == b"tar"));
    assert!(matches!(&archives[1], (Use::Tree(tree), _) if tree.number == 7));
    launcher.client.stop(StopRequest::default()).await.unwrap();

    let container = World::new(|_| {});
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }));
    let mut launcher = container.launch(&guest);
    launcher.client.start(StartRequest {}).await.unwrap();
    let refused = send(&mut launcher, 0).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    launcher.client.stop(StopRequest::default()).await.unwrap();
}

#[test]
fn caches_are_in_the_record() {
    let caches = vec![CacheDirectory {
        data: "/c/data".into(),
        owners: "/c/owners".into(),
        unknown: UnknownFields::new(),
    }];
    let build = BuildMachine {
        caches,
        unknown: UnknownFields::new(),
    };
    let written = serde_json::to_value(&build).unwrap();
    assert_eq!(written["caches"][0]["data"], "/c/data");
}
