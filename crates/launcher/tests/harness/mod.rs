//! A launcher in this process, over a hypervisor without machines.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests fail by panicking"
)]

pub(crate) mod launcher_process;

use std::io::Cursor;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use container_hypervisor::capability::Template;
use container_hypervisor::fake::{FakeHypervisor, Guest, Outcome, Process};
use container_hypervisor::{
    AgentConnector, BootSource, CreateError, ExitWatch, Hypervisor, HypervisorInfo, Machine, MachineConfig,
    MachineDriver, MachineError, MachineExit, MachineSource, StallWatch,
};
use container_launcher::control::v1::attach_request::Request as Wire;
use container_launcher::control::v1::attach_response::Response as Event;
use container_launcher::control::v1::{AttachOpen, AttachRequest, AttachResponse, ExitStatus};
use container_launcher::control::{self, ControlClient};
use container_launcher::{EndedRun, Launch, Limits, MachineChooser, NextRun, RunPolicy, TemplateUse, run};
use container_model::{
    ContainerConfig, ContainerId, ContainerImage, ContainerOptions, InitProcess, Layer, Phase, ProcessUser,
    ResolverConfig, Resources, Security, UnknownFields,
};
use container_oci::{Descriptor, Digest, media_type};
use container_state::{AppPaths, ContainerStore, FILE_MARK, Forwards, LoadError, OutputLogFiles};
use time::OffsetDateTime;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;

/// Nothing in these tests takes this long unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A limit that is to run out.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let met = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, met)
        .await
        .unwrap_or_else(|_| panic!("never {what}"));
}

/// A process that runs until it gets a signal.
pub(crate) fn waiting() -> Process {
    Process::ends(Outcome::UntilSignal { ignores: Vec::new() })
}

/// A directory that is removed at its end, also while a launcher of this process that is not waited for still writes a record there.
struct Root(tempfile::TempDir);

impl Drop for Root {
    fn drop(&mut self) {
        let end = std::time::Instant::now() + PATIENCE;
        while std::fs::remove_dir_all(self.0.path()).is_err() && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// An app root with one container.
pub(crate) struct World {
    root: Root,
    pub(crate) config: ContainerConfig,
    pub(crate) limits: Limits,
    /// The socket of the SSH agent.
    pub(crate) ssh_agent: Option<PathBuf>,
    /// How often the container runs, however a run ends.
    pub(crate) runs: Runs,
    /// Whether its machines continue from templates.
    pub(crate) templates: TemplateUse,
}

/// So many runs, with a pause between two of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Runs {
    pub(crate) count: u32,
    pub(crate) pause: Duration,
}

impl RunPolicy for Runs {
    fn after(&self, run: &EndedRun) -> NextRun {
        match run.number < self.count {
            true => NextRun::After { pause: self.pause },
            false => NextRun::None,
        }
    }
}

impl World {
    pub(crate) fn new(change: impl FnOnce(&mut ContainerConfig)) -> Self {
        let root = Root(tempfile::tempdir().unwrap());
        let mut config = config();
        change(&mut config);
        // None that a guest has to keep runs out on a busy host. Tests of what follows when one does set it to [`SHORT`].
        let limits = Limits {
            boot: PATIENCE,
            stop: PATIENCE,
            kill: PATIENCE,
            shutdown: PATIENCE,
            volume_flush: PATIENCE,
            farewell: SHORT,
            clock: 10 * PATIENCE,
            room: Duration::from_millis(50),
            reading: SHORT,
        };
        let runs = Runs {
            count: 1,
            pause: Duration::ZERO,
        };
        let world = Self {
            root,
            ssh_agent: None,
            config,
            limits,
            runs,
            templates: TemplateUse::Off,
        };
        world.paths().prepare().unwrap();
        world
            .store()
            .create(&world.config, |directory| {
                std::fs::write(directory.join("rootfs.ext4"), b"")
            })
            .unwrap_or_else(|error| panic!("{error}"));
        world
    }

    /// The same world, in which a machine that does not come up is given up soon.
    pub(crate) fn with_short_boot(mut self) -> Self {
        self.limits.boot = SHORT;
        self
    }

    /// Makes another container like this world's.
    pub(crate) fn add(&self, id: &str, change: impl FnOnce(&mut ContainerConfig)) -> ContainerId {
        let mut config = self.config.clone();
        config.id = id.parse().unwrap();
        change(&mut config);
        self.store()
            .create(&config, |directory| std::fs::write(directory.join("rootfs.ext4"), b""))
            .unwrap_or_else(|error| panic!("{error}"));
        config.id
    }

    pub(crate) fn paths(&self) -> AppPaths {
        AppPaths::new(self.root.0.path(), self.root.0.path().join("run"))
    }

    pub(crate) fn store(&self) -> ContainerStore {
        ContainerStore::new(self.paths())
    }

    pub(crate) fn id(&self) -> &ContainerId {
        &self.config.id
    }

    pub(crate) fn phase(&self) -> Phase {
        self.store().load(self.id()).unwrap().state.phase
    }

