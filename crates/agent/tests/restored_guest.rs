//! The client against the agents of fake machines that continue one template.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::Duration;

use container_agent::v1::{CreateContainerRequest, ResumeRequest, StartProcess};
use container_agent::{AgentClient, AgentError, RunError};
use container_agent_api::{AGENT_TOKEN_BYTES, AGENT_TOKEN_KEY, AgentToken, PARKED_LINE};
use container_hypervisor::fake::{FakeHypervisor, Guest};
use container_hypervisor::{GuestMemory, Hypervisor as _, Machine, MachineConfig};
use tonic::Code;

const TIMEOUT: Duration = Duration::from_secs(10);

async fn start(hypervisor: &FakeHypervisor, memory: GuestMemory, token: &AgentToken) -> Machine {
    start_with_console(hypervisor, memory, token, tempfile::tempfile().unwrap()).await
}

async fn start_with_console(
    hypervisor: &FakeHypervisor,
    memory: GuestMemory,
    token: &AgentToken,
    console: File,
) -> Machine {
    let config = MachineConfig {
        kernel_arguments: vec![format!("{AGENT_TOKEN_KEY}={}", token.to_hex())],
        memory,
        ..MachineConfig::new("fake", hypervisor.kernel(), "/dev/null", console)
    };
    let machine = hypervisor.create(config).await.unwrap();
    machine.start().await.unwrap();
    machine
}

async fn connect(machine: &Machine, token: &AgentToken) -> AgentClient {
    let stream = machine.agent_connector().unwrap().connect().await.unwrap();
    AgentClient::connect(stream, token, TIMEOUT).await.unwrap()
}

fn token(byte: u8) -> AgentToken {
    AgentToken::new([byte; AGENT_TOKEN_BYTES])
}

async fn resume(machine: &Machine, token: &AgentToken) -> Result<AgentClient, AgentError> {
    let resume = ResumeRequest {
        hostname: "web".to_owned(),
        ..ResumeRequest::default()
    };
    resume_as(machine, token, resume).await
}

async fn resume_as(machine: &Machine, token: &AgentToken, resume: ResumeRequest) -> Result<AgentClient, AgentError> {
    let stream = machine.agent_connector().unwrap().connect().await.unwrap();
    let resume = ResumeRequest {
        entropy: vec![3; 32],
        ..resume
    };
    let resumed = AgentClient::resume(stream, token, resume, None, TIMEOUT).await;
    resumed.map(|(client, _)| client)
}

/// The code with which the agent refused a call.
fn refusal<T>(result: Result<T, AgentError>) -> Code {
    match result {
        Err(AgentError::Refused { code, .. }) => code,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was not refused"),
    }
}

/// A template whose guest is parked with a container, which has to be shown the token of nines.
async fn save(hypervisor: &FakeHypervisor, directory: &Path) -> GuestMemory {
    save_machine(hypervisor, directory, Some(CreateContainerRequest::default())).await
}

/// The same, with a container if there is to be one.
async fn save_machine(
    hypervisor: &FakeHypervisor,
    directory: &Path,
    container: Option<CreateContainerRequest>,
) -> GuestMemory {
    let (memory, state) = (directory.join("memory"), directory.join("state"));
    let path = memory.clone();
    let (reader, writer) = std::io::pipe().unwrap();
    let console = File::from(std::os::fd::OwnedFd::from(writer));
    let template = start_with_console(
        hypervisor,
        GuestMemory::Template {
            path,
            for_shares: false,
        },
        &token(7),
        console,
    )
    .await;
    let client = connect(&template, &token(7)).await;
    if let Some(container) = container {
        client.create_container(container).await.unwrap();
    }
    client.park(&token(9), &[[2, 0, 0, 0, 0, 0]]).await.unwrap();
    let told = tokio::task::spawn_blocking(|| BufReader::new(reader).lines().any(|line| line.unwrap() == PARKED_LINE));
    assert!(told.await.unwrap(), "the console tells when it may be saved");
    template.as_template().unwrap().save(&state).await.unwrap();
    template.kill().await.unwrap();
    GuestMemory::Restored { memory, state }
}

#[tokio::test]
async fn every_machine_that_continues_a_template_becomes_a_container_of_its_own() {
    let root = tempfile::tempdir().unwrap();
    let guest = Guest::default();
    let hypervisor = FakeHypervisor::new(guest.clone()).with_templates("this host");
    let restored = save(&hypervisor, root.path()).await;
    for _ in 0..2 {
        let machine = start(&hypervisor, restored.clone(), &token(8)).await;
        let client = resume(&machine, &token(9)).await.unwrap();
        assert_eq!(client.hello().agent_version, "fake");
        let created = client.create_container(CreateContainerRequest::default()).await;
        assert!(created.is_err(), "it has its container");
        client.run(StartProcess::default()).await.unwrap();
        assert_eq!(
            refusal(client.park(&token(9), &[[2, 0, 0, 0, 0, 0]]).await),
            Code::FailedPrecondition
        );
    }
    let observed = guest.observed();
    assert_eq!(observed.resumes[1].hostname, "web");
    let hello = observed.resumes[1].hello.as_ref().unwrap();
    assert_eq!(hello.token, token(9).to_bytes());
    assert!(hello.time_unix_ns > 0);
}

