//! The state of the machine: at most one container, and the processes that were started in it.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use container_agent_api::v1::{CreateContainerRequest, CreateContainerResponse, SetNamesRequest};
use container_workload::{Container, Layout, ProcessSpec, Role, StartFailure, StartedProcess, Streams, disk};
use tokio::sync::Notify;
use tonic::Status;

use crate::boot::{self, CGROUP_HIERARCHY};
use crate::processes::Processes;
use crate::{limits, loopback, requests, sysctl};

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
    power_off: Arc<Notify>,
    container: Mutex<State>,
    pub(crate) processes: Processes,
}

#[derive(Default)]
struct State {
    prepared: bool,
    creating: bool,
    container: Option<Container>,
    /// Out-of-memory kills that have been reported.
    seen_oom_kills: u64,
}

impl Machine {
    pub(crate) fn new(ready_uptime_us: u64) -> Self {
        Self {
            ready_uptime_us,
            power_off: Arc::default(),
            container: Mutex::default(),
            processes: Processes::default(),
        }
    }

    pub(crate) fn ready_uptime_us(&self) -> u64 {
        self.ready_uptime_us
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
        let (container, timings) = Container::create(spec, Layout::new(CONTAINER_BASE), Path::new(CGROUP_HIERARCHY))
            .map_err(|error| Status::internal(error.to_string()))?;
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
        match &self.state().container {
            None => Err(Status::failed_precondition("this machine has no container yet")),
            Some(container) => container
                .set_names(&names)
                .map_err(|error| Status::internal(error.to_string())),
        }
    }

    /// Forks a process of the container.
    pub(crate) fn start(
        &self,
        role: Role,
        spec: &ProcessSpec,
        streams: Streams,
    ) -> Result<Result<StartedProcess, StartFailure>, Status> {
        match &mut self.state().container {
            None => Err(Status::failed_precondition("this machine has no container yet")),
            Some(container) => {
                if role == Role::Exec && !container.has_init() {
                    return Err(Status::failed_precondition("the container is not running"));
                }
                if role == Role::Init && container.has_init() {
                    return Err(Status::failed_precondition("the container is running already"));
                }
                Ok(container.start(role, spec, streams))
            }
        }
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
        let count = state
            .container
            .as_ref()
            .map_or(0, |container| container.cgroup().oom_kill_count());
        count > std::mem::replace(&mut state.seen_oom_kills, count)
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
            Some(container) => container.unmount().map_err(|error| Status::internal(error.to_string())),
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

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