    /// The output that is logged, of both streams.
    pub(crate) fn logged(&self) -> Vec<u8> {
        let files = OutputLogFiles::new(self.store().bundle(self.id()).output_log());
        let mut output = Vec::new();
        for number in files.numbers().unwrap() {
            let bytes = std::fs::read(files.path(number)).unwrap();
            let mut records = Forwards::new(Cursor::new(bytes.strip_prefix(&FILE_MARK).unwrap_or_default()));
            while let Some(record) = records.next(true).unwrap() {
                output.extend_from_slice(record.payload);
            }
        }
        output
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.store().load(self.id()), Err(LoadError::NotFound { .. }))
    }

    /// Sockets in the runtime directory.
    pub(crate) fn socket_count(&self) -> usize {
        std::fs::read_dir(self.paths().runtime()).unwrap().count()
    }

    pub(crate) fn launch(&self, guest: &Guest) -> Launcher {
        self.launch_with(Source::new(guest))
    }

    pub(crate) fn launch_with(&self, source: Source) -> Launcher {
        self.launch_with_policy(source, self.runs)
    }

    pub(crate) fn launch_with_policy(&self, source: Source, policy: impl RunPolicy + 'static) -> Launcher {
        self.launch_container(self.id(), source, policy)
    }

    pub(crate) fn launch_container(
        &self,
        id: &ContainerId,
        source: Source,
        policy: impl RunPolicy + 'static,
    ) -> Launcher {
        let (near, far) = UnixStream::pair().unwrap();
        let launch = Launch {
            paths: self.paths(),
            id: id.clone(),
            control: Some(far),
            machines: Box::new(Source {
                templates: self.templates.clone(),
                ..source
            }),
            policy: Box::new(policy),
            limits: self.limits,
            ssh_agent: self.ssh_agent.clone(),
        };
        Launcher {
            client: control::client(near),
            task: tokio::spawn(run(launch)),
        }
    }
}

/// A running launcher and its first client.
pub(crate) struct Launcher {
    pub(crate) client: ControlClient,
    pub(crate) task: JoinHandle<()>,
}

impl Launcher {
    /// Waits until the launcher has ended.
    pub(crate) async fn ended(self) {
        drop(self.client);
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("the launcher ends")
            .unwrap();
    }

    pub(crate) async fn attach(&self, open: AttachOpen) -> Attached {
        attach(self.client.clone(), open).await
    }
}

pub(crate) async fn attach(mut client: ControlClient, open: AttachOpen) -> Attached {
    let (requests, receiver) = mpsc::channel(64);
    requests
        .send(AttachRequest {
            request: Some(Wire::Open(open)),
        })
        .await
        .unwrap();
    let responses = client.attach(ReceiverStream::new(receiver)).await.unwrap().into_inner();
    Attached { requests, responses }
}

/// An attached client.
pub(crate) struct Attached {
    requests: mpsc::Sender<AttachRequest>,
    pub(crate) responses: Streaming<AttachResponse>,
}

/// All that came until the stream ended.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) running: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) exit: Option<ExitStatus>,
    pub(crate) failure: Option<control::v1::Failure>,
    pub(crate) notices: Vec<String>,
}

impl Attached {
    pub(crate) async fn send(&self, request: Wire) {
        self.requests
            .send(AttachRequest { request: Some(request) })
            .await
            .unwrap();
    }

    pub(crate) async fn next(&mut self) -> Option<Event> {
        let message = tokio::time::timeout(PATIENCE, self.responses.message())
            .await
            .expect("an event");
        message.unwrap().and_then(|response| response.response)
    }

    pub(crate) async fn finish(&mut self) -> Seen {
        let mut seen = Seen::default();
        while let Some(event) = self.next().await {
            match event {
                Event::Running(_) => seen.running = true,
                Event::Stdout(bytes) => seen.stdout.extend(bytes),
                Event::Stderr(bytes) => seen.stderr.extend(bytes),
                Event::Exited(status) => seen.exit = Some(status),
                Event::Failure(failure) => seen.failure = Some(failure),
                Event::Notice(notice) => seen.notices.push(notice.text),
            }
        }
        seen
    }
}

/// A hypervisor without machines that can fail in ways the fake one cannot by itself.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) hypervisor: FakeHypervisor,
    /// What to use after a failed boot.
    pub(crate) second: Option<FakeHypervisor>,
    /// What to use for later runs.
    pub(crate) next: Option<FakeHypervisor>,
    /// Once this is true, its machines are killed from outside.
    pub(crate) is_doomed: watch::Receiver<bool>,
    /// Those of the world.
    pub(crate) templates: TemplateUse,
    /// Once this is true, its machines can be killed.
    pub(crate) is_killable: watch::Receiver<bool>,
}

impl Source {
    pub(crate) fn new(guest: &Guest) -> Self {
        Self {
            hypervisor: FakeHypervisor::new(guest.clone()),
            second: None,
            next: None,
            is_doomed: watch::channel(false).1,
            templates: TemplateUse::Off,
            is_killable: watch::channel(true).1,
        }
    }
}