#[tokio::test]
async fn a_process_that_is_asked_for_behind_the_first_call_starts_in_a_machine_that_has_answered_it() {
    let root = tempfile::tempdir().unwrap();
    let guest = Guest::default();
    let hypervisor = FakeHypervisor::new(guest.clone()).with_templates("this host");
    let restored = save(&hypervisor, root.path()).await;
    let resume = async |shown: u8| {
        let machine = start(&hypervisor, restored.clone(), &token(8)).await;
        let stream = machine.agent_connector().unwrap().connect().await.unwrap();
        let resume = ResumeRequest {
            entropy: vec![3; 32],
            ..ResumeRequest::default()
        };
        let first = Some(StartProcess::default());
        let resumed = AgentClient::resume(stream, &token(shown), resume, first, TIMEOUT).await;
        (machine, resumed)
    };
    let (_machine, resumed) = resume(9).await;
    let (_client, starting) = resumed.unwrap();
    starting.unwrap().started().await.unwrap();
    assert_eq!(guest.observed().starts.len(), 1);

    let (_machine, refused) = resume(8).await;
    assert_eq!(refusal(refused), Code::PermissionDenied);
    assert_eq!(
        guest.observed().starts.len(),
        1,
        "nothing starts in a machine that is still parked"
    );
}

#[tokio::test]
async fn a_machine_that_was_saved_before_it_had_a_container_gets_one_when_it_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let guest = Guest::default();
    let hypervisor = FakeHypervisor::new(guest.clone()).with_templates("this host");
    let restored = save_machine(&hypervisor, root.path(), None).await;
    let machine = start(&hypervisor, restored.clone(), &token(8)).await;
    let as_container = resume(&machine, &token(9)).await;
    assert_eq!(refusal(as_container), Code::FailedPrecondition);
    let machine = start(&hypervisor, restored, &token(8)).await;
    let request = ResumeRequest {
        without_container: true,
        ..ResumeRequest::default()
    };
    let client = resume_as(&machine, &token(9), request).await.unwrap();
    let container = CreateContainerRequest {
        hostname: "web".to_owned(),
        ..CreateContainerRequest::default()
    };
    client.create_container(container).await.unwrap();
    client.run(StartProcess::default()).await.unwrap();
    assert_eq!(guest.observed().containers[0].hostname, "web");
}

#[tokio::test]
async fn a_restored_machine_takes_resume_with_its_token_and_nothing_else_first() {
    let root = tempfile::tempdir().unwrap();
    let hypervisor = FakeHypervisor::new(Guest::default()).with_templates("this host");
    let restored = save(&hypervisor, root.path()).await;
    let machine = start(&hypervisor, restored.clone(), &token(8)).await;
    assert_eq!(refusal(resume(&machine, &token(7)).await), Code::PermissionDenied);
    let machine = start(&hypervisor, restored, &token(8)).await;
    let stream = machine.agent_connector().unwrap().connect().await.unwrap();
    let greeted = AgentClient::connect(stream, &token(9), TIMEOUT).await;
    assert_eq!(refusal(greeted), Code::FailedPrecondition);

    let booted = start(&hypervisor, GuestMemory::Own, &token(7)).await;
    assert_eq!(refusal(resume(&booted, &token(7)).await), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_guest_that_cannot_be_resumed_says_why() {
    let root = tempfile::tempdir().unwrap();
    let guest = Guest::default().refusing_to_resume("cannot set the clock");
    let hypervisor = FakeHypervisor::new(guest).with_templates("this host");
    let restored = save(&hypervisor, root.path()).await;
    let machine = start(&hypervisor, restored, &token(8)).await;
    let error = resume(&machine, &token(9)).await.unwrap_err();
    assert!(error.to_string().ends_with("Resume: cannot set the clock"), "{error}");
}

#[tokio::test]
async fn nothing_runs_in_a_machine_that_is_parked() {
    let hypervisor = FakeHypervisor::new(Guest::default());
    let machine = start(&hypervisor, GuestMemory::Own, &token(7)).await;
    let client = connect(&machine, &token(7)).await;
    client
        .create_container(CreateContainerRequest::default())
        .await
        .unwrap();
    client.clone().park(&token(9), &[[2, 0, 0, 0, 0, 0]]).await.unwrap();
    let error = client.run(StartProcess::default()).await.unwrap_err();
    let RunError::Agent(error) = error else {
        panic!("{error:?}")
    };
    assert_eq!(refusal::<()>(Err(error)), Code::FailedPrecondition);
}
