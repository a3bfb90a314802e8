//! The client against an agent that speaks the real protocol over a socket pair, well-behaved and not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::time::Duration;

use container_agent::v1::{
    ConfigureInterfaceRequest, CreateContainerRequest, HostsLine, Names, StartFailure, StartProcess, WindowSize,
};
use container_agent::{AgentClient, AgentError, ProcessEvent, RunError, Violation};
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken};
use container_hypervisor::fake::{Boot, FakeHypervisor, Guest, Outcome, Process};
use container_hypervisor::{AgentStream, Hypervisor as _, Machine, MachineConfig, MachineExit};

const TIMEOUT: Duration = Duration::from_secs(10);

fn token() -> AgentToken {
    AgentToken::new([7; AGENT_TOKEN_BYTES])
}

struct Fixture {
    _root: tempfile::TempDir,
    machine: Machine,
}

impl Fixture {
    async fn stream(&self) -> AgentStream {
        self.machine.agent_connector().unwrap().connect().await.unwrap()
    }
}

async fn boot(guest: &Guest) -> Fixture {
    let root = tempfile::tempdir().unwrap();
    let hypervisor = FakeHypervisor::new(guest.clone());
    let console = std::fs::File::create(root.path().join("boot.log")).unwrap();
    let config = MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token().to_hex())],
        ..MachineConfig::new("fake", hypervisor.kernel(), "/dev/null", console)
    };
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    Fixture { _root: root, machine }
}

async fn connect(guest: &Guest) -> (Fixture, AgentClient) {
    let fixture = boot(guest).await;
    let stream = fixture.stream().await;
    let client = AgentClient::connect(stream, &token(), TIMEOUT).await.unwrap();
    (fixture, client)
}

async fn connect_error(boot_kind: Boot, timeout: Duration) -> AgentError {
    let fixture = boot(&Guest::booting(boot_kind)).await;
    let stream = fixture.stream().await;
    AgentClient::connect(stream, &token(), timeout).await.unwrap_err()
}

fn process(id: &str) -> StartProcess {
    StartProcess {
        process_id: id.to_owned(),
        stdin: true,
        ..StartProcess::default()
    }
}

#[tokio::test]
async fn output_arrives_whole_and_in_order_and_ends_with_the_exit() {
    let bytes: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    let expected = bytes.clone();
    let guest = Guest::running(move |_| Process::exits(7).with_stdout(bytes.clone()).with_stderr("oops"));
    let (_fixture, client) = connect(&guest).await;
    client
        .create_container(CreateContainerRequest {
            hostname: "box".to_owned(),
            ..Default::default()
        })
        .await
        .unwrap();
    let mut running = client.run(process("init")).await.unwrap();
    let (mut stdout, mut stderr, mut exit_code) = (Vec::new(), Vec::new(), None);
    while let Some(event) = running.output.next().await.unwrap() {
        match event {
            ProcessEvent::Stdout(chunk) => stdout.extend_from_slice(&chunk),
            ProcessEvent::Stderr(chunk) => stderr.extend_from_slice(&chunk),
            ProcessEvent::Exited(exited) => exit_code = Some(exited.exit_code),
            ProcessEvent::OomKill(kill) => panic!("nobody asked for {kill:?}"),
        }
    }
    assert_eq!(
        (stdout == expected, stderr.as_slice(), exit_code),
        (true, &b"oops"[..], Some(7))
    );
    assert_eq!(guest.observed().containers[0].hostname, "box");
    assert!(guest.observed().hellos[0].time_unix_ns > 0);
}

#[tokio::test]
async fn input_is_cut_into_chunks_and_its_end_reaches_the_process() {
    let guest = Guest::running(|_| Process::ends(Outcome::Echo));
    let (_fixture, client) = connect(&guest).await;
    let mut running = client.run(process("cat")).await.unwrap();
    let sent: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let expected = sent.clone();
    let mut stdin = running.stdin;
    let writer = tokio::spawn(async move {
        stdin.write(&sent).await.unwrap();
        stdin.close().await.unwrap();
    });
    let mut echoed = Vec::new();
    loop {
        match running.output.next().await.unwrap() {
            Some(ProcessEvent::Stdout(chunk)) => echoed.extend_from_slice(&chunk),
            Some(ProcessEvent::Exited(exited)) => break assert_eq!(exited.exit_code, 0),
            other => panic!("{other:?}"),
        }
    }
    writer.await.unwrap();
    assert!(echoed == expected);
}

