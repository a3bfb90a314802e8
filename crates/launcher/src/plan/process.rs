//! Processes as the guest's agent is asked to run them.

use container_agent_api::v1::{ProcessRole, ProcessSpec, Rlimit, StartProcess, WindowSize};
use container_hypervisor::GuestArchitecture;
use container_model::{ContainerConfig, merge_environment};
use container_seccomp_profile::ProfileError;

use super::capabilities::{ALL_CAPABILITIES, CapabilityError, effective_capabilities};
use super::seccomp::seccomp_filter;
use crate::control::v1::{ExecOpen, StepRlimit};

/// The agent's name for the first process.
pub(crate) const INIT_PROCESS_ID: &str = "init";

/// Longest process id that a client may choose, bytes.
const PROCESS_ID_MAX_BYTES: usize = 64;

/// A process that cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProcessPlanError {
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    #[error(transparent)]
    SeccompProfile(#[from] ProfileError),
    #[error("no program to execute was given")]
    NoProgram,
    #[error("invalid process id {0:?}")]
    ProcessId(String),
}

/// The container's first process.
pub(crate) fn init_process(
    config: &ContainerConfig,
    architecture: GuestArchitecture,
    window_size: Option<WindowSize>,
) -> Result<StartProcess, ProcessPlanError> {
    let init = &config.process;
    let mut arguments = Vec::with_capacity(1 + init.arguments.len());
    arguments.push(init.executable.clone());
    arguments.extend(init.arguments.iter().cloned());
    let spec = ProcessSpec {
        arguments,
        environment: init.environment.clone(),
        terminal: init.terminal,
        window_size: window_size.filter(|_| init.terminal),
        init: init.use_init,
        ..inherited(config, architecture)?
    };
    Ok(StartProcess {
        process_id: INIT_PROCESS_ID.to_owned(),
        role: ProcessRole::Init.into(),
        spec: Some(spec),
        stdin: config.options.stdin,
        detached: false,
        tell_oom_kills: true,
    })
}

/// One more process: what `open` leaves empty is the container's own.
pub(crate) fn exec_process(
    config: &ContainerConfig,
    architecture: GuestArchitecture,
    open: ExecOpen,
) -> Result<StartProcess, ProcessPlanError> {
    if open.arguments.first().is_none_or(String::is_empty) {
        return Err(ProcessPlanError::NoProgram);
    }
    check_process_id(&open.process_id)?;
    let window_size = open.window_size.map(|size| WindowSize {
        rows: size.rows,
        columns: size.columns,
    });
    let mut spec = ProcessSpec {
        arguments: open.arguments,
        environment: merge_environment(
            config
                .process
                .environment
                .iter()
                .chain(&open.environment)
                .map(String::as_str),
        ),
        terminal: open.terminal,
        window_size: window_size.filter(|_| open.terminal),
        ..inherited(config, architecture)?
    };
    for limit in open.rlimits {
        spec.rlimits.retain(|known| known.name != limit.name);
        spec.rlimits.push(client_rlimit(limit));
    }
    if !open.working_directory.is_empty() {
        spec.working_directory = open.working_directory;
    }
    if !open.user.is_empty() {
        spec.user = open.user;
        // The groups belong to the container's user.
        spec.additional_gids = Vec::new();
    }
    Ok(StartProcess {
        process_id: open.process_id,
        role: ProcessRole::Exec.into(),
        spec: Some(spec),
        stdin: open.stdin && !open.detached,
        detached: open.detached,
        // The container's are told with its first process.
        tell_oom_kills: false,
    })
}

/// Whether a client may choose this process id.
pub(super) fn check_process_id(id: &str) -> Result<(), ProcessPlanError> {
    let fits = id.len() <= PROCESS_ID_MAX_BYTES
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    match fits && !id.is_empty() && id != INIT_PROCESS_ID {
        true => Ok(()),
        false => Err(ProcessPlanError::ProcessId(id.to_owned())),
    }
}

/// A limit that a client asks for.
pub(super) fn client_rlimit(limit: StepRlimit) -> Rlimit {
    Rlimit {
        name: limit.name,
        soft: limit.soft,
        hard: limit.hard,
    }
}

/// What all processes of a container have in common unless they are told otherwise.
fn inherited(config: &ContainerConfig, architecture: GuestArchitecture) -> Result<ProcessSpec, ProcessPlanError> {
    let init = &config.process;
    let rlimit = |limit: &container_model::Rlimit| Rlimit {
        name: limit.resource.clone(),
        soft: limit.soft,
        hard: limit.hard,
    };
    let security = &config.security;
    let capabilities = match security.privileged {
        true => effective_capabilities(&[ALL_CAPABILITIES.to_owned()], &[]),
        false => effective_capabilities(&security.added_capabilities, &security.dropped_capabilities),
    }?;
    // A profile that was asked for counts for a container that nothing else limits, too, as in Docker.
    let seccomp_filter = match &security.seccomp_profile {
        Some(document) => seccomp_filter(document, architecture, &capabilities)?,
        None => Vec::new(),
    };
    let has_default_profile = !security.privileged && !security.seccomp_unconfined;
    Ok(ProcessSpec {
        working_directory: init.working_directory.clone(),
        user: init.user.to_agent_text(),
        additional_gids: init.supplemental_groups.clone(),
        rlimits: init.rlimits.iter().map(rlimit).collect(),
        additional_groups: init.additional_groups.clone(),
        oom_score_adj: init.oom_score_adj,
        own_network: false,
        capabilities,
        no_new_privileges: security.no_new_privileges,
        seccomp: has_default_profile || !seccomp_filter.is_empty(),
        seccomp_filter,
        ..ProcessSpec::default()
    })
}