#[async_trait]
impl MachineChooser for Source {
    async fn choose(&self) -> Result<Box<dyn MachineSource>, CreateError> {
        match &self.next {
            Some(next) if self.hypervisor.created_count() > 0 => Ok(boot_source(Box::new(next.clone()))),
            _ => Ok(boot_source(Box::new(self.clone()))),
        }
    }

    fn templates(&self) -> Result<TemplateUse, CreateError> {
        Ok(self.templates.clone())
    }

    async fn after(&self, _: &MachineExit) -> Option<Box<dyn MachineSource>> {
        self.second.clone().map(|second| boot_source(Box::new(second)))
    }
}

fn boot_source(hypervisor: Box<dyn Hypervisor>) -> Box<dyn MachineSource> {
    Box::new(BootSource::new(hypervisor, None, "/dev/null".into()))
}

#[async_trait]
impl Hypervisor for Source {
    fn info(&self) -> &HypervisorInfo {
        self.hypervisor.info()
    }

    fn kernel(&self) -> std::path::PathBuf {
        self.hypervisor.kernel()
    }

    async fn create(&self, config: MachineConfig) -> Result<Machine, CreateError> {
        let machine = self.hypervisor.create(config).await?;
        Ok(Machine::new(DoomedMachine::new(machine, self)))
    }
}

/// A machine that is killed from outside after a while.
struct DoomedMachine {
    machine: Machine,
    exit: ExitWatch,
    is_killable: watch::Receiver<bool>,
    doom: JoinHandle<()>,
}

impl DoomedMachine {
    fn new(machine: Machine, source: &Source) -> Self {
        let (mut is_doomed, is_killable) = (source.is_doomed.clone(), source.is_killable.clone());
        let (reporter, exit) = ExitWatch::new();
        let doomed = machine.clone();
        let doom = tokio::spawn(async move {
            let doom = async {
                // A sender that is gone will not send it any more.
                if is_doomed.wait_for(|is_doomed| *is_doomed).await.is_err() {
                    std::future::pending::<()>().await;
                }
            };
            let exit = tokio::select! {
                exit = doomed.wait() => exit,
                () = doom => MachineExit::Failed {
                    reason: "QEMU was killed by signal 9".to_owned(),
                },
            };
            reporter.report(exit);
            let _ = doomed.kill().await;
        });
        Self {
            machine,
            exit,
            is_killable,
            doom,
        }
    }
}

impl Drop for DoomedMachine {
    fn drop(&mut self) {
        self.doom.abort();
    }
}

#[async_trait]
impl MachineDriver for DoomedMachine {
    async fn start(&self) -> Result<(), MachineError> {
        self.machine.start().await
    }

    fn agent_connector(&self) -> Result<Box<dyn AgentConnector>, MachineError> {
        self.machine.agent_connector()
    }

    fn exit(&self) -> ExitWatch {
        self.exit.clone()
    }

    fn stalls(&self) -> Option<StallWatch> {
        self.machine.stalls()
    }

    async fn kill(&self) -> Result<(), MachineError> {
        // A sender that is gone leaves what it said last.
        let _ = self.is_killable.clone().wait_for(|is_killable| *is_killable).await;
        self.machine.kill().await
    }

    fn as_template(&self) -> Option<&dyn Template> {
        self.machine.as_template()
    }
}

pub(crate) fn owner() -> AttachOpen {
    AttachOpen {
        start: true,
        owner: true,
        ..AttachOpen::default()
    }
}

fn config() -> ContainerConfig {
    let digest = Digest::Sha256([0; 32]);
    ContainerConfig {
        id: "web".parse().unwrap(),
        created: OffsetDateTime::UNIX_EPOCH,
        image: ContainerImage {
            reference: "busybox".parse().unwrap(),
            descriptor: Descriptor::new(media_type::OCI_MANIFEST, digest, 1).into(),
            manifest_digest: digest,
            layers: vec![Layer::Single { diff_id: digest }],
            unknown: UnknownFields::new(),
        },
        platform: "linux/amd64".parse().unwrap(),
        process: InitProcess {
            executable: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), "true".to_owned()],
            environment: vec!["PATH=/bin".to_owned()],
            working_directory: "/".to_owned(),
            terminal: false,
            user: ProcessUser::ROOT,
            supplemental_groups: Vec::new(),
            rlimits: Vec::new(),
            additional_groups: Vec::new(),
            oom_score_adj: None,
            use_init: false,
            unknown: UnknownFields::new(),
        },
        mounts: Vec::new(),
        networks: Vec::new(),
        published_ports: Vec::new(),
        published_sockets: Vec::new(),
        ssh: false,
        dns: ResolverConfig::default(),
        extra_hosts: Vec::new(),
        hostname: None,
        resources: Resources::new(1, 256 << 20),
        security: Security::default(),
        options: ContainerOptions::default(),
        labels: [].into(),
        annotations: [].into(),
        sysctls: [].into(),
        stop_signal: None,
        health_check: None,
        build: None,
        unknown: UnknownFields::new(),
    }
}