#[tokio::test]
async fn a_signal_ends_a_process_that_does_not_ignore_it() {
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: vec![15] }));
    let (_fixture, client) = connect(&guest).await;
    let mut running = client.run(process("sleep")).await.unwrap();
    client
        .resize("sleep", WindowSize { rows: 24, columns: 80 })
        .await
        .unwrap();
    client.signal("sleep", 15).await.unwrap();
    client.signal("other", 9).await.unwrap();
    client.signal("", 9).await.unwrap();
    let Some(ProcessEvent::Exited(exited)) = running.output.next().await.unwrap() else {
        panic!("no exit")
    };
    assert_eq!((exited.exit_code, exited.signal), (137, 9));
    assert_eq!(running.output.next().await.unwrap(), None);
}

#[tokio::test]
async fn interfaces_and_names_reach_the_guest() {
    let guest = Guest::default();
    let (_fixture, client) = connect(&guest).await;
    let interface = |slot: u8| ConfigureInterfaceRequest {
        device_address: vec![2, 0, 0, 0, 0, slot],
        name: format!("eth{slot}"),
        mtu_bytes: 1500,
        ..Default::default()
    };
    client.configure_interface(interface(0)).await.unwrap();
    client.configure_interface(interface(1)).await.unwrap();
    client.release_interface([2, 0, 0, 0, 0, 0]).await.unwrap();
    assert_eq!(guest.observed().interfaces, [interface(1)]);
    let names = Names {
        hosts: vec![HostsLine {
            address: "10.1.2.3".to_owned(),
            names: vec!["web".to_owned()],
        }],
        ..Names::default()
    };
    client.set_names(names.clone()).await.unwrap();
    assert_eq!(guest.observed().names[0].names, Some(names));
}

#[tokio::test]
async fn a_process_that_cannot_start_is_not_an_agent_error() {
    let guest = Guest::running(|_| {
        Process::ends(Outcome::Fail {
            reason: StartFailure::NotFound,
            message: "nope: no such program".to_owned(),
        })
    });
    let (_fixture, client) = connect(&guest).await;
    match client.run(process("nope")).await.unwrap_err() {
        RunError::NotStarted { reason, message } => {
            assert_eq!(
                (reason, message.as_str()),
                (StartFailure::NotFound, "nope: no such program")
            );
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_call_without_outcome_is_a_breach_of_protocol() {
    let guest = Guest::running(|_| Process::ends(Outcome::Vanish));
    let (_fixture, client) = connect(&guest).await;
    let error = client.run(process("ghost")).await.unwrap_err();
    assert!(
        matches!(
            error,
            RunError::Agent(AgentError::Protocol {
                violation: Violation::NoOutcome,
                ..
            })
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_guest_that_hangs_in_boot_is_given_up() {
    let error = connect_error(Boot::Hang, Duration::from_millis(100)).await;
    assert!(matches!(error, AgentError::Timeout { call: "Hello", .. }), "{error:?}");
}

#[tokio::test]
async fn a_peer_without_the_machines_token_is_refused() {
    let fixture = boot(&Guest::default()).await;
    let stream = fixture.stream().await;
    let other = AgentToken::new([8; AGENT_TOKEN_BYTES]);
    let error = AgentClient::connect(stream, &other, TIMEOUT).await.unwrap_err();
    assert!(
        matches!(
            error,
            AgentError::Refused {
                call: "Hello",
                code: tonic::Code::PermissionDenied,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn garbage_is_shown_instead_of_a_transport_error() {
    let error = connect_error(Boot::Garbage(b"login: \x1b[2J".to_vec()), TIMEOUT).await;
    assert!(error.to_string().contains(r#""login: \x1b[2J""#), "{error}");
}

#[tokio::test]
async fn a_guest_that_dies_in_boot_breaks_the_stream_and_ends_the_wait() {
    let exit = MachineExit::Failed {
        reason: "KVM internal error".to_owned(),
    };
    let guest = Guest::booting(Boot::Die {
        after: Duration::from_millis(20),
        exit: exit.clone(),
    });
    let fixture = boot(&guest).await;
    let stream = fixture.stream().await;
    let error = AgentClient::connect(stream, &token(), TIMEOUT).await.unwrap_err();
    assert!(matches!(error, AgentError::Broken { .. }), "{error:?}");
    assert_eq!(fixture.machine.wait().await, exit);
}

#[tokio::test]
async fn shutdown_ends_the_machine_and_killing_breaks_what_runs() {
    let guest = Guest::running(|_| Process::ends(Outcome::UntilSignal { ignores: Vec::new() }));
    let (fixture, client) = connect(&guest).await;
    client.shutdown(TIMEOUT).await.unwrap();
    assert_eq!(fixture.machine.wait().await, MachineExit::PowerOff);

    let (fixture, client) = connect(&guest).await;
    let mut running = client.run(process("sleep")).await.unwrap();
    fixture.machine.kill().await.unwrap();
    assert_eq!(fixture.machine.wait().await, MachineExit::Killed);
    assert!(matches!(running.output.next().await, Err(AgentError::Broken { .. })));
}
