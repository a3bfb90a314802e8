//! A step of a build as the guest's agent is asked to run it.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::PathBuf;

use container_agent_api::v1;
use container_model::ContainerConfig;

use super::capabilities::{ALL_CAPABILITIES, CapabilityError, effective_capabilities};
use super::mounts::{TMPFS, depth};
use super::process::{ProcessPlanError, check_process_id, client_rlimit};
use super::shares::cache_name;
use crate::control::v1 as control;
use crate::control::v1::step_mount::Source;

/// What a `tmpfs` of a step may not hold, as for any mount in memory that a program gets.
const TMPFS_OPTIONS: [&str; 3] = ["nosuid", "nodev", "noexec"];

/// A step that cannot be asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StepPlanError {
    #[error(transparent)]
    Process(#[from] ProcessPlanError),
    #[error(transparent)]
    Capability(#[from] CapabilityError),
    #[error("the machine has no cache {0}")]
    Cache(u32),
    #[error("nothing was said of what is to be mounted at {0}")]
    Mount(String),
}

/// What the agent is asked for, and what the host does beside it.
#[derive(Debug)]
pub(crate) struct StepPlan {
    /// Without names, which depend on the networks.
    pub(crate) root: v1::BeginStepRequest,
    pub(crate) process: v1::StartProcess,
    /// The agent's listeners, and the host's sockets that they lead to.
    pub(crate) sockets: Vec<(u32, Option<PathBuf>)>,
}

/// The plan of a step on the machine of this record.
pub(crate) fn plan_step(config: &ContainerConfig, open: control::StepOpen) -> Result<StepPlan, StepPlanError> {
    check_process_id(&open.process_id)?;
    if open.arguments.first().is_none_or(String::is_empty) {
        return Err(ProcessPlanError::NoProgram.into());
    }
    let security = &config.security;
    let (masked_paths, readonly_paths) = match open.privileged {
        true => (Vec::new(), Vec::new()),
        false => (security.masked_paths.clone(), security.readonly_paths.clone()),
    };
    let mut sockets = Vec::new();
    let mounts = open
        .mounts
        .into_iter()
        .map(|wanted| mount(config, wanted, &mut sockets));
    let mut mounts: Vec<v1::Mount> = mounts.collect::<Result<_, _>>()?;
    // What is mounted below another mount comes after it.
    mounts.sort_by_key(|mount| depth(&mount.target));
    let root = v1::BeginStepRequest {
        hostname: config.hostname().to_owned(),
        names: None,
        mounts,
        shm_size_bytes: config.resources.shm_size_bytes.unwrap_or_default(),
        masked_paths,
        readonly_paths,
    };
    let everything = [ALL_CAPABILITIES.to_owned()];
    let added: &[String] = if open.privileged { &everything } else { &[] };
    let window_size = open.window_size.filter(|_| open.terminal);
    let spec = v1::ProcessSpec {
        arguments: open.arguments,
        environment: open.environment,
        working_directory: open.working_directory,
        user: open.user,
        additional_gids: Vec::new(),
        terminal: open.terminal,
        window_size: window_size.map(|size| v1::WindowSize {
            rows: size.rows,
            columns: size.columns,
        }),
        rlimits: open.rlimits.into_iter().map(client_rlimit).collect(),
        capabilities: effective_capabilities(added, &[])?,
        no_new_privileges: false,
        seccomp: !open.privileged,
        seccomp_filter: Vec::new(),
        init: false,
        additional_groups: Vec::new(),
        oom_score_adj: None,
        own_network: open.without_network,
    };
    Ok(StepPlan {
        root,
        process: v1::StartProcess {
            process_id: open.process_id,
            role: v1::ProcessRole::Init.into(),
            spec: Some(spec),
            stdin: open.stdin,
            detached: false,
            tell_oom_kills: true,
        },
        sockets,
    })
}

fn mount(
    config: &ContainerConfig,
    wanted: control::StepMount,
    sockets: &mut Vec<(u32, Option<PathBuf>)>,
) -> Result<v1::Mount, StepPlanError> {
    let control::StepMount { target, source } = wanted;
    let Some(source) = source else {
        return Err(StepPlanError::Mount(target));
    };
    let mut mount = v1::Mount {
        target,
        ..v1::Mount::default()
    };
    match source {
        Source::Tree(tree) => {
            mount.tree = Some(v1::TreeMount {
                part: tree.part.map(part),
                read_only: tree.read_only,
            });
        }
        Source::Cache(cache) => {
            let count = config.build.as_ref().map_or(0, |build| build.caches.len());
            let index = usize::try_from(cache.cache).ok().filter(|index| *index < count);
            mount.cache = Some(v1::CacheMount {
                name: cache_name(index.ok_or(StepPlanError::Cache(cache.cache))?),
                path: cache.path,
                read_only: cache.read_only,
                access: cache.access.map(access),
                initial: cache.initial.map(part),
            });
        }
        Source::Tmpfs(control::StepTmpfsMount { size_bytes }) => {
            TMPFS.clone_into(&mut mount.kind);
            TMPFS.clone_into(&mut mount.source);
            mount.options = TMPFS_OPTIONS.map(str::to_owned).to_vec();
            if size_bytes != 0 {
                mount.options.push(format!("size={size_bytes}"));
            }
        }
        Source::Secret(secret) => {
            mount.secret = Some(v1::SecretMount {
                content: secret.content,
                access: secret.access.map(access),
            });
        }
        Source::Socket(socket) => {
            let listener = u32::try_from(sockets.len()).unwrap_or(u32::MAX);
            sockets.push((listener, Some(PathBuf::from(OsString::from_vec(socket.source)))));
            let owner = socket.access.unwrap_or_default();
            mount.socket = Some(v1::SocketMount {
                listener,
                owner: format!("{}:{}", owner.uid, owner.gid),
                mode: owner.mode,
            });
        }
    }
    Ok(mount)
}

fn part(part: control::StepTreePart) -> v1::TreePart {
    v1::TreePart {
        tree: part.tree,
        path: part.path,
    }
}

fn access(access: control::StepFileAccess) -> v1::FileAccess {
    v1::FileAccess {
        uid: access.uid,
        gid: access.gid,
        mode: access.mode,
    }
}
