//! The state of the machine: at most one container, and the processes that were started in it.

mod parking;

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use container_agent_api::v1::{CreateContainerRequest, CreateContainerResponse, SetNamesRequest};
use container_workload::{
    Container, FilesJob, FilesProcess, FindSocketError, Layout, ProcessSpec, Role, ShareChange, StartFailure,
    StartedProcess, StepError, Streams, disk,
};
use tokio::sync::Notify;
use tonic::Status;

use crate::boot::{self, CGROUP_HIERARCHY};
use crate::disk_turn::DiskTurn;
use crate::interface::Prepared;
use crate::listeners::Listeners;
use crate::oom_kills::OomKills;
use crate::processes::Processes;
use crate::{exit, limits, loopback, requests, sysctl};

/// Directory of the container's mounts.
const CONTAINER_BASE: &str = "/container";

/// How long a disk may take to appear.
const DISK_WAIT: Duration = Duration::from_secs(2);
const DISK_POLL: Duration = Duration::from_millis(2);

/// How long killed processes may take to end.
const KILL_WAIT: Duration = Duration::from_secs(5);

/// The machine's state, shared by all calls.
pub(crate) struct Machine {
    ready_uptime_us: u64,
    kernel_release: String,
    power_off: Arc<Notify>,
    container: Mutex<State>,
    pub(crate) processes: Processes,
    pub(crate) disk_turn: DiskTurn,
    pub(crate) listeners: Listeners,
    pub(crate) oom_kills: OomKills,
    /// Held while watchers are told of changes.
    announcing: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    prepared: bool,
    creating: bool,
    container: Option<Container>,
    /// A process of the container was started, or was to be.
    has_run: bool,
    /// The machine may be saved, and nothing may run before it is resumed.
    parked: bool,
    /// The interfaces, in a machine that was parked.
    interfaces: Prepared,
    /// Out-of-memory kills that have been reported.
    seen_oom_kills: u64,
}

impl State {
    /// How many processes of the container the kernel has killed for lack of memory.
    fn oom_kill_count(&self) -> u64 {
        let container = self.container.as_ref();
        container.map_or(0, |container| container.cgroup().oom_kill_count())
    }
}

impl Machine {
    pub(crate) fn new(ready_uptime_us: u64) -> Self {
        Self {
            ready_uptime_us,
            kernel_release: rustix::system::uname().release().to_string_lossy().into_owned(),
            power_off: Arc::default(),
            container: Mutex::default(),
            processes: Processes::default(),
            disk_turn: DiskTurn::default(),
            listeners: Listeners::default(),
            oom_kills: OomKills::default(),
            announcing: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn ready_uptime_us(&self) -> u64 {
        self.ready_uptime_us
    }

    /// As in uname(2).
    pub(crate) fn kernel_release(&self) -> &str {
        &self.kernel_release
    }

    /// Notified when the machine is to be powered off.
    pub(crate) fn power_off_requested(&self) -> Arc<Notify> {
        self.power_off.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.container.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Preparation that any container needs, done once: after the first answer to the host, so that the host does not wait for it.
    pub(crate) fn prepare(&self) {
        let mut state = self.state();
        if std::mem::replace(&mut state.prepared, true) {
            return;
        }
        if let Err(error) = boot::mount_cgroups() {
            eprintln!("vminitd: {error}");
        }
        limits::raise();
        self.oom_kills.begin();
        if let Err(error) = sysctl::set_defaults() {
            eprintln!("vminitd: {error}");
        }
        if let Err(error) = loopback::bring_up() {
            eprintln!("vminitd: cannot bring the loopback interface up: {error}");
        }
    }

    /// Makes the container.
    pub(crate) async fn create(&self, request: CreateContainerRequest) -> Result<CreateContainerResponse, Status> {
        let start = Instant::now();
        {
            let mut state = self.state();
            if state.parked {
                return Err(Status::failed_precondition("this machine is parked"));
            }
            if state.container.is_some() || state.creating {
                return Err(Status::already_exists("this machine has its container already"));
            }
            state.creating = true;
        }
        self.prepare();
        let created = self.create_from(request, start).await;
        self.state().creating = false;
        created
    }

    async fn create_from(
        &self,
        request: CreateContainerRequest,
        start: Instant,
    ) -> Result<CreateContainerResponse, Status> {
        let serials: Vec<&str> = request
            .layer_disks
            .iter()
            .chain([&request.writable_disk])
            .chain(
                request
                    .mounts
                    .iter()
                    .filter_map(|mount| Some(&mount.volume.as_ref()?.disk)),
            )
            .map(String::as_str)
            .collect();
        let disks = find_disks(&serials).await?;
        let found = start.elapsed();
        let spec = requests::container(request, disks)?;
        let (container, sockets, timings) =
            Container::create(spec, Layout::new(CONTAINER_BASE), Path::new(CGROUP_HIERARCHY))
                .map_err(|error| Status::internal(error.to_string()))?;
        self.listeners
            .add(sockets)
            .map_err(|error| Status::internal(format!("cannot listen on the container's sockets: {error}")))?;
        self.state().container = Some(container);
        Ok(CreateContainerResponse {
            disks_us: micros(found + timings.disks),
            overlay_us: micros(timings.overlay),
            total_us: micros(start.elapsed()),
        })
    }

    /// Replaces what the container knows of names.
    pub(crate) fn set_names(&self, request: SetNamesRequest) -> Result<(), Status> {
        let names = requests::names(request.names)?;
        self.with_container(|container| container.set_names(&names))?
            .map_err(|error| Status::internal(error.to_string()))
    }

    /// What `action` makes of the container.
    pub(crate) fn with_container<T>(&self, action: impl FnOnce(&Container) -> T) -> Result<T, Status> {
        let state = self.state();
        let container = state.container.as_ref();
        container
            .map(action)
            .ok_or_else(|| Status::failed_precondition("this machine has no container yet"))
    }

    /// What `action` makes of the container for a step, before which nothing works on the container's files.
    pub(crate) fn with_steps<T>(
        &self,
        action: impl FnOnce(&mut Container) -> Result<T, StepError>,
    ) -> Result<T, Status> {
        let mut state = self.state();
        if state.parked {
            return Err(Status::failed_precondition("this machine is parked"));
        }
        state.has_run = true;
        let container = state.container.as_mut();
        let container = container.ok_or_else(|| Status::failed_precondition("this machine has no container yet"))?;
        action(container).map_err(|error| match error {
            StepError::Mount(_) | StepError::Fork(_) => Status::aborted(error.to_string()),
            _ => Status::failed_precondition(error.to_string()),
        })
    }

    /// The socket at a path of the container.
    pub(crate) fn find_socket(&self, path: &str) -> Result<OwnedFd, FindSocketError> {
        match &self.state().container {
            None => Err(FindSocketError::NotRunning),
            Some(container) => container.find_socket(path),
        }
    }

    /// Has the kernel tell its watchers what happened to shared files on the host.
    pub(crate) async fn announce(self: &Arc<Self>, changes: Vec<ShareChange>, group: u32) -> Result<(), Status> {
        let machine = Arc::clone(self);
        // A call that the host gives up goes on to its end: the host knows one process of this kind at a time.
        let announcing = tokio::spawn(async move {
            let _turn = machine.announcing.lock().await;
            let started = match &machine.state().container {
                None => return Err(Status::failed_precondition("this machine has no container yet")),
                Some(container) => container.announce(&changes, group),
            };
            let failed = |error: std::io::Error| Status::internal(error.to_string());
            match exit::wait(&started.map_err(failed)?).await.map_err(failed)?.exit_code {
                0 => Ok(()),
                _ => Err(Status::failed_precondition("the file server cannot tell who asks")),
            }
        });
        let lost = |error: tokio::task::JoinError| Status::internal(error.to_string());
        announcing.await.map_err(lost)?
    }

    /// Whether a first process waits for its description.
    pub(crate) fn has_waiting_init(&self) -> bool {
        let state = self.state();
        state.container.as_ref().is_some_and(Container::has_waiting_init)
    }

    /// Starts a process of the container. One that waits gets its description in the form that [`requests::read_spec`] takes.
    pub(crate) fn start(
        &self,
        role: Role,
        spec: &ProcessSpec,
        encoded_spec: Option<Vec<u8>>,
        streams: Streams,
    ) -> Result<Result<StartedProcess, StartFailure>, Status> {
        let mut state = self.state();
        let State {
            container,
            has_run,
            parked,
            ..
        } = &mut *state;
        match container {
            None => Err(Status::failed_precondition("this machine has no container yet")),
            Some(_) if *parked => Err(Status::failed_precondition("this machine is parked")),
            Some(container) => {
                *has_run = true;
                if role == Role::Exec && !container.has_init() {
                    return Err(Status::failed_precondition("the container is not running"));
                }
                if role == Role::Init && container.has_init() {
                    return Err(Status::failed_precondition("the container is running already"));
                }
                Ok(container.start(role, spec, encoded_spec, streams))
            }
        }
    }

    /// Forks a process that works on the files of the running container.
    pub(crate) fn start_on_files(&self, job: &FilesJob) -> Result<FilesProcess, Status> {
        let state = self.state();
        let container = state
            .container
            .as_ref()
            .filter(|container| container.has_init())
            .ok_or_else(|| Status::failed_precondition("the container is not running"))?;
        container
            .start_on_files(job)
            .map_err(|failure| Status::internal(failure.message))
    }

    /// Notes that a process has been waited for.
    pub(crate) fn ended(&self, role: Role) {
        if let (Role::Init, Some(container)) = (role, &mut self.state().container) {
            container.init_ended();
        }
    }

    /// Whether the kernel has killed processes of the container for lack of memory since the last call.
    pub(crate) fn take_oom_kill(&self) -> bool {
        let mut state = self.state();
        let count = state.oom_kill_count();
        count > std::mem::replace(&mut state.seen_oom_kills, count)
    }

    /// Reads what the kernel has said of killed processes. It finds out more of one that has not been waited for.
    pub(crate) fn collect_oom_kills(&self) {
        self.oom_kills.collect(|| self.state().oom_kill_count());
    }

    /// Sends a signal to every process of the container.
    pub(crate) fn signal_all(&self, signal: u32) -> Result<(), Status> {
        let state = self.state();
        let Some(container) = &state.container else {
            return Err(Status::failed_precondition("this machine has no container yet"));
        };
        let result = if signal == requests::SIGKILL {
            container.cgroup().kill()
        } else {
            container.cgroup().signal(signal)
        };
        result.map_err(|error| Status::invalid_argument(error.to_string()))
    }

    /// Kills all processes of the container, and flushes and unmounts its file systems.
    pub(crate) async fn shut_down(&self) -> Result<(), Status> {
        // Processes that wait for a frozen disk cannot be killed.
        self.disk_turn.end().await;
        if let Some(container) = &self.state().container
            && let Err(error) = container.cgroup().kill()
        {
            eprintln!("vminitd: {error}");
        }
        if tokio::time::timeout(KILL_WAIT, self.processes.all_gone())
            .await
            .is_err()
        {
            eprintln!("vminitd: some processes cannot be killed");
        }
        match self.state().container.take() {
            Some(mut container) => container.unmount().map_err(|error| Status::internal(error.to_string())),
            None => Ok(()),
        }
    }

    /// Kills the container's processes after the host has gone, so that nothing writes while the disks are flushed.
    pub(crate) fn abandon(&self) {
        if let Some(container) = &self.state().container {
            let _ = container.cgroup().kill();
        }
    }
}

async fn find_disks(serials: &[&str]) -> Result<std::collections::HashMap<String, std::path::PathBuf>, Status> {
    let start = Instant::now();
    loop {
        let disks = disk::by_serial();
        match serials.iter().find(|serial| !disks.contains_key(**serial)) {
            None => return Ok(disks),
            Some(missing) if start.elapsed() > DISK_WAIT => {
                return Err(Status::not_found(format!(
                    "the machine has no disk with the serial \"{missing}\""
                )));
            }
            Some(_) => tokio::time::sleep(DISK_POLL).await,
        }
    }
}

/// The whole microseconds of a duration.
pub(crate) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
